//! The calls of Lambda's API by which a person repairs a function that a rotation cannot use.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;

use super::credential::function_region;
use super::invoke_api::not_found;
use super::lambda_api::{self, statement_json};
use crate::engine::Core;
use crate::lambda::Statement;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NewStatement {
    statement_id: String,
    action: String,
    principal: String,
    source_account: Option<String>,
    source_arn: Option<String>,
}

/// `AddPermission`
pub(super) async fn add_permission(
    State(core): State<Arc<Core>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Json(new): Json<NewStatement>,
) -> Response {
    let region = function_region(&core, &headers, &name);
    let Some(name) = core.host.name_of(&name) else {
        return not_found(&core, &name);
    };
    let arn = core.realm().function_arn(region, &name);
    let statement = Statement {
        id: new.statement_id,
        action: new.action,
        principal: new.principal,
        source_account: new.source_account,
        source_arn: new.source_arn,
    };
    let text = statement_json(&arn, &statement).to_string();
    let added = core.host.change_rules(&name, |rules| {
        let is_new = rules.statements.iter().all(|known| known.id != statement.id);
        if is_new {
            rules.statements.push(statement.clone());
        }
        is_new
    });
    if added == Some(false) {
        let message = format!("The statement id ({}) provided already exists.", statement.id);
        let error_type = [("x-amzn-errortype", "ResourceConflictException")];
        let body = json!({ "Type": "User", "message": message });
        return (StatusCode::CONFLICT, error_type, Json(body)).into_response();
    }
    (StatusCode::CREATED, Json(json!({ "Statement": text }))).into_response()
}

/// `RemovePermission`
pub(super) async fn remove_permission(
    State(core): State<Arc<Core>>,
    Path((name, id)): Path<(String, String)>,
) -> Response {
    let Some(name) = core.host.name_of(&name) else {
        return not_found(&core, &name);
    };
    let removed = core.host.change_rules(&name, |rules| {
        let before = rules.statements.len();
        rules.statements.retain(|statement| statement.id != id);
        rules.statements.len() < before
    });
    if removed == Some(true) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let message = format!("Statement {id} is not found in resource policy.");
    let error_type = [("x-amzn-errortype", "ResourceNotFoundException")];
    let body = json!({ "Type": "User", "Message": message });
    (StatusCode::NOT_FOUND, error_type, Json(body)).into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Reserve {
    reserved_concurrent_executions: u32,
}

/// `PutFunctionConcurrency`
pub(super) async fn reserve(
    State(core): State<Arc<Core>>,
    Path(name): Path<String>,
    Json(reserve): Json<Reserve>,
) -> Response {
    let Some(name) = core.host.name_of(&name) else {
        return not_found(&core, &name);
    };
    let reserved = reserve.reserved_concurrent_executions;
    core.host
        .change_rules(&name, |rules| rules.reserved = Some(reserved));
    Json(json!({ "ReservedConcurrentExecutions": reserved })).into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Update {
    timeout: Option<u64>,
}

/// `UpdateFunctionConfiguration`, of the time limit.
pub(super) async fn update(
    State(core): State<Arc<Core>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Json(update): Json<Update>,
) -> Response {
    let Some(known) = core.host.name_of(&name) else {
        return not_found(&core, &name);
    };
    if let Some(seconds) = update.timeout {
        core.host.change_rules(&known, |rules| {
            rules.timeout = Some(Duration::from_secs(seconds));
        });
    }
    lambda_api::configuration(State(core), Path(name), headers).await
}
