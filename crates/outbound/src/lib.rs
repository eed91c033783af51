//! What every call over the network needs, whatever the service is.
//!
//! ```text
//! rotation, rotate-postgres, rotate-api-key ─▶ outbound
//!
//! connect ─▶ budget      a name to a TCP connection, within a time limit
//! forbidden              addresses that no service has
//! trust                  root certificates from a setting
//! tls_failure            why a handshake failed, in words
//! scrub   ─▶ percent     a server's words without credentials
//!         ─▶ words       an error on one line
//! words   ─▶ tls_failure
//! ```
//!
//! - [`Budget`] is the time that a step has; [`Budget::wait`] waits within it.
//! - [`Bundle`] reads root certificates from a PEM or from the path of one; [`public_roots`] are the web's.
//! - [`connect`] looks up a name and connects. Each address gets a fair share of the time.
//! - [`refusal`] is a filter for it: the machine itself, link-local addresses, metadata services.
//! - [`TlsFailure`] says why a TLS handshake failed; [`chain`] uses it.
//! - [`Scrub`] removes credentials from the words of a server.
//! - [`encoded`] and [`form`] write percent-encoding; [`chain`], [`innermost`], [`one_line`] and [`shortened`] write errors.
//!
//! This crate knows no database, no provider and no AWS service. It judges no error (whether to retry is decided in
//! `rotation`), writes no log, and imports no other crate of the workspace.

mod budget;
mod connect;
mod forbidden;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod percent;
mod scrub;
mod tls_failure;
mod trust;
mod words;

pub use budget::{Budget, TimedOut};
pub use connect::{ConnectError, Destination, connect};
pub use forbidden::refusal;
pub use percent::{encoded, form};
pub use scrub::Scrub;
pub use tls_failure::{TlsFailure, TlsKind};
pub use trust::{Bundle, Place, TrustError, public_roots};
pub use words::{chain, innermost, one_line, shortened, shortened_name};
