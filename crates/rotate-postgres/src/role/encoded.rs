//! A password that is Base64 and was taken for the password itself, or the other way round. Only a login shows that.

use rotation::Budget;
use rotation::secrets::PostgresSecret;

use super::login_attempts::LoginAttempts;
use super::pending_login;
use crate::fault::PostgresFault;
use crate::server::endpoint::Endpoint;
use crate::server::session::Session;
use crate::server::tls::Tls;

/// After `current` was refused, and before anything else is tried: a new password would hide that the secret is read in the wrong way, and
/// would be written in the wrong way, too.
///
/// # Errors
/// `PasswordEncoded` if the password logs in once it is read otherwise; what is not the password's fault.
pub(crate) async fn check(
    current: &PostgresSecret,
    endpoint: &Endpoint,
    attempts: &mut LoginAttempts<'_>,
) -> Result<(), PostgresFault> {
    if !logs_in_otherwise(current, endpoint, attempts).await? {
        return Ok(());
    }
    let ((role, server), (read, otherwise)) = (named(current, endpoint), readings(current));
    Err(PostgresFault::PendingEncoded {
        role,
        server,
        read,
        otherwise,
    })
}

/// Logs in as `pending`. In a test rotation, whose pending version is a copy of the current one, a refusal says whether the password is
/// read in the wrong way.
///
/// # Errors
/// Those of [`pending_login::log_in`], and `PasswordEncoded`.
pub(crate) async fn log_in(
    tls: &Tls,
    endpoint: &Endpoint,
    current: &PostgresSecret,
    pending: &PostgresSecret,
    budget: Budget,
) -> Result<Session, PostgresFault> {
    match pending_login::log_in(tls, endpoint, pending, budget).await {
        Err(refused) if current.password() == pending.password() => {
            Err(explain(refused, current, endpoint, tls, budget).await)
        }
        outcome => outcome,
    }
}

async fn explain(
    refused: PostgresFault,
    current: &PostgresSecret,
    endpoint: &Endpoint,
    tls: &Tls,
    budget: Budget,
) -> PostgresFault {
    if !matches!(&refused, PostgresFault::PendingRefused { said, .. } if said.is_of_the_password()) {
        return refused;
    }
    let mut attempts = LoginAttempts::new(tls, budget);
    match logs_in_otherwise(current, endpoint, &mut attempts).await {
        Ok(true) => {
            let ((role, server), (read, otherwise)) = (named(current, endpoint), readings(current));
            PostgresFault::PasswordEncoded {
                role,
                server,
                read,
                otherwise,
            }
        }
        _ => refused,
    }
}

async fn logs_in_otherwise(
    current: &PostgresSecret,
    endpoint: &Endpoint,
    attempts: &mut LoginAttempts<'_>,
) -> Result<bool, PostgresFault> {
    const NAME: &str = "the current version, read otherwise";
    let Some(password) = current.password_read_otherwise() else {
        return Ok(false);
    };
    if !attempts.passwords_are_wrong() || !attempts.in_time_for(NAME) {
        return Ok(false);
    }
    let session = attempts
        .attempt(NAME, endpoint, current.username(), &password)
        .await?;
    match session {
        Some(session) => {
            session.close().await;
            Ok(true)
        }
        None => Ok(false),
    }
}

fn named(current: &PostgresSecret, endpoint: &Endpoint) -> (String, String) {
    (current.username().to_owned(), endpoint.server())
}

/// How the password was read, and how it logs in.
fn readings(current: &PostgresSecret) -> (&'static str, &'static str) {
    const WRITTEN: &str = "as it is written";
    const DECODED: &str = "decoded from Base64";
    if current.is_base64("password") {
        (DECODED, WRITTEN)
    } else {
        (WRITTEN, DECODED)
    }
}
