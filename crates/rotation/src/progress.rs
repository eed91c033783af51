//! Where the rotation stands, and the faults of one that is not where a step expects it.

use outbound::{one_line, shortened};
use staging_labels::{Labels, Refusal, RotationState, VersionId};

use crate::fault::{Advice, Fault, Kind, Prospect};
use crate::store::{Description, Tags};

/// The longest value that a tag can have (API reference, `Tag`), and enough of an ARN.
const LONGEST_ARN: usize = 256;

/// The labels of a secret whose rotation was not cancelled.
///
/// # Errors
/// [`OutOfStep::RotationCancelled`]: `CancelRotateSecret` switches rotation off.
pub(crate) fn not_cancelled(description: &Description) -> Result<Labels, OutOfStep> {
    if description.rotation_enabled == Some(false) {
        return Err(OutOfStep::RotationCancelled);
    }
    Ok(description.labels.clone())
}

/// The tag of a secret that is a copy of another one, by the other's ARN.
const LEADER: &str = "keywheel:leader";

/// Refuses a secret that another program fills from its leader: to rotate it would lock out the leader's readers.
///
/// # Errors
/// [`OutOfStep::SecretFollows`].
pub(crate) fn leads(tags: &Tags) -> Result<(), OutOfStep> {
    match tags.get(LEADER) {
        Some(leader) => Err(OutOfStep::SecretFollows {
            leader: shortened(&one_line(leader), LONGEST_ARN),
        }),
        None => Ok(()),
    }
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
    #[error("the secret's tag {LEADER} says that it is a copy of {leader}, which is the one to rotate")]
    SecretFollows { leader: String },
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
            Self::SecretFollows { .. } => {
                let remedy = "end the rotation of this secret (aws secretsmanager cancel-rotate-secret) and rotate its leader; if it is no copy any more, remove the tag keywheel:leader";
                return Advice::new(Kind::Rotation, remedy);
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
