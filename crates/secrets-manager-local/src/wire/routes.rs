//! Which path leads where.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post, put};

use super::{access, control, invoke_api, lambda_api, lambda_changes, page, secrets_api};
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
        .route("/2015-03-31/functions/{name}", get(lambda_api::function))
        .route(
            "/2015-03-31/functions/{name}/configuration",
            get(lambda_api::configuration).put(lambda_changes::update),
        )
        .route(
            "/2015-03-31/functions/{name}/policy",
            get(lambda_api::policy).post(lambda_changes::add_permission),
        )
        .route(
            "/2015-03-31/functions/{name}/policy/{id}",
            delete(lambda_changes::remove_permission),
        )
        .route(
            "/2017-10-31/functions/{name}/concurrency",
            put(lambda_changes::reserve),
        )
        .route(
            "/2019-09-30/functions/{name}/concurrency",
            get(lambda_api::concurrency),
        )
        .merge(control::routes())
        .merge(page::routes())
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn_with_state(Arc::clone(&core), access::require_token))
        .with_state(core)
}
