//! The token that a server asks for which other machines can reach.
//!
//! SDKs and the aws command line send it as their access key id, other programs as a bearer token. A browser gets it by
//! `?token=` once, and keeps it as a cookie.

use std::sync::Arc;

use axum::extract::{Query, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;

use super::credential::Credential;
use super::sts_api;
use crate::engine::{Core, Token};

const NAME: &str = "secrets-manager-local";
/// Those who wait for the server to come up need no token.
const HEALTH: &str = "/_local/health";
const REFUSAL: &str =
    "The security token included in the request is invalid. The access key id must be this server's token.";

#[derive(Deserialize)]
struct Asked {
    token: Option<String>,
}

/// Lets a request through that has the token, if there is one.
pub(super) async fn require_token(State(core): State<Arc<Core>>, request: Request, next: Next) -> Response {
    let Some(token) = &core.settings.token else {
        return next.run(request).await;
    };
    let (uri, headers) = (request.uri(), request.headers());
    if by_query(uri, token) {
        let mut response = next.run(request).await;
        if let Ok(cookie) = HeaderValue::from_str(&token.cookie(NAME)) {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        return response;
    }
    if uri.path() == HEALTH || by_headers(headers, token) || is_known(&core, headers) {
        return next.run(request).await;
    }
    refused(headers)
}

fn by_query(uri: &Uri, token: &Token) -> bool {
    let asked = Query::<Asked>::try_from_uri(uri).ok();
    asked
        .and_then(|Query(asked)| asked.token)
        .is_some_and(|asked| token.is(&asked))
}

fn by_headers(headers: &HeaderMap, token: &Token) -> bool {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let key = Credential::of(headers).map(|credential| credential.access_key_id);
    let bearer = text(AUTHORIZATION).strip_prefix("Bearer ");
    let mut cookies = text(COOKIE)
        .split("; ")
        .filter_map(|cookie| cookie.split_once('='));
    key.or(bearer).is_some_and(|given| token.is(given))
        || cookies.any(|(name, value)| name == NAME && token.is(value))
}

/// Whether this server itself gave the access key id: to a function's process, or for a role.
fn is_known(core: &Core, headers: &HeaderMap) -> bool {
    let key = Credential::of(headers).map(|credential| credential.access_key_id);
    key.is_some_and(|key| core.host.sandbox(key).is_some() || core.sessions.arn(key).is_some())
}

fn refused(headers: &HeaderMap) -> Response {
    if sts_api::is_form(headers) {
        return sts_api::refused(StatusCode::FORBIDDEN, "InvalidClientTokenId", REFUSAL);
    }
    let code = "UnrecognizedClientException";
    let body = json!({ "__type": code, "Message": REFUSAL });
    let headers = [
        ("x-amzn-errortype", code),
        (CONTENT_TYPE.as_str(), "application/json"),
    ];
    (StatusCode::FORBIDDEN, headers, body.to_string()).into_response()
}
