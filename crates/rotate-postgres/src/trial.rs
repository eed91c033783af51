//! One login with a secret value, from wherever this runs: how a person finds out which value works.

use outbound::Budget;
use rotation::secrets::PostgresSecret;
use rotation::{Cause, Tags};
use secrecy::SecretString;

use crate::server::denial::Denial;
use crate::server::endpoint::Endpoint;
use crate::server::login::log_in;
use crate::server::tls::Tls;
use crate::settings::Settings;

/// What the server said to the credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// It let the role in.
    Accepted,
    /// It refused the credential: the SQLSTATE.
    Refused(String),
}

/// Reads a value as the functions do: `BASE64_MEMBERS` decoded, and a bare password with the login that the variables name. The secret's
/// tags are not asked. `get` looks up the environment variables of the functions.
///
/// # Errors
/// The value or the variables.
pub fn read_value(
    text: &SecretString,
    get: &dyn Fn(&str) -> Option<String>,
) -> Result<PostgresSecret, Cause> {
    let settings = Settings::from_env(get)?;
    let declared = settings.declared_for_bare(&Tags::new())?;
    Ok(PostgresSecret::parse_declared(text, &declared)?)
}

/// Logs in once, with the TLS rules and the trust of the functions, and logs out again. `get` looks up the environment variables of the
/// functions.
///
/// # Errors
/// What says nothing about the credential: the network, TLS, the value, the variables.
pub async fn try_login(
    secret: &PostgresSecret,
    get: &dyn Fn(&str) -> Option<String>,
    budget: Budget,
) -> Result<Tried, Cause> {
    let settings = Settings::from_env(get)?;
    let endpoint = Endpoint::of(secret, &settings)?;
    let tls = Tls::new(settings.roots);
    match log_in(&tls, &endpoint, secret.username(), secret.password(), budget).await {
        Ok(session) => {
            session.close().await;
            Ok(Tried::Accepted)
        }
        Err(Denial::Refused(said)) => Ok(Tried::Refused(said.state)),
        Err(Denial::Failed(fault)) => Err(fault.into()),
    }
}
