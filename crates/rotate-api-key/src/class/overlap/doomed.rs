//! What is to be revoked, and where in a rotation.

use rotation::password::Password;

use super::survey::{History, Survey};
use crate::key::Key;
use crate::provider::Listed;

/// What a log calls a key that a rotation displaced.
pub(super) const DISPLACED: &str = "displaced";

/// Where in a rotation something is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// In createSecret or setSecret, while AWSPENDING is the token's.
    Before,
    /// In finishSecret, once AWSCURRENT is.
    After,
}

/// A list, and what is to become of its keys.
pub(super) struct Found {
    pub(super) listed: Vec<Listed>,
    pub(super) history: History,
    pub(super) survey: Survey,
}

/// A key that is to be revoked.
#[derive(Debug, Clone)]
pub(super) struct Doomed {
    /// As the provider is told to revoke it.
    pub(super) key: Key,
    /// Its value, if it is known: refused, it shows that the key is dead.
    pub(super) value: Option<Password>,
    /// The provider lists it; otherwise only its value can show anything.
    pub(super) is_listed: bool,
    /// An earlier rotation has revoked it already, or nobody can have it: if it is not dead now, no further key is made.
    pub(super) is_overdue: bool,
}

impl Doomed {
    /// A key that nobody can have: made for this very version, and lost.
    pub(super) fn lost(listed: &Listed) -> Self {
        Self {
            key: to_revoke(listed),
            value: None,
            is_listed: true,
            is_overdue: true,
        }
    }
}

/// As the provider is told to revoke it.
pub(super) fn to_revoke(listed: &Listed) -> Key {
    let mut key = listed.key();
    // Where a key is revoked by its value, the list's id is that.
    key.value = Some(listed.id.clone().into());
    key
}
