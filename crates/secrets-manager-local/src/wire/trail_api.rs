//! `LookupEvents` of `CloudTrail`: what rotations left there, and who changed a secret.

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use staging_labels::VersionId;

use super::credential::region;
use crate::engine::Core;
use crate::records::CallRecord;
use crate::state::TrailEventName;

/// How the operation's name ends; AWS's own clients put more or less in front of it.
const TARGET: &str = "CloudTrail_20131101.LookupEvents";
/// Most events in one answer, as of AWS.
const PAGE: usize = 50;
/// Calls that change a secret.
const CHANGES: [&str; 4] = [
    "CancelRotateSecret",
    "PutSecretValue",
    "UpdateSecret",
    "UpdateSecretVersionStage",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    #[serde(default)]
    lookup_attributes: Vec<Attribute>,
    start_time: Option<f64>,
    end_time: Option<f64>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    attribute_key: String,
    attribute_value: String,
}

/// The answer, if the target is this operation.
pub(super) fn answer(core: &Core, headers: &HeaderMap, target: &str, body: &[u8]) -> Option<Response> {
    target.ends_with(TARGET).then_some(())?;
    let region = region(core, headers).unwrap_or_else(|| core.realm().home());
    let Ok(asked) = serde_json::from_slice::<Asked>(body) else {
        let error_type = [("x-amzn-errortype", "InvalidLookupAttributesException")];
        let body = json!({ "message": "The request's members cannot be read." });
        return Some((StatusCode::BAD_REQUEST, error_type, axum::Json(body)).into_response());
    };
    let wanted = |name: &str| {
        asked
            .lookup_attributes
            .iter()
            .all(|attribute| attribute.attribute_key == "EventName" && attribute.attribute_value == name)
    };
    let mut events: Vec<(Timestamp, Json)> = rotations(core, region)
        .into_iter()
        .chain(changes(core, region))
        .filter(|(at, name, _)| {
            let seconds = at.as_duration().as_secs_f64();
            wanted(name)
                && asked.start_time.is_none_or(|start| seconds >= start)
                && asked.end_time.is_none_or(|end| seconds <= end)
        })
        .map(|(at, name, event)| (at, entry(at, &name, &event)))
        .collect();
    // Newest first, as AWS answers.
    events.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let start = asked
        .next_token
        .as_deref()
        .and_then(|token| token.parse().ok())
        .unwrap_or(0);
    let limit = asked.max_results.unwrap_or(PAGE).clamp(1, PAGE);
    let more = (events.len() > start + limit).then(|| (start + limit).to_string());
    let page: Vec<Json> = events
        .into_iter()
        .skip(start)
        .take(limit)
        .map(|(_, event)| event)
        .collect();
    let mut body = json!({ "Events": page });
    if let Some(token) = more {
        body["NextToken"] = token.into();
    }
    Some(axum::Json(body).into_response())
}

fn entry(at: Timestamp, name: &str, event: &Json) -> Json {
    json!({
        "EventId": uuid::Uuid::new_v4().to_string(),
        "EventName": name,
        "ReadOnly": "false",
        "EventTime": at.as_duration().as_secs_f64(),
        "EventSource": "secretsmanager.amazonaws.com",
        "Resources": [],
        "CloudTrailEvent": event.to_string(),
    })
}

/// Events of the service itself. They name no caller.
fn rotations(core: &Core, region: &str) -> Vec<(Timestamp, String, Json)> {
    let account = core.realm().account();
    let all: Vec<_> = core.read(region, |state| {
        let of = |secret: &crate::state::Secret| {
            let events = secret.trail.iter().cloned();
            events
                .map(|event| (secret.arn.clone(), event))
                .collect::<Vec<_>>()
        };
        state.secrets().flat_map(of).collect()
    });
    all.into_iter()
        .map(|(arn, event)| {
            let name = format!("{:?}", event.name);
            let mut body = json!({
                "eventVersion": "1.08",
                "userIdentity": { "accountId": account, "invokedBy": "secretsmanager.amazonaws.com" },
                "eventTime": event.at.to_string(),
                "eventSource": "secretsmanager.amazonaws.com",
                "eventName": name,
                "awsRegion": region,
                "additionalEventData": { "SecretId": arn },
                "eventType": "AwsServiceEvent",
            });
            let failed = [TrailEventName::RotationFailed, TrailEventName::TestRotationFailed];
            if failed.contains(&event.name) {
                body["errorMessage"] = failure(core, &arn, &event.version).into();
            }
            (event.at, name, body)
        })
        .collect()
}

fn failure(core: &Core, arn: &str, version: &VersionId) -> String {
    let runs = core.runs.list(Some(arn));
    let step = runs
        .iter()
        .rev()
        .filter(|run| run.token == *version)
        .flat_map(|run| run.attempts.iter().rev())
        .flat_map(|attempt| attempt.steps.iter().rev())
        .find(|step| step.error.is_some())
        .map_or("createSecret", |step| step.step);
    let function = core.read_by(arn, |state| {
        let rotation = state.get(arn).ok()?.rotation.as_ref()?;
        rotation.function_arn.clone()
    });
    let function = function.unwrap_or_default();
    if was_stored_by_another(core, arn, version, &function) {
        return format!(
            "Pending secret version {version} for Secret {arn} was not created by Lambda {function}. \
             Remove the AWSPENDING staging label and restart rotation."
        );
    }
    format!("Error when executing lambda {function} during {step} step")
}

/// Whether the version has its value from a caller that is not the function: somebody else, or the function by other credentials. Of a
/// function that never calls by its own credentials, that cannot be said: it may pass the `RotationToken`, or run elsewhere.
fn was_stored_by_another(core: &Core, arn: &str, version: &VersionId, function: &str) -> bool {
    let name = function.rsplit(":function:").next().unwrap_or_default();
    let name = name.split(':').next();
    let calls = core.calls.list();
    let own = |call: &&CallRecord| call.function.as_deref() == name && call.rotating.as_deref() == Some(arn);
    let Some(_) = calls.iter().find(own) else {
        return false;
    };
    let mut stores = calls.iter().filter(|call| {
        let about = call.secret_id.as_deref().is_some_and(|id| arn.contains(id));
        call.operation == "PutSecretValue"
            && call.outcome.as_deref() == Some("OK")
            && call.version_id.as_deref() == Some(version.as_str())
            && about
    });
    stores.any(|call| call.function.as_deref() != name)
}

/// Calls that changed a secret, and who made them.
fn changes(core: &Core, region: &str) -> Vec<(Timestamp, String, Json)> {
    let account = core.realm().account();
    let now = core.clock.now();
    let since_start = core.calls.age();
    let at = |call: &CallRecord| {
        let ago = since_start.saturating_sub(call.started);
        let ago = jiff::SignedDuration::try_from(ago).unwrap_or_default();
        now.checked_sub(ago).unwrap_or(now)
    };
    core.calls
        .list()
        .iter()
        .filter(|call| call.region.as_deref() == Some(region))
        .filter(|call| CHANGES.contains(&call.operation.as_str()) && call.outcome.as_deref() == Some("OK"))
        .map(|call| {
            let who = match &call.function {
                Some(function) => json!({
                    "type": "AssumedRole",
                    "arn": format!("arn:aws:sts::{account}:assumed-role/{function}/{function}"),
                    "accountId": account,
                }),
                None => json!({
                    "type": "IAMUser",
                    "arn": format!("arn:aws:iam::{account}:user/local"),
                    "accountId": account,
                }),
            };
            let body = json!({
                "eventVersion": "1.08",
                "userIdentity": who,
                "eventTime": at(call).to_string(),
                "eventSource": "secretsmanager.amazonaws.com",
                "eventName": call.operation,
                "awsRegion": region,
                "requestParameters": { "secretId": call.secret_id, "clientRequestToken": call.version_id },
                "eventType": "AwsApiCall",
            });
            (at(call), call.operation.clone(), body)
        })
        .collect()
}
