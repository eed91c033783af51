//! The Runtime API (2018-06-01) that one sandbox's process talks to.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::{mpsc, oneshot, watch};

use super::outcome::Reply;
use crate::sync::lock;

/// Lambda's limit for payloads is 6 MB.
pub(crate) const LARGEST_PAYLOAD: usize = 6 * 1024 * 1024 + 4096;

/// One invocation on its way to the process.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) request_id: String,
    pub(crate) payload: Bytes,
    pub(crate) deadline_ms: i64,
    pub(crate) function_arn: String,
    pub(crate) reply: oneshot::Sender<Reply>,
}

/// How far the process has come.
#[derive(Debug, Clone)]
pub(crate) enum Init {
    Starting,
    Ready,
    Failed(Bytes),
}

#[derive(Debug)]
struct Api {
    jobs: tokio::sync::Mutex<mpsc::Receiver<Job>>,
    current: Mutex<Option<(String, oneshot::Sender<Reply>)>>,
    init: watch::Sender<Init>,
}

/// The routes, the way in for jobs, and the process's progress.
pub(crate) fn runtime_api() -> (Router, mpsc::Sender<Job>, watch::Receiver<Init>) {
    let (sender, jobs) = mpsc::channel(1);
    let (init, progress) = watch::channel(Init::Starting);
    let api = Arc::new(Api {
        jobs: tokio::sync::Mutex::new(jobs),
        current: Mutex::new(None),
        init,
    });
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .layer(DefaultBodyLimit::max(LARGEST_PAYLOAD))
        .with_state(api);
    (router, sender, progress)
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    api.init.send_replace(Init::Ready);
    let Some(job) = api.jobs.lock().await.recv().await else {
        return (StatusCode::FORBIDDEN, "the sandbox is shutting down").into_response();
    };
    let headers = [
        ("Lambda-Runtime-Aws-Request-Id", job.request_id.clone()),
        ("Lambda-Runtime-Deadline-Ms", job.deadline_ms.to_string()),
        ("Lambda-Runtime-Invoked-Function-Arn", job.function_arn),
        ("Lambda-Runtime-Trace-Id", trace_id(&job.request_id)),
        ("Content-Type", "application/json".to_owned()),
    ];
    *lock(&api.current) = Some((job.request_id, job.reply));
    (headers, job.payload).into_response()
}

/// An X-Ray header that is well formed and says that nothing is traced.
fn trace_id(request_id: &str) -> String {
    let hex: String = request_id.chars().filter(char::is_ascii_hexdigit).collect();
    let (time, rest) = hex.split_at(hex.len().min(8));
    format!("Root=1-{time}-{rest};Sampled=0")
}

async fn response(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> Response {
    finish(&api, &id, Reply::Answer(body))
}

async fn error(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> Response {
    finish(&api, &id, Reply::Error(body))
}

fn finish(api: &Api, id: &str, reply: Reply) -> Response {
    let Some((_, sender)) = lock(&api.current).take_if(|(current, _)| current == id) else {
        let body = r#"{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}"#;
        return (StatusCode::BAD_REQUEST, body).into_response();
    };
    // An error means that the caller has given up. The function need not know.
    let _ = sender.send(reply);
    accepted()
}

async fn init_error(State(api): State<Arc<Api>>, body: Bytes) -> Response {
    api.init.send_replace(Init::Failed(body));
    accepted()
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, r#"{"status":"OK"}"#).into_response()
}
