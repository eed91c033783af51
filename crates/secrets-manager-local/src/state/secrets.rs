//! All secrets, and how one is found: by name, full ARN or partial ARN.

use std::collections::BTreeMap;

use jiff::Timestamp;
use staging_labels::{Label, VersionId};

use super::error::ApiError;
use super::labels::PendingRemoval;
use super::secret::Secret;

/// Length of `-AbCdEf`, what AWS appends to the name in an ARN.
const SUFFIX: usize = 7;

/// Secrets that are gone, of which is still known how they stood.
const KEPT_GONE: usize = 1_000;

/// All secrets, by ARN, each with how it stood before its last write.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    secrets: BTreeMap<String, Secret>,
    before: BTreeMap<String, Option<Secret>>,
    pending_removal: PendingRemoval,
}

impl State {
    /// No secrets yet.
    pub(crate) fn new(pending_removal: PendingRemoval) -> Self {
        Self {
            pending_removal,
            ..Self::default()
        }
    }

    /// Every secret, in the order of the ARNs.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.values()
    }

    /// The secret with this ARN.
    pub(crate) fn get(&self, arn: &str) -> Result<&Secret, ApiError> {
        self.secrets.get(arn).ok_or_else(ApiError::no_secret)
    }

    /// Adds a new secret.
    pub(super) fn insert(&mut self, secret: Secret) {
        self.before.insert(secret.arn.clone(), None);
        self.secrets.insert(secret.arn.clone(), secret);
    }

    /// Removes a secret at once.
    pub(super) fn remove(&mut self, arn: &str) -> Result<(), ApiError> {
        let gone = self.secrets.remove(arn).ok_or_else(ApiError::no_secret)?;
        if self.before.len() > self.secrets.len() + KEPT_GONE {
            self.before.retain(|arn, _| self.secrets.contains_key(arn));
        }
        self.before.insert(gone.arn.clone(), Some(gone));
        Ok(())
    }

    /// Removes the copies that `is_stray`.
    pub(super) fn drop_copies(&mut self, is_stray: impl Fn(&Secret) -> bool) {
        let secrets = &mut self.secrets;
        secrets.retain(|_, secret| secret.primary_arn.is_none() || !is_stray(secret));
    }

    /// Notes something on a secret that is no write of it.
    pub(super) fn note(&mut self, arn: &str, note: impl FnOnce(&mut Secret)) {
        self.secrets.get_mut(arn).map(note);
    }

    /// Removes the secrets whose recovery window has passed.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        self.secrets
            .retain(|_, secret| secret.deletion.is_none_or(|date| date > now));
    }

    /// Changes a secret, wholly or, if `change` fails, not at all.
    pub(crate) fn change<T>(
        &mut self,
        arn: &str,
        change: impl FnOnce(&mut Secret) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let secret = self.secrets.get_mut(arn).ok_or_else(ApiError::no_secret)?;
        let before = secret.clone();
        match change(secret) {
            Ok(answer) => {
                if self.pending_removal == PendingRemoval::WithMove {
                    take_pending_off_current(secret);
                }
                if *secret != before {
                    self.before.insert(arn.to_owned(), Some(before));
                }
                Ok(answer)
            }
            Err(error) => {
                *secret = before;
                Err(error)
            }
        }
    }

    /// Notes that a value was read; not a write that a stale read would miss.
    pub(crate) fn touch(&mut self, arn: &str, version: &VersionId, now: Timestamp) {
        if let Some(secret) = self.secrets.get_mut(arn) {
            secret.touch(version, now);
        }
    }

    /// Everything as it stood before the last write of each secret: what a stale read sees (fact 10).
    #[must_use]
    pub(crate) fn before_last_writes(&self) -> Self {
        let mut secrets = self.secrets.clone();
        for (arn, before) in &self.before {
            match before {
                Some(before) => secrets.insert(arn.clone(), before.clone()),
                None => secrets.remove(arn),
            };
        }
        Self {
            secrets,
            before: BTreeMap::new(),
            pending_removal: self.pending_removal,
        }
    }

    /// The ARN of the secret that `id` names: its name, its ARN, or its ARN without the last hyphen and six characters.
    pub(crate) fn resolve(&self, id: &str) -> Result<&str, ApiError> {
        self.find(id).map(|secret| secret.arn.as_str())
    }

    /// The secret that `id` names.
    pub(crate) fn find(&self, id: &str) -> Result<&Secret, ApiError> {
        let found = if id.starts_with("arn:") {
            self.secrets.get(id).or_else(|| self.by_partial_arn(id))
        } else {
            self.secrets.values().find(|secret| secret.name == id)
        };
        found.ok_or_else(ApiError::no_secret)
    }

    fn by_partial_arn(&self, partial: &str) -> Option<&Secret> {
        self.secrets.values().find(|secret| {
            let stem = secret
                .arn
                .len()
                .checked_sub(SUFFIX)
                .and_then(|end| secret.arn.get(..end));
            stem == Some(partial)
        })
    }
}

fn take_pending_off_current(secret: &mut Secret) {
    for version in &mut secret.versions {
        if version.stages.contains(&Label::Current) {
            version.stages.remove(&Label::Pending);
        }
    }
}
