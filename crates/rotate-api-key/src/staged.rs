//! Class `staged`: a second value beside the first, which is promoted later; the promotion ends the old first one.
//!
//! By default it is promoted after AWSCURRENT has moved: before that the old first value is in force, after it the second,
//! which the provider takes as well. So AWSCURRENT works at every moment. A promotion that a crash kept from being made is
//! made by the repetition of finishSecret, or by the next rotation, before it stages anything.

use std::time::Duration;

use rotation::Cause;
use rotation::secrets::KeyDocument;
use tokio::time::sleep;

use crate::checking::Health;
use crate::description::{Promote, PromoteWhen, Stage};
use crate::fault::ProviderFault;
use crate::job::{Job, With};
use crate::key::Key;
use crate::status::Statuses;

/// How long what another createSecret stored may stay unseen.
const UNSEEN: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
];

impl Job<'_> {
    /// Makes a second value: createSecret of this class.
    ///
    /// # Errors
    /// Why there is none. The first one stays as it was.
    ///
    /// # Panics
    /// Never: the description of this class was loaded with its calls.
    pub async fn stage(&self, current: &KeyDocument) -> Result<KeyDocument, Cause> {
        if let Some(stored) = self.stored().await? {
            return Ok(stored);
        }
        self.check_takes_a_key(current)?;
        // If the last promotion is outstanding, the second value is AWSCURRENT's.
        self.promote_current().await?;
        let stage = self
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
        let mut reply = self.call("stage", stage.call(), with).await?;
        if exists.has(reply.status) {
            // What a crash lost, or what a twin has just made.
            for pause in UNSEEN {
                sleep(pause).await;
                if let Some(stored) = self.stored().await? {
                    return Ok(stored);
                }
            }
            self.unstage().await?;
            reply = self.call("stage", stage.call(), With::default()).await?;
        }
        self.staged_document(current, stage, &reply).await
    }

    async fn staged_document(
        &self,
        current: &KeyDocument,
        stage: &Stage,
        reply: &crate::answer::Reply,
    ) -> Result<KeyDocument, Cause> {
        let key = reply.key(&stage.value, stage.id.as_ref())?;
        if key.value == self.current.value {
            return Err(reply
                .unusable("has the key that is current, and no second one")
                .into());
        }
        self.check_can_be_sent(&key).await?;
        self.document_with(current, &key)
    }

    async fn unstage(&self) -> Result<(), Cause> {
        let absent = Statuses::absent();
        let Some(unstage) = &self.description.unstage else {
            return Err(ProviderFault::AnswerUnusable {
                call: format!("stage at {}", self.description.provider),
                problem: "says that there is a second key already, and the description has no [unstage] to remove it".to_owned(),
            }
            .into());
        };
        let gone = unstage.gone.as_ref().unwrap_or(&absent);
        let call = crate::description::Call {
            repeatable: Some(true),
            ..unstage.call()
        };
        self.call(
            "unstage",
            call,
            With {
                also: Some(gone),
                ..With::default()
            },
        )
        .await?;
        Ok(())
    }

    /// setSecret of this class: promotes, if the description asks for it here.
    ///
    /// # Errors
    /// Why the key could not be promoted.
    pub async fn promote_pending(&self, pending: &KeyDocument) -> Result<(), Cause> {
        let promote = self.promotion();
        if promote.when != PromoteWhen::Set {
            return Ok(());
        }
        let key = self.key_of(pending)?;
        if self.health(&self.current, "current").await? == Health::Dead {
            // What the promotion ends is ended: it was made. testSecret tells whether the new one works.
            return Ok(());
        }
        self.context.still_stands().await?;
        self.promote(promote, &key).await
    }

    /// The end of finishSecret of this class, and the beginning of the next rotation: AWSCURRENT's key is promoted, unless
    /// that was done already, which the old one's end tells.
    ///
    /// # Errors
    /// Why the key could not be promoted.
    pub async fn promote_current(&self) -> Result<(), Cause> {
        let promote = self.promotion();
        if promote.when != PromoteWhen::Finish {
            return Ok(());
        }
        let Some(text) = self.context.previous().await? else {
            return Ok(());
        };
        let Some(previous) = KeyDocument::parse(&text)
            .ok()
            .and_then(|previous| self.key_of(&previous).ok())
        else {
            return Ok(());
        };
        if previous.value == self.current.value || self.health(&previous, "previous").await? == Health::Dead {
            return Ok(());
        }
        self.promote(promote, &self.current).await
    }

    fn promotion(&self) -> &Promote {
        self.description
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
        self.call("promote", promote.call(), with).await?;
        Ok(())
    }
}
