//! How labels move (facts 11, 12, 23 and 24).

use jiff::Timestamp;
use staging_labels::{Label, VersionId};

use super::error::{ApiError, ErrorCode};
use super::secret::Secret;

/// Most labels on a version (fact 11).
pub(crate) const MAX_LABELS: usize = 20;

/// When `AWSPENDING` leaves the version that a rotation has made `AWSCURRENT`. AWS's guide, its maintainers and
/// its users each say something else (fact 24), so a function must get along with all three.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum PendingRemoval {
    /// When the rotation has succeeded.
    #[default]
    WhenComplete,
    /// In the call that moves `AWSCURRENT`.
    WithMove,
    /// Not at all: it stays until another version takes it.
    Never,
}

/// `UpdateSecretVersionStage`: which label goes from where to where.
#[derive(Debug, Clone)]
pub(crate) struct StageMove {
    /// The label.
    pub(crate) label: Label,
    /// The version that has it now.
    pub(crate) from: Option<VersionId>,
    /// The version that shall have it; absent to take it away.
    pub(crate) to: Option<VersionId>,
}

/// The compare-and-swap of fact 12.
pub(crate) fn move_stage(secret: &mut Secret, wanted: &StageMove, now: Timestamp) -> Result<(), ApiError> {
    secret.refuse_deleted()?;
    secret.refuse_replica()?;
    let carrier = secret.carrier(&wanted.label).map(|version| version.id.clone());
    let Some(to) = &wanted.to else {
        return remove_stage(secret, wanted, carrier.as_ref(), now);
    };
    if secret.version(to).is_none() {
        return Err(ApiError::no_version(to));
    }
    match (&carrier, &wanted.from) {
        (Some(carrier), None) if carrier != to => return Err(from_is_missing(&wanted.label, carrier)),
        (carrier, Some(from)) if carrier.as_ref() != Some(from) => {
            return Err(from_is_wrong(&wanted.label, from, carrier.as_ref()));
        }
        _ => {}
    }
    attach(secret, to, wanted.label.clone(), now)?;
    secret.last_changed = now;
    Ok(())
}

fn remove_stage(
    secret: &mut Secret,
    wanted: &StageMove,
    carrier: Option<&VersionId>,
    now: Timestamp,
) -> Result<(), ApiError> {
    let Some(from) = &wanted.from else {
        return Err(ApiError::invalid_parameter(
            "You must specify RemoveFromVersionId, MoveToVersionId, or both.",
        ));
    };
    if wanted.label == Label::Current {
        return Err(ApiError::invalid_parameter(
            "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
        ));
    }
    if carrier != Some(from) {
        return Err(from_is_wrong(&wanted.label, from, carrier));
    }
    detach(secret, &wanted.label);
    secret.last_changed = now;
    Ok(())
}

/// Puts `label` on `version`, off the version that has it. `AWSPREVIOUS` follows `AWSCURRENT`, and the version
/// that loses `AWSCURRENT` does not keep `AWSPENDING` (fact 23).
pub(crate) fn attach(
    secret: &mut Secret,
    version: &VersionId,
    label: Label,
    now: Timestamp,
) -> Result<(), ApiError> {
    let carrier = secret.carrier(&label).map(|carrier| carrier.id.clone());
    if carrier.as_ref() == Some(version) {
        return Ok(());
    }
    detach(secret, &label);
    let moved_current = label == Label::Current;
    let target = secret
        .version_mut(version)
        .ok_or_else(|| ApiError::no_version(version))?;
    if target.stages.len() == MAX_LABELS {
        return Err(ApiError::new(
            ErrorCode::LimitExceeded,
            format!("You can't attach more than {MAX_LABELS} staging labels to a version."),
        ));
    }
    target.stages.insert(label);
    if moved_current {
        after_promotion(secret, carrier.as_ref(), now);
    }
    Ok(())
}

fn after_promotion(secret: &mut Secret, loser: Option<&VersionId>, now: Timestamp) {
    if let Some(loser) = loser {
        detach(secret, &Label::Previous);
        if let Some(version) = secret.version_mut(loser) {
            version.stages.remove(&Label::Pending);
            version.stages.insert(Label::Previous);
        }
    }
    for replica in &mut secret.replicas {
        replica.follow(now);
    }
}

/// Takes `label` off whichever version has it.
pub(crate) fn detach(secret: &mut Secret, label: &Label) {
    for version in &mut secret.versions {
        version.stages.remove(label);
    }
}

fn from_is_missing(label: &Label, carrier: &VersionId) -> ApiError {
    ApiError::invalid_parameter(format!(
        "The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently attached to version {carrier}, so you must explicitly reference that version in RemoveFromVersionId."
    ))
}

fn from_is_wrong(label: &Label, from: &VersionId, carrier: Option<&VersionId>) -> ApiError {
    let holder = match carrier {
        Some(carrier) => format!("attached to version {carrier}"),
        None => "not attached to any version".to_owned(),
    };
    ApiError::invalid_parameter(format!(
        "The parameter RemoveFromVersionId is {from}, but staging label {label} is currently {holder}."
    ))
}
