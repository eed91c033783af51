//! Invoking a function that somebody else hosts, such as `cargo lambda watch`.

use std::time::Duration;

use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::outcome::Reply;

/// Posts the payload to the Invoke API at `host`, for at most `limit`.
pub(crate) async fn invoke(host: &Uri, function: &str, payload: Bytes, limit: Duration) -> Reply {
    match tokio::time::timeout(limit, post(host, function, payload)).await {
        Ok(Ok(reply)) => reply,
        Ok(Err(error)) => Reply::failure(
            "Remote.Unreachable",
            format!("{host} could not run {function}: {error}"),
        ),
        Err(_) => {
            let message = format!("{host}: Task timed out after {:.2} seconds", limit.as_secs_f64());
            Reply::failure("Sandbox.Timedout", message)
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum RemoteError {
    #[error("no connection: {0}")]
    Connect(#[from] std::io::Error),
    #[error("no answer: {0}")]
    Http(#[from] hyper::Error),
    #[error("no request: {0}")]
    Request(#[from] hyper::http::Error),
}

async fn post(host: &Uri, function: &str, payload: Bytes) -> Result<Reply, RemoteError> {
    let name = host.host().unwrap_or("127.0.0.1").trim_matches(['[', ']']);
    let port = host.port_u16().unwrap_or(80);
    let stream = TcpStream::connect((name, port)).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the answer; an error shows in the answer as well.
    tokio::spawn(connection);
    let prefix = host.path().trim_end_matches('/');
    let request = Request::post(format!("{prefix}/2015-03-31/functions/{function}/invocations"))
        .header("host", format!("{name}:{port}"))
        .header("content-type", "application/json")
        .body(Full::new(payload))?;
    let response = sender.send_request(request).await?;
    let failed = !response.status().is_success() || response.headers().contains_key("x-amz-function-error");
    let body = response.into_body().collect().await?.to_bytes();
    Ok(if failed {
        Reply::Error(body)
    } else {
        Reply::Answer(body)
    })
}
