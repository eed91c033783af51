//! Carries out a call of the Secrets Manager API.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::core::{Core, fresh_rotation_token};
use super::rotations;
use crate::api::{self, Answer, Context, Operation};
use crate::faults::throttled;
use crate::state::ApiError;

/// Carries out a call in a region, and starts the rotation that it begins.
///
/// With `stale`, a read sees each secret as it was before its last write (fact 10).
pub(crate) fn perform(
    core: &Arc<Core>,
    region: &str,
    operation: Operation,
    members: &Map<String, Json>,
    stale: bool,
) -> Result<Json, ApiError> {
    let now = core.clock.now();
    if !core.admits(operation, now) {
        return Err(throttled());
    }
    let answer = answer(core, region, operation, members, stale && operation.reads(), now);
    match (operation, answer) {
        (_, Ok(answer)) => {
            if let Some((arn, run)) = answer.begun {
                rotations::begin(core, arn, run);
            }
            core.rescheduled.notify_one();
            Ok(answer.body)
        }
        (Operation::RotateSecret, Err(error)) => {
            reattempt(core, region, members);
            Err(error)
        }
        (_, Err(error)) => Err(error),
    }
}

fn answer(
    core: &Core,
    region: &str,
    operation: Operation,
    members: &Map<String, Json>,
    stale: bool,
    now: Timestamp,
) -> Result<Answer, ApiError> {
    let context = Context {
        now,
        realm: core.realm(),
        region,
        arn_suffix: core.arn_suffix(),
        rotation_token: fresh_rotation_token(),
        may_invoke: &|arn| arn.starts_with("arn:") && core.host.lets_rotations_invoke(arn, region),
    };
    core.write(region, |state, _| {
        if stale {
            return api::perform(operation, members, &mut state.before_last_writes(), &context);
        }
        api::perform(operation, members, state, &context)
    })
}

/// "That rotation will be reattempted" (fact 3): the one that failed and was neither abandoned nor cancelled.
fn reattempt(core: &Arc<Core>, region: &str, members: &Map<String, Json>) {
    let id = members.get("SecretId").and_then(Json::as_str).unwrap_or_default();
    let waiting = core.read(region, |state| {
        let secret = state.find(id).ok()?;
        let function = secret.rotation.as_ref()?.function_arn.as_ref();
        let run = secret
            .unfinished
            .clone()
            .filter(|_| function.is_some() && secret.deletion.is_none())?;
        Some((secret.arn.clone(), run))
    });
    if let Some((arn, run)) = waiting.filter(|_| core.settings.reattempt_refused) {
        rotations::begin(core, arn, run);
    }
}
