//! Class `in-place`: one call replaces the key, and the old one dies at once.
//!
//! Between that call and finishSecret AWSCURRENT's key is dead: such providers allow nothing else. A lost answer must not
//! lose the only key: an admin's credential can always make another one, and the retry does. So that credential is shown to
//! work before the key is replaced.
//!
//! The secret does not say whose key the admin replaces: the definition's parameters are the function's own.

use rotation::Cause;
use rotation::secrets::KeyDocument;

use super::Steps;
use super::ended::look_at_the_previous;
use crate::client::{Client, With};
use crate::description::Issue;
use crate::fault::{is_credential_refused, is_refused};
use crate::health::{HOPELESS, Health, gone};
use crate::key::Key;

/// The class at work.
pub(crate) struct InPlace<'a> {
    pub(crate) client: &'a Client<'a>,
}

impl Steps for InPlace<'_> {
    /// Replaces the key.
    ///
    /// # Errors
    /// Why it could not be replaced. If the answer was lost, the old key may be dead; the repetition makes another.
    async fn propose(&self, current: &KeyDocument) -> Result<KeyDocument, Cause> {
        if let Some(stored) = self.client.stored().await? {
            return Ok(stored);
        }
        self.client.check_takes_a_key(current)?;
        let roll = self
            .client
            .description
            .roll
            .as_ref()
            .expect("class in-place has roll: it was loaded");
        if self.client.description.rolls_by_admin() {
            // A key that works must be the one that the admin is going to replace; a dead one shows nothing.
            self.client.health(&self.client.current, "current").await?;
        }
        if let Some(recover) = &self.client.description.recover {
            // If the answer is lost, all depends on this: it is shown to work while the current key still does.
            self.client
                .can_be_written("recover", recover.call(), With::default())
                .await?;
            self.client.try_admin().await?;
        }
        self.client.context.confirm_under_way().await?;
        let rolled = self.client.call("roll", roll.call(), With::default()).await;
        let key = match (rolled, &self.client.description.recover) {
            (Ok(reply), _) => reply.with_written(reply.key(&roll.value, roll.id.as_ref())?, &roll.write)?,
            // Some call a dead key a bad request (400), or not found.
            (Err(cause), Some(recover)) if is_credential_refused(&cause) || is_refused(&cause) => {
                // A live key that lacks the right to replace itself must not get a sibling that nobody revokes.
                if self.client.health(&self.client.current, "current").await? == Health::Healthy {
                    return Err(cause);
                }
                // It is dead: an answer was lost, or somebody revoked it.
                tracing::warn!(
                    "the current key is refused ({cause}); the admin's credential makes a new one"
                );
                self.client.context.confirm_under_way().await?;
                let reply = self
                    .client
                    .call("recover", recover.call(), With::default())
                    .await?;
                reply.with_written(reply.key(&recover.value, recover.id.as_ref())?, &recover.write)?
            }
            (Err(cause), _) => return Err(cause),
        };
        self.client.check_can_be_sent(&key).await?;
        self.client.document_with(current, &key)
    }

    async fn discard(&self, _: &KeyDocument, staged: Option<&KeyDocument>) -> Result<(), Cause> {
        self.client.check_survivor(staged).await
    }

    /// Uses the pending key. One that is refused for long will not come back, and the admin's credential makes another.
    ///
    /// # Errors
    /// `KeyRefused`, `KeyCheckUnclear`, or what the call itself came to.
    async fn verify(&self, pending: &KeyDocument) -> Result<(), Cause> {
        let key = &self.client.key_of(pending)?;
        let Err(refused) = self.client.check_settled(key).await else {
            return self.rehearse_if_it_is_current(key).await;
        };
        // Secrets Manager also runs this step alone, on the current value.
        let is_new = key.value != self.client.current.value;
        let is_hopeless = is_new && matches!(self.client.is_pending_older_than(HOPELESS).await, Ok(true));
        Err(if is_hopeless {
            gone(refused, false)
        } else {
            refused
        })
    }

    /// Looks whether the old key is dead, as it should be.
    ///
    /// # Errors
    /// Secrets Manager's.
    async fn finished(&self) -> Result<(), Cause> {
        look_at_the_previous(self.client).await
    }
}

impl InPlace<'_> {
    /// A test rotation has the current key in the place of a new one.
    async fn rehearse_if_it_is_current(&self, key: &Key) -> Result<(), Cause> {
        if key.value != self.client.current.value {
            return Ok(());
        }
        let it = &self.client.description;
        let calls = [
            ("roll", it.roll.as_ref().map(Issue::call), With::default()),
            ("recover", it.recover.as_ref().map(Issue::call), With::default()),
        ];
        self.client.rehearse("", &calls).await
    }
}
