//! A proxy that can tell the requests to an HTTP server apart, and calls something at a chosen one.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpStream;

use super::{Listener, When};
use crate::http;
use crate::scripted::{Request, read};

type Hook = Arc<dyn Fn() + Send + Sync>;

struct Armed {
    nth: usize,
    when: When,
    hook: Hook,
}

#[derive(Default)]
struct State {
    seen: Vec<String>,
    armed: Option<Armed>,
}

/// A proxy for plain HTTP; ends with this value.
pub struct Requests {
    listener: Listener,
    state: Arc<Mutex<State>>,
}

impl Requests {
    /// In front of the server at `upstream`, which is `http://host:port`.
    ///
    /// # Errors
    /// If there is no port for it.
    pub fn start(upstream: &str) -> io::Result<Self> {
        let state: Arc<Mutex<State>> = Arc::default();
        let (upstream, shared) = (upstream.to_owned(), Arc::clone(&state));
        let listener = Listener::start(move |client| serve(client, upstream.clone(), Arc::clone(&shared)))?;
        Ok(Self { listener, state })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.listener.port())
    }

    /// The requests since the last call, as `METHOD /path`.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.state).seen)
    }

    /// Calls `hook` at the request with this number, counted from now on and from 0. That request gets no answer.
    pub fn arm(&self, nth: usize, when: When, hook: impl Fn() + Send + Sync + 'static) {
        let mut state = lock(&self.state);
        state.seen.clear();
        let hook = Arc::new(hook);
        state.armed = Some(Armed { nth, when, hook });
    }

    /// Whether that request is still to come.
    pub fn is_armed(&self) -> bool {
        lock(&self.state).armed.is_some()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(client: TcpStream, upstream: String, state: Arc<Mutex<State>>) -> io::Result<()> {
    let mut client = client.into_std()?;
    client.set_nonblocking(false)?;
    let served = tokio::task::spawn_blocking(move || {
        let Some(request) = read(&mut client) else {
            return Ok(());
        };
        let armed = note(&mut lock(&state), &request);
        if let Some(Armed {
            when: When::Before,
            hook,
            ..
        }) = &armed
        {
            hook();
            return Ok(());
        }
        let answer = pass_on(&upstream, &request)?;
        if let Some(Armed { hook, .. }) = armed {
            hook();
            return Ok(());
        }
        client.write_all(&answer)
    });
    served.await.map_err(io::Error::other)?
}

/// Notes a request; answers with what is to happen at it.
fn note(state: &mut State, request: &Request) -> Option<Armed> {
    let path = request.target.split('?').next().unwrap_or_default();
    state.seen.push(format!("{} {path}", request.method));
    let nth = state.seen.len() - 1;
    state.armed.take_if(|armed| armed.nth == nth)
}

fn pass_on(upstream: &str, request: &Request) -> io::Result<Vec<u8>> {
    let of_this_connection = ["host", "content-length", "connection"];
    let headers: Vec<_> = request
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| !of_this_connection.contains(name))
        .collect();
    let (method, target, body) = (&request.method, &request.target, request.body.as_bytes());
    let answer = http::send_with(method, upstream, target, &headers, body)?;
    let is_type = |line: &&str| line.starts_with("content-type:");
    let kind = answer.headers.lines().find(is_type).unwrap_or("x-type: none");
    let length = answer.body.len();
    let head = format!(
        "HTTP/1.1 {} x\r\n{kind}\r\ncontent-length: {length}\r\n\r\n",
        answer.status
    );
    Ok([head.as_bytes(), &answer.body].concat())
}
