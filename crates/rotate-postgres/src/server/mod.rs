//! A session on one PostgreSQL server: where it is, the connection, TLS, the login, and questions in SQL.
//!
//! It knows neither which credentials to try nor what to change: those are in `role` and `admin`.

pub mod cleartext_guard;
pub mod denial;
pub mod endpoint;
pub mod login;
pub mod reach;
pub mod scrub;
pub mod session;
pub mod sql;
pub mod tls;
