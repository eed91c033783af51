//! `FilterLogEvents` of CloudWatch Logs, of what hosted functions wrote.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::engine::Core;

/// How the operation's name begins.
const TARGET: &str = "Logs_20140328.";
/// Most events in one answer.
const PAGE: usize = 10_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    log_group_name: String,
    filter_pattern: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<usize>,
}

/// The answer, if the target is an operation of CloudWatch Logs.
pub(super) fn answer(core: &Core, target: &str, body: &[u8]) -> Option<Response> {
    let operation = target.strip_prefix(TARGET)?;
    Some(match (operation, serde_json::from_slice(body)) {
        ("FilterLogEvents", Ok(asked)) => filter(core, &asked),
        ("FilterLogEvents", Err(_)) => refused(
            "InvalidParameterException",
            "The request's members cannot be read.",
        ),
        _ => refused(
            "UnknownOperationException",
            "The requested operation is not one of this API.",
        ),
    })
}

fn filter(core: &Core, asked: &Asked) -> Response {
    let function = asked.log_group_name.strip_prefix("/aws/lambda/");
    let function = function.and_then(|name| core.host.name_of(name));
    let Some(function) = function else {
        return refused(
            "ResourceNotFoundException",
            "The specified log group does not exist.",
        );
    };
    let terms = Terms::of(asked.filter_pattern.as_deref().unwrap_or_default());
    let start = asked
        .next_token
        .as_deref()
        .and_then(|token| token.parse().ok())
        .unwrap_or(0);
    let limit = asked.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let events: Vec<Json> = core
        .host
        .events(&function)
        .into_iter()
        .map(|(at, message)| (at.as_millisecond(), message))
        .filter(|(at, _)| asked.start_time.is_none_or(|start| *at >= start))
        .filter(|(at, _)| asked.end_time.is_none_or(|end| *at < end))
        .filter(|(_, message)| terms.match_in(message))
        .map(|(at, message)| json!({ "timestamp": at, "ingestionTime": at, "message": message, "logStreamName": "local" }))
        .collect();
    let more = (events.len() > start + limit).then(|| (start + limit).to_string());
    let page: Vec<Json> = events.into_iter().skip(start).take(limit).collect();
    let mut body = json!({ "events": page, "searchedLogStreams": [] });
    if let Some(token) = more {
        body["nextToken"] = token.into();
    }
    axum::Json(body).into_response()
}

/// A pattern of words and quoted phrases. Each must occur; of those behind a `?`, one must.
struct Terms {
    all: Vec<String>,
    any: Vec<String>,
}

impl Terms {
    fn of(pattern: &str) -> Self {
        let mut terms = Self {
            all: Vec::new(),
            any: Vec::new(),
        };
        let mut rest = pattern.trim_start();
        while !rest.is_empty() {
            let optional = rest.starts_with('?');
            rest = rest.strip_prefix('?').unwrap_or(rest);
            let (term, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
            };
            let list = if optional { &mut terms.any } else { &mut terms.all };
            list.push(term.to_owned());
            rest = after.trim_start();
        }
        terms
    }

    fn match_in(&self, message: &str) -> bool {
        let any = self.any.is_empty() || self.any.iter().any(|term| message.contains(term.as_str()));
        any && self.all.iter().all(|term| message.contains(term.as_str()))
    }
}

fn refused(code: &str, message: &str) -> Response {
    let error_type = [("x-amzn-errortype", code.to_owned())];
    let body = json!({ "__type": code, "message": message });
    (StatusCode::BAD_REQUEST, error_type, axum::Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_and_words_are_found() {
        let found = |pattern: &str| Terms::of(pattern).match_in("setSecret: Task timed out after 3 s");
        assert!(found(""));
        assert!(found("\"Task timed out\""));
        assert!(found("setSecret: after"));
        assert!(!found("setSecret: before"));
        assert!(found("?before ?\"timed out\""));
        assert!(!found("?before ?\"timed in\""));
        assert!(found("\"timed out"));
    }
}
