//! Class `chosen`: the rotation chooses the value, stores it, and uploads it. To upload it twice is to upload it once.

use rotation::secrets::KeyDocument;
use rotation::{Cause, Kind};

use super::Steps;
use super::ended::look_at_the_previous;
use crate::client::{Client, With};
use crate::description::Set;
use crate::fault::{ProviderFault, is_credential_refused, is_key_refused, is_refused};
use crate::health::Health;
use crate::key::Key;

/// Values drawn at most, until one fits. One in ten does not if it may have every character.
const MOST_DRAWS: usize = 40;
/// Versions without a label that are tried as the current key, newest first.
const MOST_TRIES: usize = 5;

/// The class at work.
pub(crate) struct Chosen<'a> {
    pub(crate) client: &'a Client<'a>,
}

impl Steps for Chosen<'_> {
    /// Chooses a value. Nothing is asked of the provider.
    ///
    /// # Errors
    /// The policy's, or the document's.
    async fn propose(&self, current: &KeyDocument) -> Result<KeyDocument, Cause> {
        let mut draws = 0;
        loop {
            let value = self
                .client
                .settings
                .policy
                .generate_from_os()
                .map_err(ProviderFault::from)?;
            let key = Key {
                value: Some(value),
                ..Key::default()
            };
            self.client.check_can_be_sent(&key).await?;
            // A bare string that begins with a bracket or a quote would be taken for JSON: another one is drawn.
            draws += 1;
            match self.client.document_with(current, &key) {
                Err(_) if draws < MOST_DRAWS => {}
                outcome => return outcome,
            }
        }
    }

    /// Uploads the value.
    ///
    /// # Errors
    /// Why the provider does not take it.
    async fn apply(&self, pending: &KeyDocument) -> Result<(), Cause> {
        let key = self.client.key_of(pending)?;
        if self.client.description.admin.is_some() {
            if !self.client.open.is_empty()
                && self.client.health(&self.client.current, "current").await? == Health::Dead
            {
                if self.client.health(&key, "pending").await? == Health::Healthy {
                    tracing::info!("the value was uploaded already");
                    return Ok(());
                }
                self.client.prove_by_an_older_key().await?;
            }
            // The upload does not depend on the current value. So check that nobody repaired the secret by hand in the meantime.
            self.client.context.confirm_under_way().await?;
            self.set(&key, None).await?;
            return self.try_out(&key).await;
        }
        self.client.context.confirm_under_way().await?;
        let refused = match self.set(&key, None).await {
            Err(cause) if is_credential_refused(&cause) => cause,
            // Some call a dead key a bad request (400), or not found. But the value may be what is refused.
            Err(cause) if is_refused(&cause) => {
                if self.client.health(&self.client.current, "current").await? == Health::Healthy {
                    return Err(cause);
                }
                cause
            }
            outcome => return outcome,
        };
        if self.client.health(&key, "pending").await? == Health::Healthy {
            tracing::info!("the value was uploaded already");
            return Ok(());
        }
        self.upload_with_another(&key, refused).await
    }

    async fn verify(&self, pending: &KeyDocument) -> Result<(), Cause> {
        let key = self.client.key_of(pending)?;
        self.client.check_settled(&key).await?;
        // A test rotation has the current value in the place of a new one.
        if key.value != self.client.current.value {
            return Ok(());
        }
        let chosen = self.client.key_of(&self.propose(pending).await?)?;
        let about = With {
            key: Some(&chosen),
            ..With::default()
        };
        let set = self.client.description.set.as_ref().map(Set::call);
        self.client.rehearse("", &[("set", set, about)]).await
    }

    /// Looks whether the old value is refused, as it should be.
    ///
    /// # Errors
    /// Secrets Manager's.
    async fn finished(&self) -> Result<(), Cause> {
        look_at_the_previous(self.client).await
    }
}

impl Chosen<'_> {
    /// Uses what the admin has just uploaded. If the provider refuses it, and the current value as well, the current value is
    /// uploaded again.
    ///
    /// # Errors
    /// Why the value does not work, and whether the current one does.
    async fn try_out(&self, key: &Key) -> Result<(), Cause> {
        let current = &self.client.current;
        let refusal = match self.client.check_settled(key).await {
            Ok(()) => return self.look_again(key).await,
            Err(cause) if is_key_refused(&cause) => cause,
            Err(cause) => return Err(cause),
        };
        if self.client.works(current, "current").await? {
            return Err(refusal);
        }
        self.client.context.confirm_under_way().await?;
        let problem = refusal.problem().to_string();
        let back = match self.set(current, None).await {
            Ok(()) => self.client.check_settled(current).await,
            failed => failed,
        };
        if let Err(cause) = back {
            let why = cause.problem().to_string();
            return Err(ProviderFault::KeyNotGivenBack { problem, why }.into());
        }
        self.look_again(current).await?;
        Err(ProviderFault::KeyGivenBack { problem }.into())
    }

    /// The provider has no lock: somebody may have repaired the secret by hand, or another invocation may have moved AWSCURRENT,
    /// while `uploaded` was on its way. Then AWSCURRENT's value is uploaded.
    ///
    /// # Errors
    /// The rotation is over, although its upload went through; or Secrets Manager's, which says nothing of the labels.
    async fn look_again(&self, uploaded: &Key) -> Result<(), Cause> {
        let context = self.client.context;
        let over = match context.confirm_under_way().await {
            Err(cause) if cause.kind() == Kind::Rotation => cause,
            outcome => return outcome,
        };
        if let Some(text) = context.current_now().await?
            && let Some(now) = self.client.key_in(&text)
            && now.value != uploaded.value
        {
            tracing::warn!("AWSCURRENT changed during the upload; its value is uploaded again");
            self.set(&now, None).await?;
        }
        Err(over)
    }

    /// Neither the current nor the pending value is accepted: a rotation was cancelled after it had uploaded a value, which
    /// an older version still has.
    async fn upload_with_another(&self, key: &Key, refused: Cause) -> Result<(), Cause> {
        let mut texts = Vec::from_iter(self.client.context.previous().await?);
        for version in self.client.context.deprecated().await?.iter().take(MOST_TRIES) {
            texts.extend(self.client.context.version(version).await?);
        }
        for text in texts {
            let Some(old) = self.client.key_in(&text) else {
                continue;
            };
            if old.value == self.client.current.value || !self.client.works(&old, "older").await? {
                continue;
            }
            self.client.context.confirm_under_way().await?;
            tracing::warn!("the current key is refused; the value is uploaded with an older version's");
            return self.set(key, Some(&old)).await;
        }
        Err(refused)
    }

    async fn set(&self, key: &Key, current: Option<&Key>) -> Result<(), Cause> {
        let set = self
            .client
            .description
            .set
            .as_ref()
            .expect("class chosen has set: it was loaded");
        // The same value once more: a lost answer is asked for again.
        let with = With {
            key: Some(key),
            current,
            ..With::default()
        };
        self.client.call("set", set.call().repeatable(), with).await?;
        Ok(())
    }
}
