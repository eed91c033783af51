//! The way back if neither the current nor the pending version logs in: somebody changed the password by hand, or
//! a rotation was cancelled after it had changed the password and its version has lost its label.

use rotation::secrets::PostgresSecret;
use rotation::{Cause, Context};
use secrecy::SecretString;

use super::SingleUser;
use crate::connect;
use crate::doors::Doors;
use crate::endpoint::Endpoint;
use crate::fault::PostgresFault;
use crate::login::Denial;
use crate::session::Session;

/// Passwords tried at most, those with a label included: each failed login is a line in the server's log, and
/// some servers ban whoever fails too often.
const MOST_KNOCKS: usize = 23;

/// What the admin secret came to.
enum Admin {
    Open {
        session: Box<Session>,
        name: String,
    },
    Shut,
    /// It cannot be used, but a version without a label may still help.
    Unusable(Cause),
}

impl SingleUser {
    /// Tries the previous version, the admin secret, and the versions without a label, newest first.
    ///
    /// # Errors
    /// What is wrong with the admin secret, if that could have helped; otherwise `LoginRefused`, with all that was tried.
    pub(super) async fn recover(
        &self,
        mut doors: Doors<'_>,
        endpoint: &Endpoint,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        if let Some(previous) = self.same_role(context.previous().await?, endpoint, current)
            && let Some(session) = doors.knock("the previous version", previous.password()).await?
        {
            notice("the previous version");
            return Ok(self
                .change_own(session, endpoint, &previous, pending, context)
                .await?);
        }
        let unusable = match self.admin(&mut doors, endpoint, current, context).await? {
            Some(Admin::Open { session, name }) => {
                notice("the admin secret");
                return Ok(self
                    .change(pending, &name)
                    .through(*session, context.budget())
                    .await?);
            }
            Some(Admin::Unusable(cause)) => Some(cause),
            Some(Admin::Shut) | None => None,
        };
        if let Some((session, version, secret)) = self.salvage(&mut doors, endpoint, current, context).await?
        {
            notice(&version);
            return Ok(self
                .change_own(session, endpoint, &secret, pending, context)
                .await?);
        }
        Err(unusable.unwrap_or_else(|| doors.refused().into()))
    }

    /// A version's document, if it is one, and of the same role on the same server. Its password is only ever tried
    /// where, and over what, the current version says.
    fn same_role(
        &self,
        text: Option<SecretString>,
        endpoint: &Endpoint,
        current: &PostgresSecret,
    ) -> Option<PostgresSecret> {
        let secret = PostgresSecret::parse(&text?).ok()?;
        let elsewhere = Endpoint::of(&secret, &self.settings).ok()?;
        let same = secret.username() == current.username() && elsewhere.same_server(endpoint);
        same.then_some(secret)
    }

    /// The session of a version that lost its label, which version it is, and its document.
    async fn salvage(
        &self,
        doors: &mut Doors<'_>,
        endpoint: &Endpoint,
        current: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<Option<(Session, String, PostgresSecret)>, Cause> {
        let versions = match context.deprecated().await {
            Ok(versions) => versions,
            Err(cause) => {
                doors.note("the versions without a label", format!("not tried, {cause}"));
                return Ok(None);
            }
        };
        for version in versions {
            if doors.knocks() >= MOST_KNOCKS {
                doors.note(
                    "older versions",
                    format!("not tried, {MOST_KNOCKS} passwords are enough"),
                );
                break;
            }
            let Some(secret) = self.same_role(context.version(&version).await?, endpoint, current) else {
                continue;
            };
            let name = format!("version {version}");
            if let Some(session) = doors.knock(name.as_str(), secret.password()).await? {
                return Ok(Some((session, name, secret)));
            }
        }
        Ok(None)
    }

    /// Logs in as the admin, if the document names one.
    async fn admin(
        &self,
        doors: &mut Doors<'_>,
        endpoint: &Endpoint,
        current: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<Option<Admin>, Cause> {
        let Some(arn) = current.masterarn() else {
            return Ok(None);
        };
        let read = match context.other_secret(arn).await {
            Ok(text) => self.admin_of(arn, &text, endpoint, current).map_err(Cause::from),
            Err(cause) => Err(cause),
        };
        let (admin, own) = match read {
            Ok(read) => read,
            Err(cause) => return Ok(Some(Admin::Unusable(cause))),
        };
        let name = admin.username();
        match connect::log_in(&self.tls, &own, name, admin.password(), context.budget()).await {
            Ok(session) => Ok(Some(Admin::Open {
                session: Box::new(session),
                name: name.to_owned(),
            })),
            Err(Denial::Refused(said)) => {
                doors.note(format!("the admin secret, role {name:?}"), said.to_string());
                Ok(Some(Admin::Shut))
            }
            Err(Denial::Failed(fault)) => Err(fault.into()),
        }
    }

    /// The admin's document and endpoint. A rotated secret's content must never decide where the admin's credential
    /// is sent, nor how well it is protected: the admin's own document names the server, and the two must agree.
    fn admin_of(
        &self,
        arn: &str,
        text: &SecretString,
        endpoint: &Endpoint,
        current: &PostgresSecret,
    ) -> Result<(PostgresSecret, Endpoint), PostgresFault> {
        let elsewhere = |problem: String| PostgresFault::AdminElsewhere {
            admin: arn.to_owned(),
            server: endpoint.server(),
            problem,
        };
        let admin = PostgresSecret::parse(text)
            .map_err(|error| elsewhere(format!("its document is unusable: {error}")))?;
        // A secret that RDS manages names no host; its tags name the instance. Looking that up belongs to the
        // function for alternating users, which cannot do without.
        let own = Endpoint::of(&admin, &self.settings).map_err(|fault| elsewhere(fault.to_string()))?;
        if !own.same_server(endpoint) {
            return Err(elsewhere(format!("it is for {}", own.server())));
        }
        if admin.username() == current.username() {
            return Err(PostgresFault::AdminIsTheUser {
                admin: arn.to_owned(),
                role: current.username().to_owned(),
            });
        }
        Ok((admin, own.at_least_as_safe_as(endpoint)))
    }
}

/// Neither the current nor the pending version logged in: somebody should know.
fn notice(credential: &str) {
    tracing::warn!(
        login.with = credential,
        "neither the current nor the pending version logs in; the password is set through {credential}"
    );
}
