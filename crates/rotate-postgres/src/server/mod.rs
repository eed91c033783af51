//! A session on one PostgreSQL server: where it is, the connection, TLS, the login, and questions in SQL.
//!
//! It knows neither which credentials to try nor what to change: those are in `role` and `admin`.

pub(crate) mod cleartext_guard;
pub(crate) mod denial;
pub(crate) mod endpoint;
pub(crate) mod login;
pub(crate) mod reach;
pub(crate) mod scrub;
pub(crate) mod seen;
pub(crate) mod session;
pub(crate) mod sql;
pub(crate) mod tls;
mod watched_tls;
