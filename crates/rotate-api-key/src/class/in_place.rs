//! Class `in-place`: one call replaces the key, and the old one dies at once.
//!
//! Between that call and finishSecret AWSCURRENT's key is dead: that lies in the provider. What is avoided is that a lost
//! answer loses the only key: an admin's credential can always make another, and a repetition does.
//!
//! Whose key the admin replaces, no secret says: the description's parameters are the function's own.

use rotation::Cause;
use rotation::secrets::KeyDocument;

use crate::health::check::{HOPELESS, Health, gone};
use crate::fault::ProviderFault;
use crate::client::{Job, With};
use crate::key::Key;

impl Job<'_> {
    /// Replaces the key: createSecret of this class.
    ///
    /// # Errors
    /// Why it could not be replaced. If the answer was lost, the old key may be dead; the repetition makes another.
    ///
    /// # Panics
    /// Never: the description of this class was loaded with its calls.
    pub async fn replace(&self, current: &KeyDocument) -> Result<KeyDocument, Cause> {
        if let Some(stored) = self.stored().await? {
            return Ok(stored);
        }
        self.check_takes_a_key(current)?;
        let roll = self
            .description
            .roll
            .as_ref()
            .expect("class in-place has roll: it was loaded");
        if self.description.rolls_by_admin() {
            // A key that works must be the one that the admin is going to replace; a dead one shows nothing.
            self.health(&self.current, "current").await?;
        }
        self.context.still_stands().await?;
        let rolled = self.call("roll", roll.call(), With::default()).await;
        let key = match (rolled, &self.description.recover) {
            (Ok(reply), _) => reply.key(&roll.value, roll.id.as_ref())?,
            // Some call a dead key a bad request (400), or not found.
            (Err(cause), Some(recover))
                if ["ProviderCredentialRefused", "ProviderRefused"].contains(&cause.code()) =>
            {
                // A live key that lacks the right to replace itself must not get a sibling that nobody revokes.
                if self.health(&self.current, "current").await? == Health::Healthy {
                    return Err(cause);
                }
                // It is dead: an answer was lost, or somebody revoked it.
                tracing::warn!(
                    "the current key is refused ({cause}); the admin's credential makes a new one"
                );
                self.context.still_stands().await?;
                let reply = self.call("recover", recover.call(), With::default()).await?;
                reply.key(&recover.value, recover.id.as_ref())?
            }
            (Err(cause), _) => return Err(cause),
        };
        self.check_can_be_sent(&key).await?;
        self.document_with(current, &key)
    }

    /// Uses the pending key. One that is refused for long will not come back, and the admin's credential makes another.
    ///
    /// # Errors
    /// `KeyRefused`, `KeyCheckUnclear`, or what the call itself came to.
    pub async fn verify_replaced(&self, key: &Key) -> Result<(), Cause> {
        let Err(refused) = self.check_settled(key).await else {
            return Ok(());
        };
        // Secrets Manager also runs this step alone, on the current value.
        let is_new = key.value != self.current.value;
        let is_hopeless = is_new && matches!(self.is_pending_older_than(HOPELESS).await, Ok(true));
        Err(if is_hopeless {
            gone(refused, false)
        } else {
            refused
        })
    }

    /// Another value was stored first, and there is room for one only: whichever was made last is alive.
    ///
    /// # Errors
    /// `KeyLost`, which takes AWSPENDING off, if the stored one is dead.
    pub async fn check_survivor(&self, staged: Option<&KeyDocument>) -> Result<(), Cause> {
        let Some(staged) = staged else {
            return Ok(());
        };
        let key: Key = self.key_of(staged)?;
        match self.health(&key, "stored").await? {
            Health::Healthy => Ok(()),
            Health::Dead => Err(ProviderFault::KeyLost.into()),
        }
    }
}
