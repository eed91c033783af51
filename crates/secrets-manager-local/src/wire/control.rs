//! The control API under `/_local`: faults, the log of calls, rotations, and what AWS has no call for.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use staging_labels::VersionId;

use super::metrics_api;
use crate::engine::Core;
use crate::faults::{Fault, FaultId, InjectedFault};
use crate::records::{CallRecord, RotationRun};
use crate::state::{ApiError, TrailEvent};

/// The routes under `/_local`.
pub(crate) fn routes() -> Router<Arc<Core>> {
    Router::new()
        .route("/_local/health", get(health))
        .route("/_local/reset", post(reset))
        .route(
            "/_local/faults",
            post(inject).get(list_faults).delete(clear_faults),
        )
        .route("/_local/faults/{id}", axum::routing::delete(remove_fault))
        .route("/_local/calls", get(list_calls).delete(clear_calls))
        .route("/_local/pending", post(stage_pending))
        .route("/_local/rotations", get(list_rotations))
        .route("/_local/rotations/{version}", get(await_rotation))
        .route("/_local/events", get(list_events))
        .route("/_local/secrets", post(change_secret))
        .route("/_local/functions", get(list_functions))
        .route("/_local/functions/{name}/logs", get(function_logs))
        .route("/_local/functions/{name}/metrics", get(metrics_api::list))
        .route("/_local/functions/{name}/cool", post(cool_down))
}

async fn health() -> Response {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") })).into_response()
}

async fn reset(State(core): State<Arc<Core>>) -> StatusCode {
    core.reset();
    StatusCode::NO_CONTENT
}

async fn inject(State(core): State<Arc<Core>>, Body(fault): Body<Fault>) -> Response {
    match fault.check() {
        Ok(()) => Json(json!({ "id": core.faults.inject(fault) })).into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

async fn list_faults(State(core): State<Arc<Core>>) -> Json<Vec<InjectedFault>> {
    Json(core.faults.list())
}

async fn clear_faults(State(core): State<Arc<Core>>) -> StatusCode {
    core.faults.clear();
    StatusCode::NO_CONTENT
}

async fn remove_fault(State(core): State<Arc<Core>>, Path(id): Path<FaultId>) -> StatusCode {
    core.faults.remove(id);
    StatusCode::NO_CONTENT
}

async fn list_calls(State(core): State<Arc<Core>>) -> Json<Vec<CallRecord>> {
    Json(core.calls.list())
}

async fn clear_calls(State(core): State<Arc<Core>>) -> StatusCode {
    core.calls.clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Pending {
    secret_id: String,
    client_request_token: String,
    rotation_token: Option<String>,
}

async fn stage_pending(State(core): State<Arc<Core>>, Body(pending): Body<Pending>) -> Response {
    let token: VersionId = match pending.client_request_token.parse() {
        Ok(token) => token,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("{error}")).into_response(),
    };
    match core.stage_pending(&pending.secret_id, token, pending.rotation_token) {
        Ok(rotation_token) => Json(json!({ "RotationToken": rotation_token })).into_response(),
        Err(error) => refused(&error),
    }
}

#[derive(Deserialize)]
struct Which {
    secret: Option<String>,
}

async fn list_rotations(State(core): State<Arc<Core>>, Query(which): Query<Which>) -> Json<Vec<RotationRun>> {
    let arn = which.secret.map(|id| arn_of(&core, id));
    Json(core.runs.list(arn.as_deref()))
}

/// Answers when the rotation has ended.
async fn await_rotation(
    State(core): State<Arc<Core>>,
    Path(version): Path<String>,
    Query(which): Query<Which>,
) -> Response {
    let arn = arn_of(&core, which.secret.unwrap_or_default());
    match core.runs.wait(&arn, &version).await {
        Some(run) => Json(run).into_response(),
        None => (StatusCode::NOT_FOUND, "no such rotation").into_response(),
    }
}

/// The ARN of a secret, or what was asked for if there is none.
fn arn_of(core: &Core, id: String) -> String {
    let found = core.read_by(&id, |state| state.resolve(&id).map(str::to_owned));
    found.unwrap_or(id)
}

async fn list_events(State(core): State<Arc<Core>>, Query(which): Query<Which>) -> Response {
    let id = which.secret.unwrap_or_default();
    let entry = |event: &TrailEvent| json!({ "eventName": event.name, "eventTime": event.at.to_string(), "versionId": event.version.as_str() });
    let events = core.read_by(&id, |state| {
        state
            .find(&id)
            .map(|secret| secret.trail.iter().map(entry).collect::<Vec<_>>())
    });
    events.map_or_else(|error| refused(&error), |events| Json(events).into_response())
}

/// What only AWS itself sets on a secret (facts 17 and 19).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Change {
    secret_id: String,
    owning_service: Option<String>,
    primary_region: Option<String>,
    #[serde(default)]
    system_tags: BTreeMap<String, String>,
}

async fn change_secret(State(core): State<Arc<Core>>, Body(change): Body<Change>) -> Response {
    let tagged = core.set_system_tags(&change.secret_id, change.system_tags.into_iter().collect());
    let changed = tagged
        .and_then(|()| core.set_origin(&change.secret_id, change.owning_service, change.primary_region));
    match changed {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refused(&error),
    }
}

async fn list_functions(State(core): State<Arc<Core>>) -> Response {
    let (realm, functions) = (core.realm(), core.host.names().into_iter());
    let arn = |name: &str| realm.function_arn(realm.home(), name);
    let entries = functions.map(|name| json!({ "FunctionArn": arn(&name), "FunctionName": name }));
    Json(entries.collect::<Vec<_>>()).into_response()
}

async fn function_logs(State(core): State<Arc<Core>>, Path(name): Path<String>) -> String {
    let lines = core.host.logs(&name);
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

async fn cool_down(State(core): State<Arc<Core>>, Path(name): Path<String>) -> StatusCode {
    core.host.cool_down(&name).await;
    StatusCode::NO_CONTENT
}

/// A JSON body, whatever the request says that it is: `curl -d` is enough.
struct Body<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = (StatusCode, String);

    async fn from_request(request: Request, server: &S) -> Result<Self, Self::Rejection> {
        let wrong = |error: String| (StatusCode::BAD_REQUEST, error);
        let bytes = Bytes::from_request(request, server)
            .await
            .map_err(|error| wrong(error.to_string()))?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| wrong(error.to_string()))
    }
}

fn refused(error: &ApiError) -> Response {
    (
        StatusCode::BAD_REQUEST,
        Json(json!({ "__type": error.code.as_str(), "Message": error.message })),
    )
        .into_response()
}
