//! What Lambda's API says about a hosted function: what a person asks when a rotation does not go on.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::invoke_api::not_found;
use crate::arn::{ACCOUNT, function_arn};
use crate::engine::Core;

/// `GetFunctionConfiguration`. A hosted function is always there and ready.
pub(super) async fn configuration(State(core): State<Arc<Core>>, Path(name): Path<String>) -> Response {
    let found = core.host.name_of(&name).and_then(|name| {
        let configuration = core.host.configuration(&name)?;
        Some((name, configuration))
    });
    let Some((name, configuration)) = found else {
        return not_found(&name);
    };
    let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
    let variables: BTreeMap<String, String> = configuration
        .environment
        .iter()
        .map(|(name, value)| (text(name), text(value)))
        .collect();
    Json(json!({
        "FunctionName": name,
        "FunctionArn": function_arn(&name),
        "Runtime": "provided.al2023",
        "Handler": "bootstrap",
        "Timeout": configuration.timeout.as_secs().max(1),
        "MemorySize": configuration.memory_mb,
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Version": "$LATEST",
        "Environment": { "Variables": variables },
        "LoggingConfig": { "LogFormat": "JSON", "LogGroup": format!("/aws/lambda/{name}") },
    }))
    .into_response()
}

/// `GetPolicy`: this server invokes every function that it hosts.
pub(super) async fn policy(State(core): State<Arc<Core>>, Path(name): Path<String>) -> Response {
    let Some(name) = core.host.name_of(&name) else {
        return not_found(&name);
    };
    let policy = json!({
        "Version": "2012-10-17",
        "Id": "default",
        "Statement": [{
            "Sid": "secrets-manager",
            "Effect": "Allow",
            "Principal": { "Service": "secretsmanager.amazonaws.com" },
            "Action": "lambda:InvokeFunction",
            "Resource": function_arn(&name),
            "Condition": { "StringEquals": { "AWS:SourceAccount": ACCOUNT } },
        }],
    });
    Json(json!({ "Policy": policy.to_string(), "RevisionId": "1" })).into_response()
}

/// `GetFunctionConcurrency`: nothing is reserved.
pub(super) async fn concurrency(State(core): State<Arc<Core>>, Path(name): Path<String>) -> Response {
    match core.host.name_of(&name) {
        Some(_) => Json(json!({})).into_response(),
        None => not_found(&name),
    }
}
