//! What the versions tell: when one was made, whether it has a value, and which one lost AWSPENDING.

use jiff::{SignedDuration, Timestamp};
use staging_labels::{Label, VersionId};

use super::answers::{Answers, Secret, Version};

/// A version that lost AWSPENDING longer ago is history.
const RECENT: SignedDuration = SignedDuration::from_hours(24 * 90);

impl Answers {
    /// When a version was made, if it has a value and that was answered.
    pub(crate) fn made(&self, version: Option<&VersionId>) -> Option<Timestamp> {
        let versions = self.versions.said()?;
        let known = versions.iter().find(|known| Some(&known.id) == version)?;
        known.created
    }

    /// Whether the version has a value, if that was answered.
    pub(crate) fn has_value(&self, version: &VersionId) -> Option<bool> {
        let versions = self.versions.said()?;
        Some(versions.iter().any(|known| known.id == *version))
    }

    /// The version that lost AWSPENDING before it became AWSCURRENT: the newest without labels, if it is newer than AWSPREVIOUS and than
    /// the last success.
    pub(crate) fn abandoned(&self, secret: &Secret, now: Timestamp) -> Option<&Version> {
        let since = self
            .made(secret.labels.carrier(&Label::Previous))
            .or_else(|| self.made(secret.current()))
            .max(secret.last_rotated);
        let is_newer =
            |made: Timestamp| since.is_none_or(|since| made > since) && now.duration_since(made) < RECENT;
        self.versions
            .said()?
            .iter()
            .filter(|version| !version.labelled && version.created.is_some_and(is_newer))
            .max_by_key(|version| version.created)
    }
}
