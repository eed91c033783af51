//! A version that lost AWSPENDING before it became AWSCURRENT.

use jiff::{SignedDuration, Timestamp};
use staging_labels::{Label, VersionId};

use crate::diagnosis::answers::{Answers, Secret, Version};

/// Older ones are history.
const RECENT: SignedDuration = SignedDuration::from_hours(24 * 90);

/// The newest version without labels, if it is newer than AWSPREVIOUS and than the last success.
pub(crate) fn abandoned<'a>(answers: &'a Answers, secret: &Secret, now: Timestamp) -> Option<&'a Version> {
    let versions = answers.versions.said()?;
    let made = |id: Option<&VersionId>| {
        versions
            .iter()
            .find(|version| Some(&version.id) == id)
            .and_then(|version| version.created)
    };
    let since = made(secret.labels.carrier(&Label::Previous))
        .or_else(|| made(secret.current()))
        .max(secret.last_rotated);
    let is_newer =
        |made: Timestamp| since.is_none_or(|since| made > since) && now.duration_since(made) < RECENT;
    versions
        .iter()
        .filter(|version| !version.labelled && version.created.is_some_and(is_newer))
        .max_by_key(|version| version.created)
}
