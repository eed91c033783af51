//! What a rotation of class `overlap` asks of a provider: through the provider's definition or, for AWS IAM, in code.
//! When a key is made or revoked is decided in `class`.

pub(crate) mod any;
pub(crate) mod described;
pub(crate) mod iam;

use std::fmt;

use rotation::{Cause, Prospect};

use crate::fault::is_key_refused;
use crate::health::Health;
use crate::key::Key;

/// A key as a provider lists it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// What the provider calls it.
    pub(crate) id: String,
    /// The name it was given.
    pub(crate) name: Option<String>,
    /// It may be one that a crash lost: it is younger than the current version, and was certainly never used if that is known.
    pub(crate) unused: bool,
}

impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An id may be the credential itself.
        f.debug_struct("Listed")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Listed {
    /// As a key.
    pub(crate) fn key(&self) -> Key {
        Key {
            value: None,
            id: Some(self.id.clone()),
            name: self.name.clone(),
            ..Key::default()
        }
    }
}

/// Whether a check shows that its key is dead. One that nothing came of for now is to be made again.
pub(crate) fn certain<T>(check: Result<T, Cause>) -> Result<bool, Cause> {
    match check {
        Err(cause) if is_key_refused(&cause) => Ok(true),
        Err(cause) if cause.prospect() == Prospect::Transient => Err(cause),
        Ok(_) | Err(_) => Ok(false),
    }
}

/// What a rotation with an overlap needs of a provider.
pub(crate) trait Provider {
    /// Whether AWSCURRENT's key works, and that it belongs to the account that the secret names.
    async fn prove(&self) -> Result<Health, Cause>;
    /// Checks a new key, which the provider may need a while to honour.
    async fn check_settled(&self, key: &Key) -> Result<(), Cause>;
    /// The keys that there are; none if the provider cannot tell.
    async fn list(&self) -> Result<Option<Vec<Listed>>, Cause>;
    /// Makes a key that is called `name`.
    async fn create(&self, name: &str) -> Result<Key, Cause>;
    /// Revokes a key. That it is gone already is success.
    async fn revoke(&self, key: &Key) -> Result<(), Cause>;
    /// Whether a key is certainly refused, now. An answer that says neither yes nor no shows nothing.
    async fn is_dead(&self, key: &Key) -> Result<bool, Cause>;
    /// Whether each key has a name in the list.
    fn lists_names(&self) -> bool;
    /// Refuses a new key that could never be sent.
    async fn can_be_used(&self, key: &Key) -> Result<(), Cause>;
    /// Whether a key that was lost after it was made comes back when it is asked for again.
    fn makes_the_same_again(&self) -> bool;
}
