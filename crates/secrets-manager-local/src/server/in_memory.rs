//! A Secrets Manager without a port: its caller is this process, and nobody else can ask it.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use staging_labels::VersionId;

use crate::engine::Core;
use crate::state::ApiError;

/// A Secrets Manager in memory. It hosts no function: its caller is the function.
#[derive(Debug, Clone)]
pub struct InMemory {
    core: Arc<Core>,
    routes: Router,
}

impl InMemory {
    pub(super) const fn new(core: Arc<Core>, routes: Router) -> Self {
        Self { core, routes }
    }

    /// Answers a call of the Secrets Manager API, as it would come over HTTP.
    pub async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let service = TowerToHyperService::new(self.routes.clone());
        let response = service.call(request.map(Body::from)).await;
        let (head, body) = response.unwrap_or_else(|never| match never {}).into_parts();
        // What was written in memory can be read; an empty answer is what the client would make of anything else.
        let Ok(body) = body.collect().await else {
            let mut failed = Response::new(Bytes::new());
            *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            return failed;
        };
        Response::from_parts(head, body.to_bytes())
    }

    /// Stages an empty `AWSPENDING` version (fact 2), as RotateSecret does before it invokes a function.
    ///
    /// # Errors
    /// What Secrets Manager would refuse.
    pub fn stage_pending(&self, secret: &str, token: &VersionId) -> Result<(), ApiError> {
        self.core.stage_pending(secret, token.clone(), None).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::LocalSecretsManager;

    #[tokio::test(start_paused = true)]
    async fn a_stream_of_the_page_comes_to_an_end() {
        let server = LocalSecretsManager::builder().in_memory();
        let request = Request::get("/_local/watch").body(Bytes::new()).unwrap();
        let answer = tokio::time::timeout(Duration::from_hours(1), server.answer(request));
        let answer = answer.await.expect("it ends within an hour").into_body();
        assert!(answer.starts_with(b"data: {"), "{answer:?}");
    }
}
