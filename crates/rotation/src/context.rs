//! What a target may ask for while it works: the other values of the secret, and the time that is left.

use std::cell::RefCell;
use std::time::SystemTime;

use aws_config::SdkConfig;
use secrecy::SecretString;
use staging_labels::{Label, VersionId};

use outbound::Budget;

use crate::event::Event;
use crate::fault::Cause;
use crate::progress::{not_cancelled, under_way};
use crate::store::{Description, Store, StoreFault, Tags, Version, behind};

/// A value that the secret has, or had.
pub struct Past {
    /// The value.
    pub text: SecretString,
    /// When its version was made, if Secrets Manager says so.
    pub made: Option<SystemTime>,
}

/// The value of another secret that was read together with the secret's own. It is used once: who asks again, asks Secrets Manager.
#[derive(Default)]
pub(crate) struct ReadAhead(RefCell<Option<(String, SecretString)>>);

impl ReadAhead {
    pub(crate) fn keep(&self, read: Option<(String, SecretString)>) {
        self.0.replace(read);
    }

    /// The value of the secret `id`, and none of another one: that it would be asked for was a guess.
    fn take(&self, id: &str) -> Option<SecretString> {
        let read = self.0.borrow_mut().take_if(|(secret, _)| secret == id)?;
        Some(read.1)
    }
}

/// One invocation, as a [`Target`](crate::Target) sees it. Values are fetched when asked for, not before.
pub struct Context<'a> {
    store: &'a Store,
    event: &'a Event,
    arn: &'a str,
    current: &'a VersionId,
    budget: Budget,
    waits_for_replicas: bool,
    read_ahead: Option<&'a ReadAhead>,
}

impl<'a> Context<'a> {
    /// `current` is the version that the step read as AWSCURRENT.
    /// `arn` is the secret's.
    pub(crate) fn new(
        store: &'a Store,
        event: &'a Event,
        arn: &'a str,
        current: &'a VersionId,
        budget: Budget,
    ) -> Self {
        Self {
            store,
            event,
            arn,
            current,
            budget,
            waits_for_replicas: false,
            read_ahead: None,
        }
    }

    /// What was read before it was asked for.
    pub(crate) fn having_read(self, ahead: &'a ReadAhead) -> Self {
        Self {
            read_ahead: Some(ahead),
            ..self
        }
    }

    /// Whether [`confirm_under_way`](Self::confirm_under_way) asks that no replica is behind.
    pub(crate) fn waiting_for_replicas(self, waits_for_replicas: bool) -> Self {
        Self {
            waits_for_replicas,
            ..self
        }
    }

    /// The time that this step has left.
    pub fn budget(&self) -> Budget {
        self.budget
    }

    /// The secret's ARN, though the event may have named it otherwise, as one that was made by hand.
    pub fn secret(&self) -> &str {
        self.arn
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
    pub async fn tags(&self) -> Result<Tags, Cause> {
        Ok(self.describe().await?.tags)
    }

    /// When a rotation of the secret last succeeded, if one did.
    ///
    /// # Errors
    /// Secrets Manager's refusal.
    pub async fn last_rotated(&self) -> Result<Option<SystemTime>, Cause> {
        Ok(self.describe().await?.last_rotated)
    }

    /// When the version that the step read as AWSCURRENT was made, if Secrets Manager says so.
    ///
    /// # Errors
    /// Secrets Manager's refusal.
    pub async fn current_made(&self) -> Result<Option<SystemTime>, Cause> {
        self.made(self.current).await
    }

    /// When the version that this rotation makes was made, if it has a value, and Secrets Manager says so.
    ///
    /// # Errors
    /// Secrets Manager's refusal.
    pub async fn pending_made(&self) -> Result<Option<SystemTime>, Cause> {
        self.made(self.token()).await
    }

    /// Whether this rotation, whose AWSCURRENT has moved, is still the last one: neither was AWSCURRENT moved on, nor has
    /// another rotation begun. To be asked right before something is ended that a later rotation may rest on.
    ///
    /// # Errors
    /// Secrets Manager's refusal.
    pub async fn is_last(&self) -> Result<bool, Cause> {
        let labels = self.describe().await?.labels;
        let (token, is) = (&self.event.token, |label| labels.carrier(label));
        Ok(is(&Label::Current) == Some(token) && is(&Label::Pending).is_none_or(|pending| pending == token))
    }

    /// Asks Secrets Manager once more whether this rotation is still under way. A step may have waited for long since it read
    /// the secret. Call this right before a change that does not itself depend on the current value: a manual repair in the
    /// meantime must not be overwritten.
    ///
    /// # Errors
    /// The rotation was abandoned or cancelled, AWSCURRENT has moved since the step read it, or a replica is behind: then the driver waits
    /// once the target has given the change up, and asks the target again.
    pub async fn confirm_under_way(&self) -> Result<(), Cause> {
        let description = self.describe().await?;
        let labels = not_cancelled(&description)?;
        under_way(&labels, &self.event.token, self.current)?;
        match behind(&description.replicas).filter(|_| self.waits_for_replicas) {
            Some(behind) => Err(behind.into()),
            None => Ok(()),
        }
    }

    /// The value that AWSCURRENT is on by now, if it has one that is text.
    ///
    /// # Errors
    /// Secrets Manager's refusal.
    pub async fn current_now(&self) -> Result<Option<SecretString>, Cause> {
        let current = self.store.current(&self.event.secret, self.budget).await;
        Ok(text_only(current)?.map(|version| version.text))
    }

    /// The value that was current before the current one, if there is one and it is text.
    ///
    /// # Errors
    /// Secrets Manager's refusal.
    pub async fn previous(&self) -> Result<Option<SecretString>, Cause> {
        let previous = self.store.previous(&self.event.secret, self.budget).await;
        Ok(text_only(previous)?.map(|version| version.text))
    }

    /// The values that the secret has had: the current one, the previous one, and of those without a label the newest `most`.
    /// In no certain order; some may be the same.
    ///
    /// # Errors
    /// Secrets Manager's refusal; the function's role needs `secretsmanager:ListSecretVersionIds`.
    pub async fn history(&self, most: usize) -> Result<Vec<Past>, Cause> {
        let (store, secret, budget) = (self.store, &self.event.secret, self.budget);
        let mut versions = vec![
            text_only(store.version(secret, self.current, budget).await)?,
            text_only(store.previous(secret, budget).await)?,
        ];
        for version in self.deprecated().await?.iter().take(most) {
            versions.push(text_only(store.version(secret, version, budget).await)?);
        }
        let past = versions.into_iter().flatten().map(|version| Past {
            text: version.text,
            made: version.made,
        });
        Ok(past.collect())
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
        Ok(text_only(read)?.map(|version| version.text))
    }

    /// The current value of another secret, such as the admin's. It may have been read together with the secret's own values
    /// ([`Target::expects`](crate::Target::expects)).
    ///
    /// # Errors
    /// Secrets Manager's refusal, naming that secret.
    pub async fn other_secret(&self, id: &str) -> Result<SecretString, Cause> {
        match self.read_ahead.and_then(|ahead| ahead.take(id)) {
            Some(value) => Ok(value),
            None => self.store.other_secret(id, self.budget).await,
        }
    }

    /// The tags of another secret, such as those by which RDS says whose admin it is for.
    ///
    /// # Errors
    /// Secrets Manager's refusal, naming that secret; the function's role needs `secretsmanager:DescribeSecret` on it.
    pub async fn tags_of(&self, id: &str) -> Result<Vec<(String, String)>, Cause> {
        let description = self.store.describe(id, self.budget).await?;
        Ok(description.tags.into_iter().collect())
    }

    async fn describe(&self) -> Result<Description, Cause> {
        self.store.describe(self.event.secret.as_str(), self.budget).await
    }

    async fn made(&self, version: &VersionId) -> Result<Option<SystemTime>, Cause> {
        let read = self
            .store
            .version(&self.event.secret, version, self.budget)
            .await?;
        Ok(read.and_then(|version| version.made))
    }
}

/// Reads a binary version as none. An old version may be binary, from before the secret became text. No login is possible with it,
/// and that is not an error.
fn text_only(read: Result<Option<Version>, Cause>) -> Result<Option<Version>, Cause> {
    match read {
        Err(cause) if matches!(cause.as_fault(), Some(StoreFault::SecretIsBinary { .. })) => Ok(None),
        read => read,
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn what_was_read_ahead_is_used_once_and_for_its_own_secret_alone() {
        let ahead = ReadAhead::default();
        ahead.keep(Some(("one".to_owned(), SecretString::from("its value"))));
        assert!(ahead.take("another").is_none());
        #[expect(clippy::disallowed_methods, reason = "a test looks at what it put in")]
        let taken = ahead.take("one").map(|value| value.expose_secret().to_owned());
        assert_eq!(taken.as_deref(), Some("its value"));
        assert!(ahead.take("one").is_none());
    }
}
