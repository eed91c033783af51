//! Whether a rotation goes on (facts 7 and 8).

use staging_labels::{Label, VersionId};

use crate::state::secret::Secret;
use crate::state::trail::TrailEventName;

/// What there is of a rotation between two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RotationStatus {
    /// It goes on.
    Running,
    /// A new version was written by hand, or its label was taken away (fact 7).
    Abandoned,
    /// `CancelRotateSecret`, or the secret is gone or marked for deletion.
    Cancelled,
}

/// Whether the rotation of `token` goes on.
pub(crate) fn status(secret: &Secret, token: &VersionId) -> RotationStatus {
    if secret.deletion.is_some() {
        return RotationStatus::Cancelled;
    }
    let labelled = secret.carries(token, &Label::Pending) || secret.carries(token, &Label::Current);
    match &secret.unfinished {
        Some(run) if run.token == *token && labelled => RotationStatus::Running,
        Some(run) if run.token == *token => RotationStatus::Abandoned,
        _ if was_abandoned(secret, token) => RotationStatus::Abandoned,
        _ => RotationStatus::Cancelled,
    }
}

fn was_abandoned(secret: &Secret, token: &VersionId) -> bool {
    secret
        .trail
        .iter()
        .any(|event| event.name == TrailEventName::RotationAbandoned && event.version == *token)
}
