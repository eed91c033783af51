//! Before the admin's credential is used for what a secret says, the secret's own key shows that it is right.
//!
//! A person who may write a secret could name any account in it, and would then read the key that the admin makes. A key
//! that works shows that its owner had it (and [`description`](crate::description) holds that such a key's check covers the
//! parameters). What the function's own settings, or a closed list, decide needs no proof.

use rotation::Cause;
use rotation::secrets::KeyDocument;

use crate::client::Client;
use crate::fault::{ProviderFault, is_request_unfit};
use crate::health::Health;
use crate::key::Key;

/// Versions without a label that are tried, newest first.
const MOST_TRIES: usize = 5;

impl Client<'_> {
    /// Whether AWSCURRENT's key works; and that the admin's credential may be used for this secret.
    ///
    /// # Errors
    /// `KeyUnproven`, `KeyOfAnotherAccount`, or what the check came to.
    pub(crate) async fn prove(&self) -> Result<Health, Cause> {
        self.check_admin_is_named()?;
        let health = match self.health(&self.current, "current").await {
            // A placeholder, of which the check could not even be written.
            Err(unfit) if is_request_unfit(&unfit) => {
                tracing::warn!("the current key cannot be used: {unfit}");
                Health::Dead
            }
            health => health?,
        };
        if health == Health::Dead && self.description.admin.is_some() && !self.open.is_empty() {
            self.prove_by_an_older_key().await?;
        }
        Ok(health)
    }

    /// The current key was revoked, or never was one: an older one of the same account shows as much.
    ///
    /// # Errors
    /// `KeyUnproven`, or what the checks came to.
    pub(crate) async fn prove_by_an_older_key(&self) -> Result<(), Cause> {
        for old in self.older_keys().await? {
            if self.works(&old, "older").await? {
                return Ok(());
            }
        }
        Err(self.unproven())
    }

    /// Other keys that the secret has had, for the same provider and parameters.
    ///
    /// # Errors
    /// Secrets Manager's.
    pub(crate) async fn older_keys(&self) -> Result<Vec<Key>, Cause> {
        let mut keys = Vec::new();
        for past in self.context.history(MOST_TRIES).await? {
            let Ok(document) = KeyDocument::parse(&past.text) else {
                continue;
            };
            let Ok(old) = self.open_another(&document).await else {
                continue;
            };
            if self.is_of_the_account_of(&old) && old.current.value != self.current.value {
                keys.push(old.current);
            }
        }
        Ok(keys)
    }

    /// Nothing shows that the open parameters are right.
    pub(crate) fn unproven(&self) -> Cause {
        ProviderFault::KeyUnproven {
            provider: self.description.provider.clone(),
            open: self.open.clone(),
        }
        .into()
    }
}
