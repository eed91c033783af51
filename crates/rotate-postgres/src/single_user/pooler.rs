//! A pooler in front of the server: whether it has the passwords itself, and would refuse a new one.

use rotation::Budget;
use rotation::password::Password;

use super::guard;
use crate::fault::PostgresFault;
use crate::server::endpoint::Endpoint;
use crate::server::login;
use crate::server::session::{Identity, Session};
use crate::server::tls::Tls;

/// Logs in a second time if a pooler stands between, and compares the salts. A pooler that asks the server for the stored verifier, or
/// has a copy, has one salt. One that has the password makes up a salt at each login, and would refuse every new password.
///
/// # Errors
/// `PoolerHasPasswords`. What else comes of the second login says nothing of it.
pub(super) async fn check(
    session: &Session,
    identity: &Identity,
    tls: &Tls,
    endpoint: &Endpoint,
    login: (&str, &Password),
    budget: Budget,
) -> Result<(), PostgresFault> {
    let Some(salt) = session.seen().salt() else {
        return Ok(());
    };
    if !guard::is_behind_a_pooler(session.seen(), identity) {
        return Ok(());
    }
    let (role, password) = login;
    let Ok(second) = login::log_in(tls, endpoint, role, password, budget).await else {
        return Ok(());
    };
    let differs = second.seen().salt().is_some_and(|other| other != salt);
    second.close().await;
    if differs {
        return Err(PostgresFault::PoolerHasPasswords {
            role: role.to_owned(),
            server: endpoint.server(),
        });
    }
    Ok(())
}
