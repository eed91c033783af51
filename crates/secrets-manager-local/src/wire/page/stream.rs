//! Server-sent events: the whole state, again whenever it has changed.
//!
//! A state is made when the connection can take one. So a slow reader misses states, and nothing piles up for it. One that
//! takes nothing any more is disconnected (`http`), and no stream lives for ever: browsers ask for another by themselves.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use futures_util::stream::{StreamExt as _, unfold};
use tokio::sync::watch::Receiver;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::view;
use crate::engine::Core;

/// Streams at once; browsers open six to a host.
const MOST_STREAMS: usize = 16;

/// Of a stream: a reader that is stopped on a quiet server would keep its place for ever.
const LIFETIME: Duration = Duration::from_mins(10);

/// What changes without a word, such as how often a fault has hit, is seen after so long.
const LOOK_AGAIN: Duration = Duration::from_millis(300);

pub(super) fn routes() -> Router<Arc<Core>> {
    let places = Arc::new(Semaphore::new(MOST_STREAMS));
    Router::new().route(
        "/_local/watch",
        get(async move |State(core): State<Arc<Core>>| watch(core, places)),
    )
}

fn watch(core: Arc<Core>, places: Arc<Semaphore>) -> Response {
    let Ok(place) = places.try_acquire_owned() else {
        let text = format!("{MOST_STREAMS} pages are watching already; close one of them");
        return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "3")], text).into_response();
    };
    let watcher = Watcher {
        secrets: core.changes(),
        runs: core.runs.changes(),
        core,
        sent: String::new(),
        _place: place,
    };
    let states = unfold(watcher, async |mut watcher| {
        let event = Event::default().data(watcher.next().await);
        Some((Ok::<_, Infallible>(event), watcher))
    });
    let states = states.take_until(tokio::time::sleep(LIFETIME));
    let stream = Sse::new(states).keep_alive(KeepAlive::default());
    ([(CACHE_CONTROL, "no-store")], stream).into_response()
}

/// One reader.
struct Watcher {
    core: Arc<Core>,
    secrets: Receiver<()>,
    runs: Receiver<()>,
    /// The last state.
    sent: String,
    /// Free for another reader when this one is gone.
    _place: OwnedSemaphorePermit,
}

impl Watcher {
    /// The first state that is not the last one.
    async fn next(&mut self) -> String {
        loop {
            self.secrets.mark_unchanged();
            self.runs.mark_unchanged();
            let state = view::state(&self.core);
            if state != self.sent {
                self.sent.clone_from(&state);
                return state;
            }
            // The senders live as long as the core.
            tokio::select! {
                _ = self.secrets.changed() => {}
                _ = self.runs.changed() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }
}
