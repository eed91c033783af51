//! What a target may ask for while it works: the other values of the secret, and the time that is left.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_config::SdkConfig;
use secrecy::SecretString;
use staging_labels::VersionId;

use crate::budget::Budget;
use crate::driver::{stand, under_way};
use crate::event::Event;
use crate::fault::Cause;
use crate::store::{Store, StoreFault};

/// One invocation, as a [`Target`](crate::Target) sees it. Values are fetched when asked for, not before.
pub struct Context<'a> {
    store: &'a Store,
    event: &'a Event,
    current: &'a VersionId,
    budget: Budget,
}

impl<'a> Context<'a> {
    /// `current` is the version that the step read as AWSCURRENT.
    pub(crate) fn new(store: &'a Store, event: &'a Event, current: &'a VersionId, budget: Budget) -> Self {
        Self {
            store,
            event,
            current,
            budget,
        }
    }

    /// The time that this step has left.
    pub fn budget(&self) -> Budget {
        self.budget
    }

    /// The secret's ARN, or whatever the event named it by.
    pub fn secret(&self) -> &str {
        self.event.secret.as_str()
    }

    /// The version that the step read as AWSCURRENT. What a version holds never changes.
    pub fn current_version(&self) -> &VersionId {
        self.current
    }

    /// Region, credentials, HTTP client, retries and time limits, for a target's calls to a service of AWS's that this
    /// crate does not know: a second connector or look-up of credentials would only cost a cold start.
    pub fn aws(&self) -> &SdkConfig {
        self.store.shared()
    }

    /// The version that this rotation makes.
    pub fn token(&self) -> &VersionId {
        &self.event.token
    }

    /// The secret's tags.
    ///
    /// # Errors
    /// Secrets Manager's refusal.
    pub async fn tags(&self) -> Result<BTreeMap<String, String>, Cause> {
        Ok(self.store.describe(&self.event.secret, self.budget).await?.tags)
    }

    /// When the version that the step read as AWSCURRENT was made, if Secrets Manager says so.
    ///
    /// # Errors
    /// Secrets Manager's refusal.
    pub async fn current_made(&self) -> Result<Option<SystemTime>, Cause> {
        let read = self
            .store
            .version(&self.event.secret, self.current, self.budget)
            .await?;
        Ok(read.and_then(|version| version.made))
    }

    /// Asks once more whether this rotation is still the one under way: to be called right before a change that
    /// no longer rests on the current value, however long the step has taken to come to it. Whoever repaired the
    /// secret by hand meanwhile must not find the repair undone.
    ///
    /// # Errors
    /// The rotation was abandoned or cancelled, or AWSCURRENT has moved since the step read it.
    pub async fn still_stands(&self) -> Result<(), Cause> {
        let labels = under_way(self.store.describe(&self.event.secret, self.budget).await?)?;
        stand(&labels, &self.event.token, self.current)
    }

    /// The value that was current before the current one, if there is one and it is text.
    ///
    /// # Errors
    /// Secrets Manager's refusal.
    pub async fn previous(&self) -> Result<Option<SecretString>, Cause> {
        text_only(self.store.previous(&self.event.secret, self.budget).await)
    }

    /// The versions that carry no label any more, newest first: where the value of a rotation that was
    /// cancelled and cleaned up is still found.
    ///
    /// # Errors
    /// Secrets Manager's refusal; the function's role needs `secretsmanager:ListSecretVersionIds`.
    pub async fn deprecated(&self) -> Result<Vec<VersionId>, Cause> {
        self.store.deprecated(&self.event.secret, self.budget).await
    }

    /// The value of one version, `None` if it has none (any more), or a binary one.
    ///
    /// # Errors
    /// Secrets Manager's refusal.
    pub async fn version(&self, version: &VersionId) -> Result<Option<SecretString>, Cause> {
        let read = self.store.version(&self.event.secret, version, self.budget).await;
        text_only(read.map(|version| version.map(|version| version.text)))
    }

    /// The current value of another secret, such as the admin's.
    ///
    /// # Errors
    /// Secrets Manager's refusal, naming that secret.
    pub async fn other_secret(&self, id: &str) -> Result<SecretString, Cause> {
        self.store.other_secret(id, self.budget).await
    }

    /// The tags of another secret, such as those by which RDS says whose admin it is for.
    ///
    /// # Errors
    /// Secrets Manager's refusal, naming that secret; the function's role needs `secretsmanager:DescribeSecret` on it.
    pub async fn tags_of(&self, id: &str) -> Result<Vec<(String, String)>, Cause> {
        self.store.tags(id, self.budget).await
    }
}

/// An old version may be binary, of the days before a secret became text: it is no way back, and no error either.
fn text_only(read: Result<Option<SecretString>, Cause>) -> Result<Option<SecretString>, Cause> {
    match read {
        Err(cause) if cause.code() == StoreFault::BINARY => Ok(None),
        read => read,
    }
}
