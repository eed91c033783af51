//! Runs rotations: the steps in order, the whole of it again after a failure (fact 6), and what the schedule says (fact 18).

use std::sync::Arc;

use axum::body::Bytes;
use serde_json::json;
use staging_labels::{Step, VersionId};

use crate::core::{Core, fresh_rotation_token};
use crate::lambda::{FunctionError, Invocation};
use crate::runs::{RotationOutcome, StepRun};
use crate::state::{ApiError, Begun, Kind, RotationRequest, Standing, Unfinished};

/// Runs a rotation in the background, unless that very rotation runs already.
pub(crate) fn begin(core: &Arc<Core>, arn: String, run: Unfinished) {
    if core.runs.open(&arn, &run.token, run.kind, core.clock.now()) {
        tokio::spawn(drive(Arc::clone(core), arn, run));
    }
}

async fn drive(core: Arc<Core>, arn: String, run: Unfinished) {
    let outcome = attempts(&core, &arn, &run).await;
    // An error means that the secret is gone meanwhile, and with it the rotation.
    let _ = core.write(|state, now| {
        state.change(&arn, |secret| {
            match outcome {
                RotationOutcome::Failed => secret.fail(&run, now),
                RotationOutcome::Abandoned => secret.give_up(&run, now),
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
        // The step may have failed for the very reason that the rotation is over.
        if let Err(Stop::Ended(outcome)) = check_standing(core, arn, &run.token) {
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
        Kind::Full => &Step::ALL,
        Kind::TestOnly => &[Step::Test],
    };
    check_standing(core, arn, &run.token)?;
    core.runs.attempt(arn, &run.token);
    for step in steps {
        check_standing(core, arn, &run.token)?;
        deliver(core, arn, run, *step).await?;
    }
    check_standing(core, arn, &run.token)?;
    let succeeded = core.write(|state, now| state.change(arn, |secret| Ok(secret.succeed(run, now))));
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
fn check_standing(core: &Core, arn: &str, token: &VersionId) -> Result<(), Stop> {
    let standing = core.read(|state| {
        state
            .get(arn)
            .map_or(Standing::Cancelled, |secret| secret.standing(token))
    });
    match standing {
        Standing::Running => Ok(()),
        Standing::Abandoned => Err(Stop::Ended(RotationOutcome::Abandoned)),
        Standing::Cancelled => Err(Stop::Ended(RotationOutcome::Cancelled)),
    }
}

async fn deliver(core: &Core, arn: &str, run: &Unfinished, step: Step) -> Result<(), Stop> {
    let function = core.read(|state| {
        let rotation = state.get(arn).ok()?.rotation.as_ref()?;
        rotation
            .function_arn
            .as_deref()
            .and_then(|arn| core.host.name_of(arn))
    });
    let invocation = match function {
        Some(function) => core.host.invoke(&function, event(arn, run, step)).await,
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
pub(crate) fn event(arn: &str, run: &Unfinished, step: Step) -> Bytes {
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
        error_message: "the rotation function does not exist any more".to_owned(),
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

/// Rotates what is due, for as long as the server lives.
pub(crate) async fn schedule(core: Arc<Core>) {
    loop {
        for arn in take_due(&core) {
            // A refusal means that an earlier rotation is still unfinished: it is attempted again.
            let begun = rotate_on_schedule(&core, &arn);
            if let Ok(Some(run)) = begun {
                begin(&core, arn, run);
            }
        }
        let next = core.read(|state| {
            let rotations = state.secrets().filter_map(|secret| secret.rotation.as_ref());
            rotations
                .filter(|rotation| rotation.enabled)
                .filter_map(|rotation| rotation.due)
                .min()
        });
        tokio::select! {
            () = core.clock.wait_until(next) => {}
            () = core.rescheduled.notified() => {}
        }
    }
}

fn take_due(core: &Core) -> Vec<String> {
    core.write(|state, now| {
        state.expire(now);
        let arns: Vec<_> = state.secrets().map(|secret| secret.arn.clone()).collect();
        let due = |arn: &String| {
            state
                .change(arn, |secret| Ok(secret.take_due(now)))
                .unwrap_or(false)
        };
        arns.into_iter().filter(due).collect()
    })
}

fn rotate_on_schedule(core: &Core, arn: &str) -> Result<Option<Unfinished>, ApiError> {
    core.write(|state, now| {
        state.change(arn, |secret| {
            let unfinished = secret.unfinished.clone();
            if let Some(run) = unfinished.filter(|run| secret.standing(&run.token) == Standing::Running) {
                return Ok(Some(run));
            }
            let due = secret.rotation.as_ref().and_then(|rotation| rotation.due);
            let request = RotationRequest {
                token: VersionId::stored(uuid::Uuid::new_v4().to_string()),
                rotation_token: fresh_rotation_token(),
                function_arn: None,
                rules: None,
                immediately: true,
            };
            let begun = secret.begin_rotation(request, now)?;
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
