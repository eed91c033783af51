//! The way back if neither the current nor the pending version logs in: somebody changed the password by hand, or
//! a rotation was cancelled after it had changed the password and its version has lost its label.

use rotation::secrets::PostgresSecret;
use rotation::{Applied, Cause};
use secrecy::SecretString;

use super::change::PasswordChange;
use super::open::Open;
use crate::admin::{Admin, AdminFault};
use crate::fault::PostgresFault;
use crate::role::encoded;
use crate::role::login_attempts::LoginAttempts;
use crate::server::session::Session;

/// What the list of what was tried calls a superuser that was not even looked for.
const ADMIN: &str = "the superuser role";

/// What came of the superuser.
enum Superuser {
    LoggedIn {
        session: Box<Session>,
        admin: Box<Admin>,
    },
    /// There is none, or it must not be used, or its login is refused.
    Without,
    /// It cannot be used, but a version without a label may still help.
    Unusable(Cause),
}

/// Tries the previous version, the superuser, and the versions without a label, newest first.
///
/// # Errors
/// What is wrong with the superuser, if that could have helped; otherwise `LoginRefused`, with all that was tried.
pub(super) async fn recover(
    change: &PasswordChange<'_>,
    attempts: &mut LoginAttempts<'_>,
) -> Result<Applied<Open>, Cause> {
    encoded::check(change.current, change.endpoint, attempts).await?;
    if let Some((session, previous)) = previous(change, attempts).await? {
        notice("the previous version");
        return change.by_the_role(session, &previous, true, attempts).await;
    }
    let unusable = match superuser(change, attempts).await? {
        Superuser::LoggedIn { session, admin } => {
            notice(admin.title());
            return change.by(admin.role(), *session, attempts).await;
        }
        Superuser::Unusable(cause) => Some(cause),
        Superuser::Without => None,
    };
    if let Some((session, version, secret)) = without_label(change, attempts).await? {
        notice(&version);
        return change.by_the_role(session, &secret, true, attempts).await;
    }
    let refused = || PostgresFault::LoginRefused {
        role: change.current.username().to_owned(),
        server: change.endpoint.server(),
        tried: attempts.tried(),
        decided: attempts.decided(),
    };
    Err(unusable.unwrap_or_else(|| refused().into()))
}

/// The session of the previous version, and its document.
async fn previous(
    change: &PasswordChange<'_>,
    attempts: &mut LoginAttempts<'_>,
) -> Result<Option<(Session, PostgresSecret)>, Cause> {
    const NAME: &str = "the previous version";
    if !attempts.in_time_for(NAME) {
        return Ok(None);
    }
    let Some(text) = attempts.readable(NAME, change.context.previous().await)? else {
        return Ok(None);
    };
    log_in(change, NAME, &text, attempts).await
}

/// The session of a version that lost its label, which version it is, and its document.
async fn without_label(
    change: &PasswordChange<'_>,
    attempts: &mut LoginAttempts<'_>,
) -> Result<Option<(Session, String, PostgresSecret)>, Cause> {
    const NAME: &str = "the versions without a label";
    const OLDER: &str = "older versions";
    if !attempts.in_time_for(NAME) {
        return Ok(None);
    }
    let versions = attempts.readable(NAME, change.context.deprecated().await.map(Some))?;
    for version in versions.unwrap_or_default() {
        if attempts.is_exhausted(OLDER) || !attempts.in_time_for(OLDER) {
            break;
        }
        let name = format!("version {version}");
        let Some(text) = attempts.readable(&name, change.context.version(&version).await)? else {
            continue;
        };
        if let Some((session, secret)) = log_in(change, &name, &text, attempts).await? {
            return Ok(Some((session, name, secret)));
        }
    }
    Ok(None)
}

/// The session of a version, and its document, if it is one, and of the same role on the same server. Its password is only
/// ever tried where, and over what, the current version says.
async fn log_in(
    change: &PasswordChange<'_>,
    name: &str,
    text: &SecretString,
    attempts: &mut LoginAttempts<'_>,
) -> Result<Option<(Session, PostgresSecret)>, Cause> {
    let (endpoint, role) = (change.endpoint, change.current.username());
    let Ok(secret) = change.current.parse_like(text) else {
        return Ok(None);
    };
    let primary = &change.admins.primary;
    if secret.username() != role || !primary.leads_to(endpoint, &secret, change.context).await {
        return Ok(None);
    }
    let session = attempts.attempt(name, endpoint, role, secret.password()).await?;
    Ok(session.map(|session| (session, secret)))
}

/// Logs in as the superuser, if there is one, and if it is certain that the role's password is a wrong one: where the
/// server did not even look at it, applications may be using it, and a new one would lock them out.
async fn superuser(
    change: &PasswordChange<'_>,
    attempts: &mut LoginAttempts<'_>,
) -> Result<Superuser, Cause> {
    let (admins, current, context) = (change.admins, change.current, change.context);
    if !admins.are_named(current, context) {
        return Ok(Superuser::Without);
    }
    // Only a login shows that a bare text is a password, and whose.
    if current.is_bare() {
        attempts.note(ADMIN, "not used for a bare password");
        return Ok(Superuser::Without);
    }
    if !attempts.passwords_are_wrong() {
        attempts.note(
            ADMIN,
            "not tried, the server refused the connection and not the password",
        );
        return Ok(Superuser::Without);
    }
    if !attempts.in_time_for(ADMIN) {
        return Ok(Superuser::Without);
    }
    let admin = match admins.find(current, change.endpoint, context).await {
        Ok(Some(admin)) => admin,
        Ok(None) => return Ok(Superuser::Without),
        Err(cause) => return Ok(Superuser::Unusable(cause)),
    };
    match admins.open(&admin, change.tls, context).await {
        Ok(session) => Ok(Superuser::LoggedIn {
            session: Box::new(session),
            admin: Box::new(admin),
        }),
        Err(cause) if matches!(cause.as_fault(), Some(AdminFault::LoginRefused { .. })) => {
            let credential = format!("{}, role {:?}", admin.title(), admin.role());
            attempts.note(credential, cause.problem().to_string());
            Ok(Superuser::Without)
        }
        Err(cause) => Err(cause),
    }
}

/// Neither the current nor the pending version logged in: somebody should know.
fn notice(credential: &str) {
    tracing::warn!(
        login.with = credential,
        "neither the current nor the pending version logs in; the password is set through {credential}"
    );
}
