//! Class `staged`: a second value beside the first, which is promoted later. The promotion ends the old first value.
//!
//! By default it is promoted after AWSCURRENT has moved. Before that AWSCURRENT is the first value, after it the second, and
//! the provider accepts both. So AWSCURRENT works at every moment. If a crash prevents the promotion, the retry of
//! finishSecret makes it, or the next rotation before it stages anything.
//!
//! To promote the second value, or to remove it, ends one of the two. createSecret does so only where the secret's history
//! shows which of them AWSCURRENT is. A secret that never had another value does not show it.

mod slot;

use rotation::Cause;
use rotation::secrets::KeyDocument;

use super::Steps;
use super::ended::look_at_the_previous;
use crate::client::{Client, With};
use crate::description::{Promote, PromoteWhen, Revoke, Stage};
use crate::fault::{ProviderFault, is_credential_refused, is_key_refused, is_refused};
use crate::health::{HOPELESS, Health, gone};
use crate::key::Key;
use crate::notation::status::Statuses;
use slot::{PastValue, Slot};

/// Versions without a label that are looked at, newest first.
const MOST_PAST: usize = 10;

/// The class at work.
pub(crate) struct Staged<'a> {
    pub(crate) client: &'a Client<'a>,
}

impl Steps for Staged<'_> {
    /// Makes a second value.
    ///
    /// # Errors
    /// Why there is none. The first one stays as it was.
    async fn propose(&self, current: &KeyDocument) -> Result<KeyDocument, Cause> {
        if let Some(stored) = self.client.stored().await? {
            return Ok(stored);
        }
        self.client.check_takes_a_key(current)?;
        let health = self.client.prove().await?;
        let slot = self.slot(health).await?;
        if slot == Slot::Second {
            // The last promotion is outstanding.
            self.client.context.confirm_under_way().await?;
            self.promote(self.promotion(), &self.client.current).await?;
        }
        let stage = self
            .client
            .description
            .stage
            .as_ref()
            .expect("class staged has stage: it was loaded");
        let nothing = Statuses::none();
        let exists = stage.exists.as_ref().unwrap_or(&nothing);
        let with = With {
            also: Some(exists),
            ..With::default()
        };
        self.client.context.confirm_under_way().await?;
        let mut reply = self.client.call("stage", stage.call(), with).await?;
        if exists.has(reply.status) {
            // A crash lost it, or a concurrent invocation has just made it.
            if let Some(stored) = self.client.stored_by_now().await? {
                return Ok(stored);
            }
            if slot == Slot::Unclear {
                return Err(ProviderFault::SecondKeyUnclear {
                    provider: self.client.description.provider.clone(),
                }
                .into());
            }
            self.client.context.confirm_under_way().await?;
            self.unstage().await?;
            reply = self.client.call("stage", stage.call(), With::default()).await?;
        }
        self.staged_document(current, stage, &reply).await
    }

    async fn discard(&self, _: &KeyDocument, staged: Option<&KeyDocument>) -> Result<(), Cause> {
        self.client.check_survivor(staged).await
    }

    /// Promotes the pending key, if the description asks for it here.
    ///
    /// # Errors
    /// Why the key could not be promoted.
    async fn apply(&self, pending: &KeyDocument) -> Result<(), Cause> {
        let promote = self.promotion();
        if promote.when != PromoteWhen::Set {
            return Ok(());
        }
        let key = self.client.key_of(pending)?;
        let health = self.client.health(&self.client.current, "current").await?;
        self.client.context.confirm_under_way().await?;
        match self.promote(promote, &key).await {
            // What the promotion ends is ended: it was made already, unless the key was dead before. The new one tells.
            Err(cause) if health == Health::Dead && (is_refused(&cause) || is_credential_refused(&cause)) => {
                match self.client.health(&key, "pending").await? {
                    Health::Healthy => Ok(()),
                    Health::Dead => Err(cause),
                }
            }
            outcome => outcome,
        }
    }

    /// Uses the pending key. One that is refused for long, while the current one works, is given up: createSecret would never
    /// make another in its place.
    ///
    /// # Errors
    /// `KeyRefused`, `KeyCheckUnclear`, or what the call itself came to.
    async fn verify(&self, pending: &KeyDocument) -> Result<(), Cause> {
        let key = &self.client.key_of(pending)?;
        let Err(refused) = self.client.check_settled(key).await else {
            return self.rehearse_if_it_is_current(key).await;
        };
        let is_new = is_key_refused(&refused) && key.value != self.client.current.value;
        let is_hopeless = is_new
            && matches!(self.client.is_pending_older_than(HOPELESS).await, Ok(true))
            && matches!(
                self.client.health(&self.client.current, "current").await,
                Ok(Health::Healthy)
            );
        Err(if is_hopeless {
            gone(refused, false)
        } else {
            refused
        })
    }

    /// Promotes the key that has just become AWSCURRENT's. If the old key is dead, that was done already.
    ///
    /// # Errors
    /// Why the key could not be promoted.
    async fn finished(&self) -> Result<(), Cause> {
        let promote = self.promotion();
        if promote.when != PromoteWhen::Finish {
            return look_at_the_previous(self.client).await;
        }
        let Some(text) = self.client.context.previous().await? else {
            return Ok(());
        };
        let Some(previous) = self.client.key_in(&text) else {
            return Ok(());
        };
        if previous.value == self.client.current.value
            || self.client.health(&previous, "previous").await? == Health::Dead
        {
            return Ok(());
        }
        // A finishSecret that is delivered again has not used the key: the promotion would end the one that works.
        if self.client.health(&self.client.current, "current").await? == Health::Dead {
            tracing::warn!("the current key is refused: it is not promoted");
            return Ok(());
        }
        if !self.client.context.is_last().await? {
            // A rollback by hand, or a later rotation, which promotes it if that is right.
            return Ok(());
        }
        self.promote(promote, &self.client.current).await?;
        look_at_the_previous(self.client).await
    }
}

impl Staged<'_> {
    /// A test rotation has the current key in the place of a new one.
    async fn rehearse_if_it_is_current(&self, key: &Key) -> Result<(), Cause> {
        if key.value != self.client.current.value {
            return Ok(());
        }
        let it = &self.client.description;
        let about = With {
            key: Some(key),
            ..With::default()
        };
        let calls = [
            ("stage", it.stage.as_ref().map(Stage::call), With::default()),
            ("unstage", it.unstage.as_ref().map(Revoke::call), With::default()),
            ("promote", it.promote.as_ref().map(Promote::call), about),
        ];
        self.client.rehearse("", &calls).await
    }

    async fn staged_document(
        &self,
        current: &KeyDocument,
        stage: &Stage,
        reply: &crate::call::answer::Reply,
    ) -> Result<KeyDocument, Cause> {
        let key = reply.key(&stage.value, stage.id.as_ref())?;
        let key = reply.with_written(key, &stage.write)?;
        if key.value == self.client.current.value {
            return Err(reply
                .unusable("has the key that is current, and no second one")
                .into());
        }
        self.client.check_can_be_sent(&key).await?;
        self.client.document_with(current, &key)
    }

    /// Which of the provider's two values AWSCURRENT's is, whose health is known.
    async fn slot(&self, health: Health) -> Result<Slot, Cause> {
        if self.promotion().when == PromoteWhen::Set {
            // Promoted before AWSCURRENT moves: it is the first, if it works at all.
            return Ok(match health {
                Health::Healthy => Slot::First,
                Health::Dead => Slot::Unclear,
            });
        }
        let past = self.client.context.history(MOST_PAST).await?;
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for past in &past {
            if let Some(key) = self.client.key_in(&past.text)
                && let Some(value) = key.value.clone()
            {
                keys.push(key);
                values.push(PastValue {
                    key: value,
                    made: past.made,
                });
            }
        }
        let Some(current) = &self.client.current.value else {
            return Ok(Slot::Unclear);
        };
        let mut lives = None;
        for rival in slot::rivals(current, &values) {
            // With its own id.
            let key = keys.iter().find(|key| key.value.as_ref() == Some(rival));
            if let Some(key) = key
                && self.client.health(key, "older").await? == Health::Healthy
            {
                lives = Some(rival);
                break;
            }
        }
        let rotated = self.client.context.last_rotated().await?;
        Ok(slot::of(current, lives, &values, rotated))
    }

    async fn unstage(&self) -> Result<(), Cause> {
        let absent = Statuses::absent();
        let Some(unstage) = &self.client.description.unstage else {
            return Err(ProviderFault::unusable(
                format!("stage at {}", self.client.description.provider),
                "says that there is a second key already, and the definition has no [unstage] to remove it",
            )
            .into());
        };
        let gone = unstage.gone.as_ref().unwrap_or(&absent);
        let with = With {
            also: Some(gone),
            ..With::default()
        };
        self.client
            .call("unstage", unstage.call().repeatable(), with)
            .await?;
        Ok(())
    }

    fn promotion(&self) -> &Promote {
        self.client
            .description
            .promote
            .as_ref()
            .expect("class staged has promote: it was loaded")
    }

    async fn promote(&self, promote: &Promote, key: &Key) -> Result<(), Cause> {
        let absent = Statuses::absent();
        let gone = promote.gone.as_ref().unwrap_or(&absent);
        let with = With {
            key: Some(key),
            also: Some(gone),
            ..With::default()
        };
        self.client.call("promote", promote.call(), with).await?;
        Ok(())
    }
}
