//! An HTTP/1.1 listener that refuses requests of web pages, and can hang up without an answer, which `axum::serve` cannot.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;

use super::same_origin::{Hosts, refusal};

/// After a connection that could not be accepted.
const PAUSE: Duration = Duration::from_millis(10);

/// How long a client may take nothing of an answer that it asked for. Then its connection is closed, and what the answer
/// holds is free for others.
const LONGEST_STALL: Duration = Duration::from_secs(5);

/// Marks an answer that is never sent: the connection is closed instead.
#[derive(Debug, Clone, Copy)]
struct HangUp;

/// An answer that closes the connection without a byte.
pub(crate) fn hang_up() -> Response {
    let mut response = ().into_response();
    response.extensions_mut().insert(HangUp);
    response
}

/// Serves requests to `hosts` until dropped; then every connection is closed.
pub(crate) async fn serve(listener: TcpListener, hosts: Hosts, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                match accepted {
                    Ok((stream, _)) => {
                        // Small answers must not wait for the client's acknowledgement.
                        let _ = stream.set_nodelay(true);
                        connections.spawn(serve_connection(stream, hosts, router.clone()));
                    }
                    // Either the client's business, or no file descriptor is left: then a pause helps.
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_connection(stream: impl AsyncRead + AsyncWrite, hosts: Hosts, router: Router) {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(LONGEST_STALL));
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let router = TowerToHyperService::new(router.clone());
        async move {
            if let Some(reason) = refusal(request.headers(), hosts) {
                return Ok(forbidden(reason));
            }
            let response = router.call(request).await.unwrap_or_else(|never| match never {});
            if response.extensions().get::<HangUp>().is_some() {
                return Err(io::Error::other("hung up on purpose"));
            }
            Ok(response)
        }
    });
    // An error is either a hang-up, on purpose, or the client's: it went away, or takes nothing any more.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
        .await;
}

fn forbidden(reason: &str) -> Response {
    let body = json!({ "__type": "AccessDeniedException", "Message": reason });
    (StatusCode::FORBIDDEN, Json(body)).into_response()
}

/// The address that a function reaches the server at.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        SocketAddr::from(([127, 0, 0, 1], address.port()))
    } else {
        address
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    /// A connection that holds less than an answer, and its client, which has read the answer's beginning.
    async fn answering() -> (tokio::task::JoinHandle<()>, tokio::io::DuplexStream) {
        let (server, mut client) = duplex(64);
        let hosts = Hosts::Own(SocketAddr::from(([127, 0, 0, 1], 80)));
        let router = Router::new().route("/", get(|| async { "x".repeat(1000) }));
        let connection = tokio::spawn(serve_connection(server, hosts, router));
        client
            .write_all(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
            .await
            .unwrap();
        let mut first = [0; 15];
        client.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK");
        (connection, client)
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_any_more_is_disconnected() {
        let (connection, client) = answering().await;
        let ended = tokio::time::timeout(2 * LONGEST_STALL, connection).await;
        ended.expect("the connection is closed").unwrap();
        drop(client);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_is_slow_or_has_asked_for_nothing_is_not() {
        let (connection, mut client) = answering().await;
        let mut answer = Vec::new();
        while !answer.ends_with(&[b'x'; 1000]) {
            tokio::time::sleep(LONGEST_STALL / 2).await;
            client.read_buf(&mut answer).await.unwrap();
        }
        tokio::time::sleep(20 * LONGEST_STALL).await;
        assert!(!connection.is_finished());
    }
}
