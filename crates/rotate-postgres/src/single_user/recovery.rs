//! The way back if neither the current nor the pending version logs in: somebody changed the password by hand, or
//! a rotation was cancelled after it had changed the password and its version has lost its label.

use rotation::secrets::PostgresSecret;
use rotation::{Cause, Context};
use secrecy::SecretString;

use super::SingleUser;
use crate::admin::{Admin, AdminFault};
use crate::fault::PostgresFault;
use crate::role::in_use::is_in_use;
use crate::role::login_attempts::Doors;
use crate::server::endpoint::Endpoint;
use crate::server::session::Session;

/// Passwords tried at most, those with a label included: each failed login is a line in the server's log, and
/// some servers ban whoever fails too often.
const MOST_KNOCKS: usize = 23;

/// What the list of what was tried calls an admin that was not even looked for.
const ADMIN: &str = "the admin";

/// What the admin came to.
enum Way {
    Open {
        session: Box<Session>,
        admin: Box<Admin>,
    },
    Shut,
    /// It cannot be used, but a version without a label may still help.
    Unusable(Cause),
}

impl SingleUser {
    /// Tries the previous version, the admin, and the versions without a label, newest first.
    ///
    /// # Errors
    /// What is wrong with the admin, if that could have helped; otherwise `LoginRefused`, with all that was tried.
    pub(super) async fn recover(
        &self,
        mut doors: Doors<'_>,
        endpoint: &Endpoint,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        if let Some((session, previous)) = self.previous(&mut doors, current, context).await? {
            let session = standing(session, context).await?;
            notice("the previous version");
            return self
                .change_own(session, endpoint, &previous, pending, context)
                .await;
        }
        let unusable = match self.admin(&mut doors, endpoint, current, context).await? {
            Some(Way::Open { session, admin }) => {
                let session = standing(*session, context).await?;
                notice(admin.title());
                return self
                    .change_as(admin.role(), session, endpoint, pending, context)
                    .await;
            }
            Some(Way::Unusable(cause)) => Some(cause),
            Some(Way::Shut) | None => None,
        };
        if let Some((session, version, secret)) = self.salvage(&mut doors, current, context).await? {
            let session = standing(session, context).await?;
            notice(&version);
            return self
                .change_own(session, endpoint, &secret, pending, context)
                .await;
        }
        Err(unusable.unwrap_or_else(|| doors.refused().into()))
    }

    /// Lets an admin change the password, through a session of the role `by`.
    pub(super) async fn change_as(
        &self,
        by: &str,
        session: Session,
        endpoint: &Endpoint,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let budget = context.budget();
        match self.change(pending, by).through(session, budget).await {
            Err(rejected @ PostgresFault::PasswordRejected { .. }) => {
                let (role, password) = (pending.username(), pending.password());
                if is_in_use(&self.tls, endpoint, role, password, budget).await? {
                    return Ok(());
                }
                Err(rejected.into())
            }
            outcome => Ok(outcome?),
        }
    }

    /// The session of the previous version, and its document.
    async fn previous(
        &self,
        doors: &mut Doors<'_>,
        current: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<Option<(Session, PostgresSecret)>, Cause> {
        const NAME: &str = "the previous version";
        if !doors.in_time_for(NAME) {
            return Ok(None);
        }
        let Some(text) = readable(NAME, context.previous().await, doors)? else {
            return Ok(None);
        };
        let Some(previous) = self.same_role(&text, current) else {
            return Ok(None);
        };
        let session = doors.knock(NAME, previous.password()).await?;
        Ok(session.map(|session| (session, previous)))
    }

    /// A version's document, if it is one, and of the same role on the same server. Its password is only ever tried
    /// where, and over what, the current version says.
    fn same_role(&self, text: &SecretString, current: &PostgresSecret) -> Option<PostgresSecret> {
        let secret = PostgresSecret::parse(text).ok()?;
        let leads_to = |secret| Endpoint::of(secret, &self.settings);
        let same_server = match (leads_to(&secret), leads_to(current)) {
            (Ok(one), Ok(other)) => one.same_server(&other),
            // Both lead to where their admin does.
            (Err(PostgresFault::HostMissing), Err(PostgresFault::HostMissing)) => {
                secret.masterarn() == current.masterarn() && secret.port() == current.port()
            }
            _ => false,
        };
        (secret.username() == current.username() && same_server).then_some(secret)
    }

    /// The session of a version that lost its label, which version it is, and its document.
    async fn salvage(
        &self,
        doors: &mut Doors<'_>,
        current: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<Option<(Session, String, PostgresSecret)>, Cause> {
        const NAME: &str = "the versions without a label";
        if !doors.in_time_for(NAME) {
            return Ok(None);
        }
        let versions = readable(NAME, context.deprecated().await.map(Some), doors)?;
        for version in versions.unwrap_or_default() {
            if doors.knocks() >= MOST_KNOCKS {
                doors.note(
                    "older versions",
                    format!("not tried, {MOST_KNOCKS} passwords are enough"),
                );
                break;
            }
            if !doors.in_time_for("older versions") {
                break;
            }
            let name = format!("version {version}");
            let Some(text) = readable(&name, context.version(&version).await, doors)? else {
                continue;
            };
            let Some(secret) = self.same_role(&text, current) else {
                continue;
            };
            if let Some(session) = doors.knock(name.as_str(), secret.password()).await? {
                return Ok(Some((session, name, secret)));
            }
        }
        Ok(None)
    }

    /// Logs in as the admin, if there is one, and if it is certain that the role's password is a wrong one: where the
    /// server did not even look at it, applications may be using it, and a new one would lock them out.
    async fn admin(
        &self,
        doors: &mut Doors<'_>,
        endpoint: &Endpoint,
        current: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<Option<Way>, Cause> {
        if !self.admins.are_named(current) {
            return Ok(None);
        }
        if !doors.passwords_are_wrong() {
            doors.note(
                ADMIN,
                "not tried, the server refused the connection and not the password",
            );
            return Ok(Some(Way::Shut));
        }
        if !doors.in_time_for(ADMIN) {
            return Ok(Some(Way::Shut));
        }
        let admin = match self.admins.find(current, endpoint, context).await {
            Ok(Some(admin)) => admin,
            Ok(None) => return Ok(None),
            Err(cause) => return Ok(Some(Way::Unusable(cause))),
        };
        match self.admins.open(&admin, &self.tls, context).await {
            Ok(session) => Ok(Some(Way::Open {
                session: Box::new(session),
                admin: Box::new(admin),
            })),
            Err(cause) if cause.code() == AdminFault::LOGIN_REFUSED => {
                let credential = format!("{}, role {:?}", admin.title(), admin.role());
                doors.note(credential, cause.problem().to_string());
                Ok(Some(Way::Shut))
            }
            Err(cause) => Err(cause),
        }
    }
}

/// What was read, if it could be. What cannot be read is no way back, but the next one may be; only where
/// every further call would fare the same, the search ends.
fn readable<T>(
    credential: &str,
    read: Result<Option<T>, Cause>,
    doors: &mut Doors<'_>,
) -> Result<Option<T>, Cause> {
    match read {
        Err(cause) if !matches!(cause.code(), "DeadlineExceeded" | "Throttled") => {
            doors.note(credential, format!("not tried, {cause}"));
            Ok(None)
        }
        read => read,
    }
}

/// The session, if the rotation is still the one that was read: the search takes time, in which somebody may have
/// repaired the password by hand, and it would be changed under their hands.
pub(super) async fn standing(session: Session, context: &Context<'_>) -> Result<Session, Cause> {
    match context.still_stands().await {
        Ok(()) => Ok(session),
        Err(cause) => {
            session.close().await;
            Err(cause)
        }
    }
}

/// Neither the current nor the pending version logged in: somebody should know.
fn notice(credential: &str) {
    tracing::warn!(
        login.with = credential,
        "neither the current nor the pending version logs in; the password is set through {credential}"
    );
}
