//! Where the rotation stands, and the faults of one that is not where a step expects it.

use staging_labels::{Labels, Refusal, RotationState, VersionId};

use crate::fault::{Advice, Fault, Kind, Prospect};
use crate::store::Description;

/// The labels of a secret whose rotation was not cancelled.
///
/// # Errors
/// [`OutOfStep::RotationCancelled`]: `CancelRotateSecret` switches rotation off.
pub(crate) fn not_cancelled(description: Description) -> Result<Labels, OutOfStep> {
    if description.rotation_enabled == Some(false) {
        return Err(OutOfStep::RotationCancelled);
    }
    Ok(description.labels)
}

/// Checks that the rotation of `token` is still under way, from the `current` version that it began with.
///
/// # Errors
/// It was abandoned, or AWSCURRENT has moved.
pub(crate) fn under_way(labels: &Labels, token: &VersionId, current: &VersionId) -> Result<(), OutOfStep> {
    match labels.state_of(token) {
        RotationState::Pending { current: Some(now) } if now == current => Ok(()),
        RotationState::Pending { .. } | RotationState::Finished => Err(OutOfStep::CurrentMoved),
        RotationState::Abandoned => Err(OutOfStep::RotationAbandoned),
        RotationState::Unknown => Err(OutOfStep::VersionUnknown),
    }
}

/// A rotation that is not where the step expects it.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
pub(crate) enum OutOfStep {
    #[error("{}", Refusal::Abandoned)]
    RotationAbandoned,
    #[error("{}", Refusal::Unknown)]
    VersionUnknown,
    #[error("the rotation was cancelled")]
    RotationCancelled,
    #[error("AWSCURRENT has moved while the step was at work")]
    CurrentMoved,
    #[error("no version of the secret has a value labelled AWSCURRENT")]
    CurrentMissing,
    #[error("the version labelled AWSPENDING has no value")]
    PendingMissing,
}

impl From<Refusal> for OutOfStep {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Abandoned => Self::RotationAbandoned,
            Refusal::Unknown => Self::VersionUnknown,
        }
    }
}

impl Fault for OutOfStep {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn advice(&self) -> Advice<'_> {
        let remedy = match self {
            Self::RotationAbandoned | Self::VersionUnknown => {
                "this step changed nothing; start a new rotation (aws secretsmanager rotate-secret)"
            }
            Self::RotationCancelled => {
                "this step changed nothing; configure the rotation again to rotate this secret"
            }
            Self::CurrentMoved => "this step changed nothing; Secrets Manager retries the rotation",
            Self::CurrentMissing => "put a value into the secret (aws secretsmanager put-secret-value)",
            Self::PendingMissing => {
                "this step changed nothing; createSecret must run first: let Secrets Manager retry the rotation, or take AWSPENDING off this version"
            }
        };
        // Secrets Manager's reads may be a moment behind its last write, so each of these is read again before it is believed.
        Advice::new(Kind::Rotation, remedy).with(Prospect::Stale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(versions: &[(&str, &[&str])], expected: &str) {
        let labels: Labels = versions.iter().map(|(id, labels)| (*id, labels.iter())).collect();
        let (token, current) = (VersionId::stored("v2"), VersionId::stored("v1"));
        let outcome = under_way(&labels, &token, &current);
        assert_eq!(
            outcome.map_or_else(|fault| fault.code(), |()| "under way"),
            expected,
            "{labels}"
        );
    }

    #[test]
    fn a_rotation_is_under_way_while_both_labels_are_where_they_were() {
        check(&[("v1", &["AWSCURRENT"]), ("v2", &["AWSPENDING"])], "under way");
    }

    #[test]
    fn a_value_written_by_hand_meanwhile_ends_it() {
        check(
            &[("v1", &["AWSPREVIOUS"]), ("v2", &[]), ("v3", &["AWSCURRENT"])],
            "RotationAbandoned",
        );
        check(
            &[("v1", &["AWSPREVIOUS"]), ("v3", &["AWSCURRENT"])],
            "VersionUnknown",
        );
        check(
            &[("v3", &["AWSCURRENT"]), ("v2", &["AWSPENDING"])],
            "CurrentMoved",
        );
    }

    #[test]
    fn a_twin_that_finished_meanwhile_ends_it() {
        check(
            &[("v1", &["AWSPREVIOUS"]), ("v2", &["AWSCURRENT", "AWSPENDING"])],
            "CurrentMoved",
        );
    }
}
