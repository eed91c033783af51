//! Reading and writing versions (facts 7, 11, 13 and 14).

use jiff::{SignedDuration, Timestamp};
use staging_labels::{Label, VersionId};

use super::error::{ApiError, ErrorCode};
use super::labels::attach;
use super::rotate::{abandon_for, reschedule_after_manual_write};
use super::secret::{Secret, Version};
use super::value::Value;

/// Versions kept, however old (fact 14).
pub(crate) const KEPT_VERSIONS: usize = 100;
/// Versions younger than this are kept, however many (fact 14).
pub(crate) const KEPT_AGE: SignedDuration = SignedDuration::from_hours(24);

/// What PutSecretValue writes.
#[derive(Debug, Clone)]
pub(crate) struct NewVersion {
    /// The version's id: the `ClientRequestToken`.
    pub(crate) id: VersionId,
    /// The value.
    pub(crate) value: Value,
    /// The labels it gets; left out, it gets `AWSCURRENT` (fact 11).
    pub(crate) stages: Option<Vec<Label>>,
}

/// PutSecretValue (fact 11): `rotation_token` is checked if it is given (fact 1).
pub(crate) fn put(
    secret: &mut Secret,
    new: NewVersion,
    rotation_token: Option<&str>,
    now: Timestamp,
) -> Result<(), ApiError> {
    secret.refuse_deleted()?;
    secret.refuse_replica()?;
    check_rotation_token(secret, &new.id, rotation_token)?;
    if holds(secret, &new)? {
        return Ok(());
    }
    abandon_for(secret, &new.id, now);
    let is_first = secret.versions.is_empty();
    match secret.version_mut(&new.id) {
        Some(version) => version.value = Some(new.value),
        None => secret
            .versions
            .push(Version::new(new.id.clone(), Some(new.value), now)),
    }
    for label in new.stages.unwrap_or_else(|| vec![Label::Current]) {
        attach(secret, &new.id, label, now)?;
    }
    if is_first {
        attach(secret, &new.id, Label::Current, now)?;
    }
    if secret
        .carrier(&Label::Current)
        .is_some_and(|version| version.id == new.id)
    {
        reschedule_after_manual_write(secret, now);
    }
    secret.last_changed = now;
    prune(secret, now);
    Ok(())
}

/// Whether the version is there already, with this very value: then a put does nothing.
fn holds(secret: &Secret, new: &NewVersion) -> Result<bool, ApiError> {
    match secret.version(&new.id).and_then(|version| version.value.as_ref()) {
        None => Ok(false),
        Some(value) if *value == new.value => Ok(true),
        Some(_) => Err(ApiError::token_in_use(&new.id, &secret.arn)),
    }
}

fn check_rotation_token(secret: &Secret, id: &VersionId, given: Option<&str>) -> Result<(), ApiError> {
    let Some(given) = given else { return Ok(()) };
    let running = secret.unfinished.as_ref();
    if running.is_some_and(|run| run.token == *id && run.rotation_token == given) {
        return Ok(());
    }
    Err(ApiError::new(
        ErrorCode::AccessDenied,
        "The RotationToken does not belong to a rotation of this version of the secret.",
    ))
}

/// GetSecretValue (facts 2 and 13): the version that the two parameters name.
pub(crate) fn read<'a>(
    secret: &'a Secret,
    id: Option<&VersionId>,
    stage: Option<&Label>,
) -> Result<(&'a Version, &'a Value), ApiError> {
    secret.refuse_deleted()?;
    let version = match (id, stage) {
        (Some(id), stage) => {
            let version = secret.version(id).ok_or_else(|| ApiError::no_version(id))?;
            if stage.is_some_and(|stage| !version.stages.contains(stage)) {
                return Err(ApiError::invalid_request(
                    "You provided a VersionStage that is not associated to the provided VersionId.",
                ));
            }
            version
        }
        (None, stage) => {
            let stage = stage.unwrap_or(&Label::Current);
            secret
                .carrier(stage)
                .ok_or_else(|| ApiError::no_stage(stage.as_str()))?
        }
    };
    let value = version.value.as_ref().ok_or_else(|| match (id, stage) {
        (None, Some(stage)) => ApiError::no_stage(stage.as_str()),
        _ => ApiError::no_version(&version.id),
    })?;
    Ok((version, value))
}

/// `ListSecretVersionIds`: versions with a value, newest first; those without a label if asked (facts 2 and 14).
pub(crate) fn listed(secret: &Secret, with_deprecated: bool) -> impl Iterator<Item = &Version> {
    secret
        .versions
        .iter()
        .rev()
        .filter(move |version| version.value.is_some() && (with_deprecated || !version.stages.is_empty()))
}

/// Removes the oldest deprecated versions, past 100 and older than a day (fact 14).
fn prune(secret: &mut Secret, now: Timestamp) {
    let mut surplus = secret.versions.len().saturating_sub(KEPT_VERSIONS);
    secret.versions.retain(|version| {
        let old = now.duration_since(version.created) > KEPT_AGE;
        let goes = surplus > 0 && old && version.stages.is_empty();
        surplus -= usize::from(goes);
        !goes
    });
}
