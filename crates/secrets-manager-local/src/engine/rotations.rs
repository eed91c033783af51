//! Runs rotations: the steps in order, and all of them again after a failure (fact 6).

use std::sync::Arc;

use axum::body::Bytes;
use serde_json::json;
use staging_labels::{Step, VersionId};

use super::core::Core;
use crate::lambda::{FunctionError, Invocation};
use crate::records::{RotationOutcome, StepRun};
use crate::state::rotate::{self, RotationStatus};
use crate::state::{RotationKind, Unfinished};

/// Runs a rotation in the background, unless that very rotation runs already.
pub(crate) fn begin(core: &Arc<Core>, arn: String, run: Unfinished) {
    if core.runs.open(&arn, &run.token, run.kind, core.clock.now()) {
        tokio::spawn(drive(Arc::clone(core), arn, run));
    }
}

async fn drive(core: Arc<Core>, arn: String, run: Unfinished) {
    let outcome = attempts(&core, &arn, &run).await;
    // The secret first, then the record: `wait_for_rotation` returns at the record, and its caller reads the secret.
    // An error means that the secret is gone, and its rotation with it.
    let _ = core.write_by(&arn, |state, now| {
        state.change(&arn, |secret| {
            match outcome {
                RotationOutcome::Failed => rotate::fail(secret, &run, now),
                RotationOutcome::Abandoned => rotate::give_up(secret, &run, now),
                RotationOutcome::Succeeded | RotationOutcome::Cancelled => {}
            }
            Ok(())
        })
    });
    core.runs.end(&arn, &run.token, outcome);
    core.rescheduled.notify_one();
}

async fn attempts(core: &Core, arn: &str, run: &Unfinished) -> RotationOutcome {
    let delays = core.settings.retry_delays.iter().map(Some).chain([None]);
    for delay in delays {
        match attempt(core, arn, run).await {
            Ok(()) => return RotationOutcome::Succeeded,
            Err(Stop::Ended(outcome)) => return outcome,
            Err(Stop::Failed) => {}
        }
        // The step may have failed because the rotation was cancelled or abandoned: then no attempt follows.
        if let Err(Stop::Ended(outcome)) = check_status(core, arn, &run.token) {
            return outcome;
        }
        if let Some(delay) = delay {
            tokio::time::sleep(*delay).await;
        }
    }
    RotationOutcome::Failed
}

/// Why an attempt did not succeed.
enum Stop {
    /// A step failed; another attempt may follow.
    Failed,
    /// The rotation is over.
    Ended(RotationOutcome),
}

async fn attempt(core: &Core, arn: &str, run: &Unfinished) -> Result<(), Stop> {
    let steps: &[Step] = match run.kind {
        RotationKind::Full => &Step::ALL,
        RotationKind::TestOnly => &[Step::Test],
    };
    check_status(core, arn, &run.token)?;
    core.runs.attempt(arn, &run.token);
    for step in steps {
        check_status(core, arn, &run.token)?;
        deliver(core, arn, run, *step).await?;
    }
    check_status(core, arn, &run.token)?;
    let removal = core.settings.pending_removal;
    let succeeded = core.write_by(arn, |state, now| {
        state.change(arn, |secret| Ok(rotate::succeed(secret, run, removal, now)))
    });
    match succeeded {
        Ok(true) => Ok(()),
        Ok(false) => {
            not_promoted(core, arn, &run.token);
            Err(Stop::Failed)
        }
        Err(_) => Err(Stop::Ended(RotationOutcome::Cancelled)),
    }
}

/// Fact 7: between two steps the rotation may have been abandoned or cancelled.
fn check_status(core: &Core, arn: &str, token: &VersionId) -> Result<(), Stop> {
    let status = core.read_by(arn, |state| {
        state
            .get(arn)
            .map_or(RotationStatus::Cancelled, |secret| rotate::status(secret, token))
    });
    match status {
        RotationStatus::Running => Ok(()),
        RotationStatus::Abandoned => Err(Stop::Ended(RotationOutcome::Abandoned)),
        RotationStatus::Cancelled => Err(Stop::Ended(RotationOutcome::Cancelled)),
    }
}

async fn deliver(core: &Core, arn: &str, run: &Unfinished, step: Step) -> Result<(), Stop> {
    let region = core.realm().region_of(arn);
    let function = core.read_by(arn, |state| {
        let rotation = state.get(arn).ok()?.rotation.as_ref()?;
        rotation
            .function_arn
            .as_deref()
            .filter(|function| core.host.lets_rotations_invoke(function, region))
            .and_then(|function| core.host.name_of(function))
    });
    let invocation = match function {
        Some(function) => core.host.invoke(&function, region, event(arn, run, step)).await,
        None => None,
    };
    let record = match &invocation {
        Some(Invocation { duration, error, .. }) => StepRun {
            step: step.name(),
            duration: *duration,
            error: error.clone(),
        },
        None => StepRun {
            step: step.name(),
            duration: std::time::Duration::ZERO,
            error: Some(no_function()),
        },
    };
    let failed = record.error.is_some();
    core.runs.step(arn, &run.token, record);
    if failed { Err(Stop::Failed) } else { Ok(()) }
}

/// The event of fact 1.
fn event(arn: &str, run: &Unfinished, step: Step) -> Bytes {
    let event = json!({
        "Step": step.name(),
        "SecretId": arn,
        "ClientRequestToken": run.token.as_str(),
        "RotationToken": run.rotation_token,
    });
    Bytes::from(event.to_string())
}

fn no_function() -> FunctionError {
    FunctionError {
        error_type: "ResourceNotFoundException".to_owned(),
        error_message: "the rotation function does not exist any more, or may not be invoked".to_owned(),
    }
}

/// All four steps went well, yet `AWSCURRENT` is elsewhere: AWS does not count that as a rotation (fact 4).
fn not_promoted(core: &Core, arn: &str, token: &VersionId) {
    let error = FunctionError {
        error_type: "RotationIncomplete".to_owned(),
        error_message: format!("finishSecret succeeded, but AWSCURRENT is not on version {token}"),
    };
    let step = StepRun {
        step: Step::Finish.name(),
        duration: std::time::Duration::ZERO,
        error: Some(error),
    };
    core.runs.step(arn, token, step);
}
