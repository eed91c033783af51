//! Which path leads where.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;

use super::{control, invoke_api, secrets_api};
use crate::engine::Core;

/// Requests may be as large as Lambda's payloads.
const LARGEST_BODY: usize = 7 * 1024 * 1024;

/// The Secrets Manager API, the Invoke API and the control API.
pub(crate) fn routes(core: Arc<Core>) -> Router {
    Router::new()
        .route("/", post(secrets_api::call))
        .route(
            "/2015-03-31/functions/{name}/invocations",
            post(invoke_api::invoke),
        )
        .merge(control::routes())
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(core)
}
