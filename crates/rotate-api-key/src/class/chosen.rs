//! Class `chosen`: the rotation chooses the value, stores it, and uploads it: to do it twice is to do it once.

use rotation::Cause;
use rotation::secrets::KeyDocument;

use crate::health::check::Health;
use crate::description::Call;
use crate::client::{Job, With};
use crate::key::Key;

/// Values drawn at most, until one fits. One in ten does not if it may have every character.
const MOST_DRAWS: usize = 40;
/// Versions without a label that are tried as the current key, newest first.
const MOST_TRIES: usize = 5;

impl Job<'_> {
    /// Chooses a value: createSecret of this class. Nothing is asked of the provider.
    ///
    /// # Errors
    /// The policy's, or the document's.
    pub async fn choose(&self, current: &KeyDocument) -> Result<KeyDocument, Cause> {
        let mut draws = 0;
        loop {
            let value = self
                .settings
                .policy
                .generate_from_os()
                .map_err(crate::ProviderFault::from)?;
            let key = Key {
                value: Some(value),
                ..Key::default()
            };
            self.check_can_be_sent(&key).await?;
            // A bare string that begins with a bracket or a quote would be taken for JSON: another one is drawn.
            draws += 1;
            match self.document_with(current, &key) {
                Err(_) if draws < MOST_DRAWS => {}
                outcome => return outcome,
            }
        }
    }

    /// Uploads the value: setSecret of this class.
    ///
    /// # Errors
    /// Why the provider does not take it.
    pub async fn upload(&self, pending: &KeyDocument) -> Result<(), Cause> {
        let key = self.key_of(pending)?;
        if self.description.admin.is_some() {
            if !self.open.is_empty() && self.health(&self.current, "current").await? == Health::Dead {
                if self.health(&key, "pending").await? == Health::Healthy {
                    tracing::info!("the value was uploaded already");
                    return Ok(());
                }
                self.prove_by_an_older_key().await?;
            }
            // It does not rest on the current value: whoever repaired it by hand must not find the repair undone.
            self.context.still_stands().await?;
            return self.set(&key, None).await;
        }
        self.context.still_stands().await?;
        let refused = match self.set(&key, None).await {
            Err(cause) if cause.code() == "ProviderCredentialRefused" => cause,
            outcome => return outcome,
        };
        if self.health(&key, "pending").await? == Health::Healthy {
            tracing::info!("the value was uploaded already");
            return Ok(());
        }
        self.upload_with_another(&key, refused).await
    }

    /// Neither the current nor the pending value is accepted: a rotation was cancelled after it had uploaded a value, which
    /// an older version still has.
    async fn upload_with_another(&self, key: &Key, refused: Cause) -> Result<(), Cause> {
        let mut texts = Vec::from_iter(self.context.previous().await?);
        for version in self.context.deprecated().await?.iter().take(MOST_TRIES) {
            texts.extend(self.context.version(version).await?);
        }
        for text in texts {
            let Some(old) = KeyDocument::parse(&text)
                .ok()
                .and_then(|old| self.key_of(&old).ok())
            else {
                continue;
            };
            if old.value == self.current.value || !self.works(&old, "older").await? {
                continue;
            }
            self.context.still_stands().await?;
            tracing::warn!("the current key is refused; the value is uploaded with an older version's");
            return self.set(key, Some(&old)).await;
        }
        Err(refused)
    }

    async fn set(&self, key: &Key, current: Option<&Key>) -> Result<(), Cause> {
        let set = self
            .description
            .set
            .as_ref()
            .expect("class chosen has set: it was loaded");
        // The same value once more: a lost answer is asked for again.
        let call = Call {
            repeatable: Some(true),
            ..set.call()
        };
        self.call(
            "set",
            call,
            With {
                key: Some(key),
                current,
                ..With::default()
            },
        )
        .await?;
        Ok(())
    }
}
