//! Rotates the password of one role in place.

mod recovery;

use rotation::secrets::{PostgresSecret, TlsMode};
use rotation::{Budget, Cause, Context, Target};
use secrecy::SecretString;

use crate::alter::Change;
use crate::connect;
use crate::doors::Doors;
use crate::endpoint::{Endpoint, check_role_name};
use crate::fault::PostgresFault;
use crate::login::Denial;
use crate::session::Session;
use crate::settings::{SentAs, Settings};
use crate::tls::Tls;
use crate::trial;

/// The target of `rotate-postgres-single-user`: a role that changes its own password.
///
/// # Order of logins
/// 1. The current version: the usual case, one login and none that fails. Then the password is changed.
/// 2. The pending version: the password was changed already, by a step that died or by a twin.
/// 3. What is left if somebody interfered: the previous version, the admin secret, the versions without a label.
///
/// A server that was not reached, or that fails for another reason than the credential, ends it at once with that cause.
#[derive(Debug)]
pub struct SingleUser {
    settings: Settings,
    tls: Tls,
}

impl SingleUser {
    /// Reads the settings from the environment, which `get` looks up by name. See [`Settings`].
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn from_env(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, Cause> {
        Ok(Self::new(Settings::from_env(get)?))
    }

    /// A target with these settings.
    pub fn new(settings: Settings) -> Self {
        let tls = Tls::new(settings.roots.clone());
        Self { settings, tls }
    }

    /// Where the document leads, checked as far as that is possible without asking anybody.
    fn endpoint(&self, secret: &PostgresSecret) -> Result<Endpoint, PostgresFault> {
        check_role_name(secret.username())?;
        let endpoint = Endpoint::of(secret, &self.settings)?;
        if self.settings.sent_as == SentAs::Cleartext && endpoint.tls == TlsMode::Disable {
            return Err(PostgresFault::CleartextNeedsTls);
        }
        Ok(endpoint)
    }

    /// One attempt at [`Target::apply`].
    async fn set(
        &self,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let endpoint = self.endpoint(current)?;
        let mut doors = Doors::new(&self.tls, &endpoint, current.username(), context.budget());
        if let Some(session) = doors.knock("the current version", current.password()).await? {
            return Ok(self
                .change_own(session, &endpoint, current, pending, context)
                .await?);
        }
        if let Some(session) = doors.knock("the pending version", pending.password()).await? {
            session.close().await;
            tracing::info!("the password was changed already");
            return Ok(());
        }
        self.recover(doors, &endpoint, current, pending, context).await
    }

    /// The change to `pending`, made by the role `by`.
    fn change<'a>(&self, pending: &'a PostgresSecret, by: &'a str) -> Change<'a> {
        Change {
            role: pending.username(),
            by,
            password: pending.password(),
            sent_as: self.settings.sent_as,
        }
    }

    /// Lets the role change its own password, through a session that `opener`'s password opened.
    async fn change_own(
        &self,
        session: Session,
        endpoint: &Endpoint,
        opener: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), PostgresFault> {
        let budget = context.budget();
        let outcome = self
            .change(pending, pending.username())
            .through(session, budget)
            .await;
        match outcome {
            // A policy that forbids to use a password again also rejects a value that a twin has just set: the
            // value counts as rejected only if the old one still opens the door.
            Err(PostgresFault::PasswordRejected { role, said }) => {
                match connect::log_in(&self.tls, endpoint, &role, opener.password(), budget).await {
                    Ok(session) => {
                        session.close().await;
                        Err(PostgresFault::PasswordRejected { role, said })
                    }
                    Err(Denial::Refused(_)) => Err(PostgresFault::RoleBusy { role, said }),
                    Err(Denial::Failed(fault)) => Err(fault),
                }
            }
            outcome => outcome,
        }
    }

    /// Whether the session is the role's, and passes the operator's own test.
    async fn judge(
        &self,
        session: &Session,
        pending: &PostgresSecret,
        budget: Budget,
    ) -> Result<(), PostgresFault> {
        let (role, password) = (pending.username(), pending.password());
        session.identify(role, budget).await?;
        match &self.settings.test_sql {
            Some(statement) => trial::run(session, statement, role, password, budget).await,
            None => Ok(()),
        }
    }

    /// One attempt at [`Target::verify`].
    async fn try_out(&self, pending: &PostgresSecret, context: &Context<'_>) -> Result<(), Cause> {
        let (endpoint, role, budget) = (self.endpoint(pending)?, pending.username(), context.budget());
        match connect::log_in(&self.tls, &endpoint, role, pending.password(), budget).await {
            Ok(session) => {
                let outcome = self.judge(&session, pending, budget).await;
                session.close().await;
                outcome.map_err(Cause::from)
            }
            Err(Denial::Refused(said)) => {
                let (role, server) = (role.to_owned(), endpoint.server());
                Err(PostgresFault::PendingRefused { role, server, said }.into())
            }
            Err(Denial::Failed(fault)) => Err(fault.into()),
        }
    }
}

impl Target for SingleUser {
    type Secret = PostgresSecret;

    fn read(&self, text: &SecretString) -> Result<PostgresSecret, Cause> {
        Ok(PostgresSecret::parse(text)?)
    }

    fn text<'a>(&self, secret: &'a PostgresSecret) -> &'a SecretString {
        secret.text()
    }

    fn check_pair(&self, current: &PostgresSecret, pending: &PostgresSecret) -> Result<(), Cause> {
        Ok(pending.same_account_as(current).map_err(PostgresFault::from)?)
    }

    async fn propose(&self, current: &PostgresSecret, _: &Context<'_>) -> Result<PostgresSecret, Cause> {
        self.endpoint(current)?;
        let password = self
            .settings
            .policy
            .generate_from_os()
            .map_err(PostgresFault::from)?;
        Ok(current.with_password(&password)?)
    }

    async fn apply(
        &self,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        context
            .budget()
            .retry(async || self.set(current, pending, context).await)
            .await
    }

    async fn verify(
        &self,
        _: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        context
            .budget()
            .retry(async || self.try_out(pending, context).await)
            .await
    }
}
