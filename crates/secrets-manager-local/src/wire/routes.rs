//! Which path leads where.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use super::{control, invoke_api, lambda_api, secrets_api};
use crate::engine::Core;

/// Requests may be as large as Lambda's payloads.
const LARGEST_BODY: usize = 7 * 1024 * 1024;

/// All of them.
pub(crate) fn routes(core: Arc<Core>) -> Router {
    Router::new()
        .route("/", post(secrets_api::call))
        .route(
            "/2015-03-31/functions/{name}/invocations",
            post(invoke_api::invoke),
        )
        .route(
            "/2015-03-31/functions/{name}/configuration",
            get(lambda_api::configuration),
        )
        .route("/2015-03-31/functions/{name}/policy", get(lambda_api::policy))
        .route(
            "/2019-09-30/functions/{name}/concurrency",
            get(lambda_api::concurrency),
        )
        .merge(control::routes())
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(core)
}
