//! The AWS JSON 1.1 protocol in front of the calls, with the faults that were asked for.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value as Json, json};

use super::credential::{Credential, region};
use super::{logs_api, sts_api, trail_api};
use crate::api::Operation;
use crate::engine::{self, Core};
use crate::faults::{Call, Cut, Plan};
use crate::http::hang_up;
use crate::lambda::{Event, Sandbox};
use crate::records::CallRecord;
use crate::state::{ApiError, ErrorCode};

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// `POST /`
pub(crate) async fn call(State(core): State<Arc<Core>>, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(answer) = sts_api::answer(&core, &headers, &body) {
        return answer;
    }
    if !is_json(&headers) {
        return unsupported_media_type();
    }
    let target = headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok())
        .unwrap_or_default();
    let other =
        logs_api::answer(&core, target, &body).or_else(|| trail_api::answer(&core, &headers, target, &body));
    if let Some(answer) = other {
        return answer;
    }
    let name = target.strip_prefix("secretsmanager.").unwrap_or(target);
    let caller = Caller::of(&core, &headers);
    let members = match serde_json::from_slice::<Json>(&body) {
        Ok(Json::Object(members)) => Some(members),
        _ if body.is_empty() => Some(Map::new()),
        _ => None,
    };
    let region = region(&core, &headers);
    let number = core.calls.open(record(name, region, &caller, members.as_ref()));
    let (outcome, faults) = match (Operation::named(name), members, region) {
        (Err(_), _, _) => (Outcome::Answer(Err(unknown_operation())), Vec::new()),
        (Ok(_), None, _) => (Outcome::Answer(Err(not_json())), Vec::new()),
        (Ok(_), Some(_), None) => (Outcome::Answer(Err(unknown_region(&core))), Vec::new()),
        (Ok(operation), Some(members), Some(region)) => {
            with_faults(&core, region, operation, &members, &caller).await
        }
    };
    core.calls.close(number, outcome.code(), faults);
    outcome.into_response()
}

/// Whether the content type, if there is one, is the protocol's or plain JSON. A web page can send others without asking.
fn is_json(headers: &HeaderMap) -> bool {
    headers.get("content-type").is_none_or(|value| {
        let value = value.to_str().unwrap_or_default();
        let essence = value.split(';').next().unwrap_or_default().trim();
        [CONTENT_TYPE, "application/json"]
            .iter()
            .any(|known| essence.eq_ignore_ascii_case(known))
    })
}

fn unsupported_media_type() -> Response {
    let message = format!("The content type must be {CONTENT_TYPE} or application/json.");
    let body = json!({ "__type": "UnsupportedMediaTypeException", "Message": message });
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, axum::Json(body)).into_response()
}

/// What the caller gets.
enum Outcome {
    Answer(Result<Json, ApiError>),
    Dropped,
}

impl Outcome {
    fn code(&self) -> &str {
        match self {
            Self::Answer(Ok(_)) => "OK",
            Self::Answer(Err(error)) => error.code.as_str(),
            Self::Dropped => "dropped",
        }
    }

    fn into_response(self) -> Response {
        let id = uuid::Uuid::new_v4().to_string();
        let headers = [
            ("x-amzn-requestid", id),
            ("content-type", CONTENT_TYPE.to_owned()),
        ];
        match self {
            Self::Dropped => hang_up(),
            Self::Answer(Ok(body)) => (headers, body.to_string()).into_response(),
            Self::Answer(Err(error)) => {
                let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
                let error_type = [("x-amzn-errortype", error.code.as_str().to_owned())];
                let body = json!({ "__type": error.code.as_str(), "Message": error.message });
                (status, headers, error_type, body.to_string()).into_response()
            }
        }
    }
}

/// Who calls: a sandbox of a function, or anybody else.
struct Caller {
    sandbox: Option<Arc<Sandbox>>,
    event: Option<Event>,
}

impl Caller {
    /// A sandbox is known by the access key id in the signature.
    fn of(core: &Core, headers: &HeaderMap) -> Self {
        let key = Credential::of(headers).map(|credential| credential.access_key_id);
        let sandbox = key.and_then(|key| core.host.sandbox(key));
        let event = sandbox.as_ref().and_then(|sandbox| sandbox.event());
        Self { sandbox, event }
    }

    fn function(&self) -> Option<&str> {
        self.sandbox.as_ref().map(|sandbox| sandbox.function.as_str())
    }

    /// What the caller suffers before its connection is closed.
    async fn end(&self, cut: Cut) {
        if let (Cut::Kill, Some(sandbox)) = (cut, &self.sandbox) {
            sandbox.kill().await;
        }
    }
}

async fn with_faults(
    core: &Arc<Core>,
    region: &str,
    operation: Operation,
    members: &Map<String, Json>,
    caller: &Caller,
) -> (Outcome, Vec<&'static str>) {
    let mut plan = meet_faults(core, region, operation, members, caller);
    let names = std::mem::take(&mut plan.names);
    if !plan.delay.is_zero() {
        tokio::time::sleep(plan.delay).await;
    }
    if let Some(cut) = plan.before {
        caller.end(cut).await;
        return (Outcome::Dropped, names);
    }
    if let Some(error) = plan.error {
        return (Outcome::Answer(Err(error)), names);
    }
    let answer = engine::perform(core, region, operation, members, plan.stale);
    if let Some(cut) = plan.after {
        caller.end(cut).await;
        return (Outcome::Dropped, names);
    }
    (Outcome::Answer(answer), names)
}

fn meet_faults(
    core: &Core,
    region: &str,
    operation: Operation,
    members: &Map<String, Json>,
    caller: &Caller,
) -> Plan {
    let asked = text(members, "SecretId").or_else(|| text(members, "Name"));
    let rotating = caller.event.as_ref().map(|event| event.secret_id.as_str());
    let mut secrets: Vec<String> = asked.or(rotating).map(str::to_owned).into_iter().collect();
    core.read(region, |state| {
        let found: Vec<_> = secrets.iter().filter_map(|id| state.find(id).ok()).collect();
        let known: Vec<_> = found
            .iter()
            .flat_map(|secret| [secret.arn.clone(), secret.name.clone()])
            .collect();
        secrets.extend(known);
    });
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let step = caller.event.as_ref().map(|event| event.step.as_str());
    core.faults.meet(&Call {
        operation,
        function: caller.function(),
        step,
        secrets: &secrets,
    })
}

fn record(
    name: &str,
    region: Option<&str>,
    caller: &Caller,
    members: Option<&Map<String, Json>>,
) -> CallRecord {
    let any = |names: &[&str]| {
        let members = members?;
        names
            .iter()
            .find_map(|name| text(members, name))
            .map(str::to_owned)
    };
    let stages = members
        .and_then(|members| members.get("VersionStages"))
        .and_then(Json::as_array);
    let joined = stages.map(|all| all.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(","));
    CallRecord {
        number: 0,
        operation: name.to_owned(),
        region: region.map(str::to_owned),
        function: caller.function().map(str::to_owned),
        sandbox: caller.sandbox.as_ref().map(|sandbox| sandbox.id.clone()),
        step: caller.event.as_ref().map(|event| event.step.clone()),
        rotating: caller.event.as_ref().map(|event| event.secret_id.clone()),
        secret_id: any(&["SecretId", "Name"]),
        version_id: any(&["VersionId", "ClientRequestToken", "MoveToVersionId"]),
        version_stage: any(&["VersionStage"]).or(joined),
        started: std::time::Duration::ZERO,
        ended: None,
        outcome: None,
        faults: Vec::new(),
    }
}

fn text<'a>(members: &'a Map<String, Json>, name: &str) -> Option<&'a str> {
    members.get(name).and_then(Json::as_str)
}

fn unknown_operation() -> ApiError {
    ApiError::new(
        ErrorCode::UnknownOperation,
        "The requested operation is not one of this API.",
    )
}

fn unknown_region(core: &Core) -> ApiError {
    let regions = core.realm().regions().collect::<Vec<_>>().join(", ");
    ApiError::new(
        ErrorCode::Other("InvalidSignatureException".to_owned()),
        format!("Credential should be scoped to a valid region. This server has {regions}."),
    )
}

fn not_json() -> ApiError {
    ApiError::new(
        ErrorCode::Serialization,
        "The request's body is not a JSON object.",
    )
}
