//! How a rotation ends (facts 4 to 8).

use jiff::Timestamp;
use staging_labels::{Label, VersionId};

use crate::state::error::ApiError;
use crate::state::labels::{PendingRemoval, detach};
use crate::state::rotation::{RotationKind, Unfinished};
use crate::state::secret::Secret;
use crate::state::trail::TrailEventName;

/// The last step went well. True if the rotation has succeeded: its version is `AWSCURRENT` (facts 4 and 24).
pub(crate) fn succeed(
    secret: &mut Secret,
    run: &Unfinished,
    removal: PendingRemoval,
    now: Timestamp,
) -> bool {
    if run.kind == RotationKind::Full && !secret.carries(&run.token, &Label::Current) {
        return false;
    }
    end(secret, run);
    secret.record(TrailEventName::succeeded(run.kind), run.token.clone(), now);
    if run.kind == RotationKind::Full {
        if removal == PendingRemoval::WhenComplete && secret.carries(&run.token, &Label::Pending) {
            detach(secret, &Label::Pending);
        }
        secret.last_rotated = Some(now);
        secret.last_changed = now;
        if let Some(rotation) = secret.rotation.as_mut().filter(|rotation| rotation.enabled) {
            rotation.schedule_after(now);
            rotation.days_until_next = rotation.next.map(|window| days_between(now, window.start));
        }
    }
    true
}

/// Every attempt failed. `AWSPENDING` stays where it is, except after a test (fact 5).
pub(crate) fn fail(secret: &mut Secret, run: &Unfinished, now: Timestamp) {
    if run.kind == RotationKind::TestOnly {
        end(secret, run);
    }
    secret.record(TrailEventName::failed(run.kind), run.token.clone(), now);
}

/// The label was taken off the version: the rotation cannot go on (fact 7).
pub(crate) fn give_up(secret: &mut Secret, run: &Unfinished, now: Timestamp) {
    if secret.unfinished.as_ref() == Some(run) {
        end(secret, run);
        secret.record(TrailEventName::RotationAbandoned, run.token.clone(), now);
    }
}

/// Begun days count as whole ones.
fn days_between(now: Timestamp, next: Timestamp) -> u16 {
    let hours = next.duration_since(now).as_hours();
    u16::try_from(hours / 24 + 1).unwrap_or(u16::MAX)
}

fn end(secret: &mut Secret, run: &Unfinished) {
    if secret.unfinished.as_ref() == Some(run) {
        secret.unfinished = None;
    }
    if run.kind == RotationKind::TestOnly {
        remove_test_version(secret, &run.token);
    }
}

/// Fact 5. Somebody may have put another label on the version meanwhile: then only `AWSPENDING` goes.
fn remove_test_version(secret: &mut Secret, token: &VersionId) {
    if let Some(version) = secret.version_mut(token) {
        version.stages.remove(&Label::Pending);
    }
    secret
        .versions
        .retain(|version| version.id != *token || !version.stages.is_empty());
}

/// `CancelRotateSecret` (facts 8 and 9). The version that the rotation was making, if any.
pub(crate) fn cancel(secret: &mut Secret, now: Timestamp) -> Result<Option<VersionId>, ApiError> {
    secret.refuse_deleted()?;
    secret.refuse_replica()?;
    let Some(rotation) = &mut secret.rotation else {
        return Err(ApiError::invalid_request(
            "Rotation isn't configured for this secret.",
        ));
    };
    rotation.enabled = false;
    rotation.next = None;
    rotation.due = None;
    secret.last_changed = now;
    let Some(run) = secret.unfinished.take() else {
        return Ok(None);
    };
    end(secret, &run);
    Ok(Some(run.token))
}

/// Fact 7: a version that the rotation did not ask for abandons it.
pub(crate) fn abandon_for(secret: &mut Secret, new: &VersionId, now: Timestamp) {
    let Some(run) = secret.unfinished.take_if(|run| run.token != *new) else {
        return;
    };
    if secret.carries(&run.token, &Label::Pending) {
        detach(secret, &Label::Pending);
    }
    end(secret, &run);
    secret.record(TrailEventName::RotationAbandoned, run.token, now);
}
