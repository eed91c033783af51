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
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::same_origin::{Hosts, refusal};

/// After a connection that could not be accepted.
const PAUSE: Duration = Duration::from_millis(10);

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
                    Ok((stream, _)) => drop(connections.spawn(serve_connection(stream, hosts, router.clone()))),
                    // Either the client's business, or no file descriptor is left: then a pause helps.
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_connection(stream: TcpStream, hosts: Hosts, router: Router) {
    // Small answers must not wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
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
    // An error is either a hang-up, on purpose, or the client's.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
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
