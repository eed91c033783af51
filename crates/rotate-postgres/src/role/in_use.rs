//! Whether a password that the server's policy has just rejected is in use all the same.

use rotation::Budget;
use rotation::password::Password;

use crate::fault::PostgresFault;
use crate::server::denial::Denial;
use crate::server::endpoint::Endpoint;
use crate::server::login;
use crate::server::tls::Tls;

/// Logs in with it. A policy that forbids to use a password again also rejects a value that a twin has just set: such a value
/// is in use, and must not be released as one that never will be.
///
/// # Errors
/// `PendingRefused` if the server did not look at the password; whatever else came of the login.
pub(crate) async fn is_in_use(
    tls: &Tls,
    endpoint: &Endpoint,
    role: &str,
    password: &Password,
    budget: Budget,
) -> Result<bool, PostgresFault> {
    match login::log_in(tls, endpoint, role, password, budget).await {
        Ok(session) => {
            session.close().await;
            Ok(true)
        }
        Err(Denial::Refused(said)) if said.is_of_the_password() => Ok(false),
        Err(Denial::Refused(said)) => {
            let (role, server) = (role.to_owned(), endpoint.server());
            Err(PostgresFault::PendingRefused { role, server, said })
        }
        Err(Denial::Failed(fault)) => Err(fault),
    }
}
