//! What Lambda's API says about a hosted function: what a person asks when a rotation does not go on.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::credential::function_region;
use super::invoke_api::{is_missing, not_found};
use crate::engine::Core;
use crate::lambda::Statement;

/// `GetFunction`. The code has no place that it could be fetched from.
pub(super) async fn function(
    State(core): State<Arc<Core>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(configuration) = described(&core, &headers, &name) else {
        return not_found(&core, &name);
    };
    Json(json!({ "Configuration": configuration, "Code": {}, "Tags": {} })).into_response()
}

/// `GetFunctionConfiguration`.
pub(super) async fn configuration(
    State(core): State<Arc<Core>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    match described(&core, &headers, &name) {
        Some(configuration) => Json(configuration).into_response(),
        None => not_found(&core, &name),
    }
}

fn described(core: &Core, headers: &HeaderMap, name: &str) -> Option<Value> {
    let realm = core.realm();
    let region = function_region(core, headers, name);
    let account = realm.account();
    let name = core.host.name_of(name)?;
    let (configuration, rules) = (core.host.configuration(&name)?, core.host.rules(&name)?);
    let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
    let variables: BTreeMap<String, String> = configuration
        .environment
        .iter()
        .map(|(name, value)| (text(name), text(value)))
        .collect();
    let mut answer = json!({
        "FunctionName": name,
        "FunctionArn": realm.function_arn(region, &name),
        "Runtime": configuration.runtime,
        "Handler": configuration.handler,
        "Timeout": configuration.timeout.as_secs().max(1),
        "MemorySize": configuration.memory_mb,
        "Role": format!("arn:aws:iam::{account}:role/{name}"),
        "State": rules.state,
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Version": "$LATEST",
        "Environment": { "Variables": variables },
        "LoggingConfig": { "LogFormat": "JSON", "LogGroup": format!("/aws/lambda/{name}") },
    });
    if let Some(reason) = rules.reason {
        answer["StateReasonCode"] = reason.into();
    }
    if let Some(network) = rules.network {
        answer["VpcConfig"] = json!({
            "VpcId": network.vpc,
            "SubnetIds": network.subnets,
            "SecurityGroupIds": network.groups,
        });
    }
    Some(answer)
}

/// `GetPolicy`
pub(super) async fn policy(
    State(core): State<Arc<Core>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let region = function_region(&core, &headers, &name);
    let found = core
        .host
        .name_of(&name)
        .and_then(|name| Some((core.host.rules(&name)?, name)));
    let Some((rules, name)) = found else {
        return not_found(&core, &name);
    };
    if rules.statements.is_empty() {
        return is_missing("The resource you requested does not exist.");
    }
    let arn = core.realm().function_arn(region, &name);
    let statements: Vec<_> = rules
        .statements
        .iter()
        .map(|statement| statement_json(&arn, statement))
        .collect();
    let policy = json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements });
    Json(json!({ "Policy": policy.to_string(), "RevisionId": "1" })).into_response()
}

/// `GetFunctionConcurrency`
pub(super) async fn concurrency(State(core): State<Arc<Core>>, Path(name): Path<String>) -> Response {
    let found = core.host.name_of(&name).and_then(|name| core.host.rules(&name));
    let Some(rules) = found else {
        return not_found(&core, &name);
    };
    match rules.reserved {
        Some(reserved) => Json(json!({ "ReservedConcurrentExecutions": reserved })).into_response(),
        None => Json(json!({})).into_response(),
    }
}

/// A statement as `GetPolicy` has it.
pub(super) fn statement_json(arn: &str, statement: &Statement) -> Value {
    let mut text = json!({
        "Sid": statement.id,
        "Effect": "Allow",
        "Principal": principal_json(&statement.principal),
        "Action": statement.action,
        "Resource": arn,
    });
    if let Some(account) = &statement.source_account {
        text["Condition"]["StringEquals"] = json!({ "AWS:SourceAccount": account });
    }
    if let Some(arn) = &statement.source_arn {
        text["Condition"]["ArnLike"] = json!({ "AWS:SourceArn": arn });
    }
    text
}

/// A service, an account or everybody, as a policy writes them.
fn principal_json(principal: &str) -> Value {
    if principal == "*" {
        return "*".into();
    }
    if principal.len() == 12 && principal.bytes().all(|byte| byte.is_ascii_digit()) {
        return json!({ "AWS": format!("arn:aws:iam::{principal}:root") });
    }
    if principal.starts_with("arn:") {
        return json!({ "AWS": principal });
    }
    json!({ "Service": principal })
}
