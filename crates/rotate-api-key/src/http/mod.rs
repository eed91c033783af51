//! One request, one answer: bounded in size and time, and never redirected. What the request is for, what the answer
//! means and whether to try again is decided in `call`.
//!
//! A connection of its own for each request: a step makes few, minutes apart, and what is not kept cannot be stale.

mod connect;

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, LOCATION, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rotation::{Budget, Fault};
use rustls::ClientConfig;
use tokio::time::Instant;

use crate::clock;
use crate::fault::{ProviderFault, Reached};
use crate::notation::base::Base;
use connect::connect;

/// Largest answer that is read, in bytes: a new key, or a word on an old one, is a hundredth of it.
pub(crate) const LARGEST_ANSWER: usize = 512 * 1024;
/// Largest page of a list that is read, in bytes: a thousand keys are a third of it.
pub(crate) const LARGEST_PAGE: usize = 1024 * 1024;

/// A request that is ready to go.
pub(crate) struct Outgoing {
    /// Where it goes.
    pub(crate) base: Base,
    /// `GET` and so on.
    pub(crate) method: Method,
    /// Path and query as they are sent.
    pub(crate) target: String,
    /// The path as the log has it: with the names of what is filled in, and not the values, one of which may be a key.
    pub(crate) shown: String,
    /// Headers, without Host and User-Agent.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Vec<u8>,
    /// The call's name for errors: its section and host.
    pub(crate) call: String,
    /// Longest wait for it all.
    pub(crate) limit: Duration,
    /// Largest answer that is read, in bytes.
    pub(crate) largest: usize,
    /// Whether it may be sent again though it may have been carried out.
    pub(crate) repeatable: bool,
}

/// Where a redirect leads. Path and query may hold anything, and are not kept; so may the host, which is not printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum LeadsTo {
    /// Another path of the same host.
    Path(String),
    /// A host, in the provider's words.
    Host(String),
}

impl fmt::Debug for LeadsTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path(_) => "Path(..)",
            Self::Host(_) => "Host(..)",
        })
    }
}

/// An answer.
pub(crate) struct Answer {
    /// As in 200.
    pub(crate) status: u16,
    /// How long to wait before asking again, if the provider says so.
    pub(crate) retry_after: Option<Duration>,
    /// Where a redirect leads.
    pub(crate) leads_to: Option<LeadsTo>,
    /// The body, whole.
    pub(crate) body: Vec<u8>,
}

/// Sends a request and reads the answer.
///
/// # Errors
/// `ProviderUnreachable`, `ProviderAddressRefused`, `ProviderTlsFailed`, `ProviderAnswerUnusable`.
pub(crate) async fn send(
    request: &Outgoing,
    tls: impl FnOnce() -> Arc<ClientConfig>,
    budget: Budget,
) -> Result<Answer, ProviderFault> {
    let progress = Cell::new(Progress::Nothing);
    let waiting_for = format!("waiting for {}", request.call);
    let start = Instant::now();
    let outcome = budget
        .wait(waiting_for, request.limit, exchange(request, tls, &progress))
        .await;
    let outcome = outcome.unwrap_or_else(|timed_out| {
        Err(ProviderFault::ProviderUnreachable {
            call: request.call.clone(),
            detail: timed_out.to_string(),
            reached: progress.get().reached(),
            // A provider that was silent for so long is not asked twice in a step.
            again: false,
        })
    });
    log(request, start.elapsed(), &outcome);
    outcome
}

/// How far an exchange came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// There is no connection.
    Nothing,
    /// There is one, and nothing was sent.
    Connected,
    /// The first byte may have left: the provider may have done what it was asked.
    Sent,
}

impl Progress {
    fn reached(self) -> Reached {
        match self {
            Self::Nothing => Reached::Nothing,
            Self::Connected | Self::Sent => Reached::Provider,
        }
    }
}

/// One line for each call, to debug a definition: no header, no body, and of the path its template.
fn log(request: &Outgoing, time: Duration, outcome: &Result<Answer, ProviderFault>) {
    let (call, method, path) = (&request.call, &request.method, &request.shown);
    let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    match outcome {
        Ok(answer) => tracing::debug!(
            { http.method = %method, http.path = %path, http.status = answer.status, http.duration_ms = ms, http.bytes = answer.body.len() },
            "{call}: {method} {path} was answered with {} in {ms} ms, {} bytes", answer.status, answer.body.len()
        ),
        Err(fault) => tracing::debug!(
            { http.method = %method, http.path = %path, http.duration_ms = ms, error.code = fault.code() },
            "{call}: {method} {path} had no answer in {ms} ms: {}", fault.code()
        ),
    }
}

async fn exchange(
    request: &Outgoing,
    tls: impl FnOnce() -> Arc<ClientConfig>,
    progress: &Cell<Progress>,
) -> Result<Answer, ProviderFault> {
    let stream = connect(&request.base, &request.call, request.limit / 2, tls).await?;
    progress.set(Progress::Connected);
    let lost = |error: &hyper::Error| lost(request, progress.get() == Progress::Sent, error);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| lost(&error))?;
    let _connection = Running(tokio::spawn(async move {
        // What ends it is told to the sender.
        let _ = connection.await;
    }));
    let message = message(request)?;
    progress.set(Progress::Sent);
    let answer = sender.send_request(message).await.map_err(|error| lost(&error))?;
    read(request, answer).await
}

/// A task that ends with its owner.
struct Running(tokio::task::JoinHandle<()>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn message(request: &Outgoing) -> Result<Request<Full<Bytes>>, ProviderFault> {
    let unfit = || ProviderFault::unusable(&request.call, "cannot come, for the request is none");
    let mut message = Request::builder()
        .method(&request.method)
        .uri(request.target.as_str())
        .body(Full::new(Bytes::copy_from_slice(&request.body)))
        .map_err(|_| unfit())?;
    let headers = message.headers_mut();
    *headers = request.headers.clone();
    let authority = HeaderValue::try_from(&request.base.authority).map_err(|_| unfit())?;
    headers.insert(HOST, authority);
    let agent = HeaderValue::from_static(concat!("keywheel/", env!("CARGO_PKG_VERSION")));
    headers.entry(USER_AGENT).or_insert(agent);
    headers
        .entry(ACCEPT)
        .or_insert(HeaderValue::from_static("application/json"));
    Ok(message)
}

async fn read(request: &Outgoing, answer: http::Response<Incoming>) -> Result<Answer, ProviderFault> {
    let (head, body) = answer.into_parts();
    let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    let retry_after = text(RETRY_AFTER).and_then(|text| pause_of(text, clock::now()));
    let leads_to = text(LOCATION).map(|location| target_of(location, &request.base.host));
    let body = match Limited::new(body, request.largest).collect().await {
        Ok(body) => body.to_bytes().into(),
        Err(error) if error.is::<LengthLimitError>() => {
            let most = request.largest / 1024;
            return Err(ProviderFault::unusable(
                &request.call,
                format!("is larger than {most} KiB"),
            ));
        }
        Err(error) => {
            return Err(ProviderFault::ProviderUnreachable {
                call: request.call.clone(),
                detail: format!(
                    "the connection was lost in the middle of the answer: {}",
                    outbound::innermost(&*error)
                ),
                reached: Reached::Provider,
                again: request.repeatable,
            });
        }
    };
    Ok(Answer {
        status: head.status.as_u16(),
        retry_after,
        leads_to,
        body,
    })
}

/// What Retry-After says: seconds, or a moment (RFC 9110, section 10.2.3).
pub(crate) fn pause_of(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let moment = DateTime::from_str(text, Format::HttpDate).ok()?;
    let moment = SystemTime::try_from(moment).ok()?;
    Some(moment.duration_since(now).unwrap_or_default())
}

/// Where `location` leads, without user and password.
fn target_of(location: &str, own: &str) -> LeadsTo {
    let uri = location.parse::<http::Uri>().ok();
    let host = uri.and_then(|uri| uri.host().map(str::to_owned));
    host.map_or_else(|| LeadsTo::Path(own.to_owned()), LeadsTo::Host)
}

fn lost(request: &Outgoing, sent: bool, error: &hyper::Error) -> ProviderFault {
    if error.is_parse() {
        return ProviderFault::unusable(&request.call, "is not HTTP");
    }
    ProviderFault::ProviderUnreachable {
        call: request.call.clone(),
        detail: format!(
            "the connection was lost before an answer came: {}",
            outbound::innermost(error)
        ),
        reached: Reached::Provider,
        again: request.repeatable || !sent,
    }
}

/// The type of a body.
pub(crate) fn content_type(kind: &'static str) -> (http::HeaderName, HeaderValue) {
    (CONTENT_TYPE, HeaderValue::from_static(kind))
}

#[cfg(test)]
mod tests;
