//! A page to look at: the secrets, where their labels are, and each rotation step by step.
//!
//! `index.html` is all of it. `stream` sends it the state again whenever that has changed, `view` says what is in it.

mod stream;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use uuid::Uuid;

use crate::engine::Core;

const PAGE: &str = include_str!("index.html");

/// What stands in the page for the nonce of its script and its style.
const NONCE: &str = "{nonce}";

/// `GET /`, and the stream of states that the page reads.
pub(crate) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/", get(page)).merge(stream::routes())
}

/// Nothing but its own script and style runs, and it talks to this server alone.
async fn page() -> impl IntoResponse {
    let nonce = Uuid::new_v4().simple().to_string();
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    );
    let headers = [
        (CONTENT_SECURITY_POLICY, policy),
        (CACHE_CONTROL, "no-store".to_owned()),
        (REFERRER_POLICY, "no-referrer".to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (headers, Html(PAGE.replace(NONCE, &nonce)))
}
