//! A login with the pending password, after the change and to find out whether it was made.

use rotation::Budget;
use rotation::secrets::PostgresSecret;

use crate::fault::PostgresFault;
use crate::server::denial::Denial;
use crate::server::endpoint::Endpoint;
use crate::server::login::{self, Line};
use crate::server::session::Session;
use crate::server::tls::Tls;

/// Logs in as an application would.
///
/// # Errors
/// `PendingRefused` if the server refused it; what else came of the login.
pub(crate) async fn log_in(
    tls: &Tls,
    endpoint: &Endpoint,
    pending: &PostgresSecret,
    budget: Budget,
) -> Result<Session, PostgresFault> {
    log_in_over(None, tls, endpoint, pending, budget).await
}

/// The same over a connection that was prepared, if one was.
pub(crate) async fn log_in_over(
    line: Option<Line>,
    tls: &Tls,
    endpoint: &Endpoint,
    pending: &PostgresSecret,
    budget: Budget,
) -> Result<Session, PostgresFault> {
    let (role, password) = (pending.username(), pending.password());
    let answer = login::log_in_over(line, tls, endpoint, role, password, budget).await;
    answer.map_err(|denial| match denial {
        Denial::Refused(said) => {
            let (role, server) = (role.to_owned(), endpoint.server());
            PostgresFault::PendingRefused { role, server, said }
        }
        Denial::Failed(fault) => fault,
    })
}

/// Whether it is the role's password. A policy that forbids to use a password again also rejects a value that a concurrent
/// invocation has just set: such a value is in use, and must not be released as one that never will be.
///
/// # Errors
/// `PendingRefused` if the server did not look at the password; what else came of the login.
pub(crate) async fn is_in_use(
    tls: &Tls,
    endpoint: &Endpoint,
    pending: &PostgresSecret,
    budget: Budget,
) -> Result<bool, PostgresFault> {
    match log_in(tls, endpoint, pending, budget).await {
        Ok(session) => {
            session.close().await;
            Ok(true)
        }
        Err(PostgresFault::PendingRefused { said, .. }) if said.is_of_the_password() => Ok(false),
        Err(fault) => Err(fault),
    }
}
