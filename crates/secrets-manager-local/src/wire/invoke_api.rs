//! Lambda's Invoke API.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::credential::function_region;
use crate::engine::Core;
use crate::lambda::Invocation;

/// `POST /2015-03-31/functions/NAME/invocations`; NAME may be the ARN.
pub(crate) async fn invoke(
    State(core): State<Arc<Core>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    payload: Bytes,
) -> Response {
    let region = function_region(&core, &headers, &name).to_owned();
    let Some(function) = core.host.name_of(&name) else {
        return not_found(&core, &name);
    };
    let Some(payload) = event(payload) else {
        return not_json();
    };
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let kind = header("x-amz-invocation-type").unwrap_or("RequestResponse");
    let with_log = header("x-amz-log-type") == Some("Tail");
    // In a task of its own, so that it ends well even if the caller hangs up.
    let host = Arc::clone(&core.host);
    let work = async move { host.invoke(&function, &region, payload).await };
    match kind {
        "DryRun" => StatusCode::NO_CONTENT.into_response(),
        "Event" => {
            tokio::spawn(work);
            StatusCode::ACCEPTED.into_response()
        }
        _ => match tokio::spawn(work).await {
            Ok(Some(invocation)) => answer(&invocation, with_log),
            Ok(None) | Err(_) => not_found(&core, &name),
        },
    }
}

fn answer(invocation: &Invocation, with_log: bool) -> Response {
    let mut response = invocation.payload.clone().into_response();
    let headers = response.headers_mut();
    let mut add = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    add("content-type", "application/json");
    add("x-amzn-requestid", &invocation.request_id);
    add("x-amz-executed-version", "$LATEST");
    if invocation.error.is_some() {
        add("x-amz-function-error", "Unhandled");
    }
    if with_log {
        add("x-amz-log-result", &STANDARD.encode(invocation.log_tail()));
    }
    response
}

/// The payload as the function gets it, none if it is not JSON. Without any, that is an empty object.
fn event(payload: Bytes) -> Option<Bytes> {
    if payload.is_empty() {
        return Some(Bytes::from_static(b"{}"));
    }
    serde_json::from_slice::<serde_json::Value>(&payload).ok()?;
    Some(payload)
}

fn not_json() -> Response {
    let body = json!({ "Type": "User", "message": "Could not parse request body into json" });
    let error_type = [("x-amzn-errortype", "InvalidRequestContentException")];
    (StatusCode::BAD_REQUEST, error_type, Json(body)).into_response()
}

pub(super) fn not_found(core: &Core, name: &str) -> Response {
    let arn = if name.starts_with("arn:") {
        name.to_owned()
    } else {
        core.realm().function_arn(core.realm().home(), name)
    };
    is_missing(&format!("Function not found: {arn}"))
}

/// What Lambda answers when there is no such thing.
pub(super) fn is_missing(message: &str) -> Response {
    let body = json!({ "Type": "User", "Message": message });
    let error_type = [("x-amzn-errortype", "ResourceNotFoundException")];
    (StatusCode::NOT_FOUND, error_type, Json(body)).into_response()
}
