//! Begins the rotations that the schedules ask for (fact 18).

use std::sync::Arc;

use jiff::Timestamp;
use staging_labels::VersionId;

use super::core::{Core, fresh_rotation_token};
use super::rotations::begin;
use crate::state::rotate::{self, Begun, RotationRequest, RotationStatus};
use crate::state::{ApiError, ExternalRotation, Unfinished};

/// Rotates what is due, for as long as the server lives.
pub(crate) async fn run_schedule(core: Arc<Core>) {
    loop {
        let due: Vec<_> = core
            .realm()
            .regions()
            .flat_map(|region| take_due(&core, region))
            .collect();
        for arn in due {
            if !may_invoke(&core, &arn) {
                pass_by(&core, &arn);
                continue;
            }
            // A refusal means that an earlier rotation is still unfinished: it is attempted again.
            let begun = rotate_on_schedule(&core, &arn);
            if let Ok(Some(run)) = begun {
                begin(&core, arn, run);
            }
        }
        let next = core
            .realm()
            .regions()
            .filter_map(|region| next_due(&core, region))
            .min();
        tokio::select! {
            () = core.clock.wait_until(next) => {}
            () = core.rescheduled.notified() => {}
        }
    }
}

fn next_due(core: &Core, region: &str) -> Option<Timestamp> {
    core.read(region, |state| {
        let rotations = state.secrets().filter_map(|secret| secret.rotation.as_ref());
        rotations
            .filter(|rotation| rotation.enabled)
            .filter_map(|rotation| rotation.due)
            .min()
    })
}

fn take_due(core: &Core, region: &str) -> Vec<String> {
    core.write(region, |state, now| {
        state.expire(now);
        let arns: Vec<_> = state.secrets().map(|secret| secret.arn.clone()).collect();
        let due = |arn: &String| {
            state
                .change(arn, |secret| Ok(rotate::take_due(secret, now)))
                .unwrap_or(false)
        };
        arns.into_iter().filter(due).collect()
    })
}

/// A rotation whose function may not be invoked does not begin, as RotateSecret is refused (fact 27): its window passes. Nothing makes up
/// for it, and no label shows it.
fn may_invoke(core: &Core, arn: &str) -> bool {
    let region = core.realm().region_of(arn);
    let function = core.read(region, |state| rotate::rotation_function(state.get(arn)?, None));
    function.is_ok_and(|function| core.host.lets_rotations_invoke(&function, region))
}

/// `NextRotationDate` stays in the future.
fn pass_by(core: &Core, arn: &str) {
    // An error means that the secret is gone.
    let _ = core.write_by(arn, |state, now| {
        state.change(arn, |secret| {
            if let Some(rotation) = &mut secret.rotation {
                rotation.next = rotation.rules.as_ref().and_then(|rules| rules.next_window(now));
            }
            Ok(())
        })
    });
}

fn rotate_on_schedule(core: &Core, arn: &str) -> Result<Option<Unfinished>, ApiError> {
    core.write_by(arn, |state, now| {
        state.change(arn, |secret| {
            let unfinished = secret.unfinished.clone();
            if let Some(run) =
                unfinished.filter(|run| rotate::status(secret, &run.token) == RotationStatus::Running)
            {
                return Ok(Some(run));
            }
            let due = secret.rotation.as_ref().and_then(|rotation| rotation.due);
            let request = RotationRequest {
                token: VersionId::stored(uuid::Uuid::new_v4().to_string()),
                rotation_token: fresh_rotation_token(),
                function_arn: None,
                rules: None,
                immediately: true,
                external: ExternalRotation::default(),
            };
            let begun = rotate::begin(secret, request, now)?;
            if let Some(rotation) = &mut secret.rotation {
                rotation.due = due;
            }
            Ok(match begun {
                Begun::Started(run) => Some(run),
                Begun::Repeated => None,
            })
        })
    })
}
