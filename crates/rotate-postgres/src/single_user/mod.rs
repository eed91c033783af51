//! Rotates the password of one role in place: which passwords are tried, in which order, and who changes it.
//!
//! The login and the change themselves are in `role`, the superuser secret in `admin`.

mod change;
mod recovery;

use rotation::secrets::PostgresSecret;
use rotation::{Budget, Cause, Context, Target};
use secrecy::SecretString;

use self::change::PasswordChange;
use crate::admin::Admins;
use crate::fault::PostgresFault;
use crate::role::login_attempts::LoginAttempts;
use crate::role::{pending_login, test_sql};
use crate::server::session::Session;
use crate::server::tls::Tls;
use crate::settings::Settings;

/// The target of `rotate-postgres-single-user`: a role that changes its own password.
///
/// # Order of logins
/// 1. The current version: the usual case, one login and none that fails. Then the password is changed.
/// 2. The pending version: the password was changed already, by a step that died or by a concurrent invocation.
/// 3. What is left if somebody interfered: the previous version, the admin, the versions without a label.
///
/// A role that logs in and may not change its own password (RDS's `rds.restrict_password_commands`) has it changed by the
/// admin, if the secret or the environment names one, and only then; before that it is asked once more whether the
/// rotation still stands. Where the document names the readers of a cluster,
/// or a replica of RDS's, all of this happens at the writer.
///
/// A server that was not reached, or that fails for another reason than the credential, ends it at once with that cause.
#[derive(Debug)]
pub struct SingleUser {
    settings: Settings,
    tls: Tls,
    admins: Admins,
}

impl SingleUser {
    /// Reads the settings from the environment, which `get` looks up by name.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn from_env(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, Cause> {
        Ok(Self::new(Settings::from_env(get)?))
    }

    /// A target with these settings.
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            tls: Tls::new(settings.roots.clone()),
            admins: Admins::new(settings.clone()),
            settings,
        }
    }

    /// One attempt at [`Target::apply`].
    async fn set(
        &self,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        attempts: &mut LoginAttempts<'_>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let endpoint = self.admins.primary.endpoint(current, context).await?;
        let change = PasswordChange {
            tls: &self.tls,
            admins: &self.admins,
            sent_as: self.settings.sent_as,
            endpoint: &endpoint,
            current,
            pending,
            context,
        };
        let role = current.username();
        let session = attempts
            .attempt("the current version", &endpoint, role, current.password())
            .await?;
        if let Some(session) = session {
            return change.by_the_role(session, current, attempts).await;
        }
        let session = attempts
            .attempt("the pending version", &endpoint, role, pending.password())
            .await?;
        if let Some(session) = session {
            session.close().await;
            tracing::info!("the password was changed already");
            return Ok(());
        }
        recovery::recover(&change, attempts).await
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
            Some(statement) => test_sql::run(session, statement, role, password, budget).await,
            None => Ok(()),
        }
    }

    /// One attempt at [`Target::verify`].
    async fn try_out(&self, pending: &PostgresSecret, context: &Context<'_>) -> Result<(), Cause> {
        let endpoint = self.admins.primary.endpoint(pending, context).await?;
        let budget = context.budget();
        let session = pending_login::log_in(&self.tls, &endpoint, pending, budget).await?;
        let outcome = self.judge(&session, pending, budget).await;
        session.close().await;
        Ok(outcome?)
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

    async fn propose(
        &self,
        current: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<PostgresSecret, Cause> {
        self.admins.primary.endpoint(current, context).await?;
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
        let mut attempts = LoginAttempts::new(&self.tls, context.budget());
        let attempt = async || self.set(current, pending, &mut attempts, context).await;
        self.admins.primary.retry(current, context, attempt).await
    }

    async fn verify(
        &self,
        _: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let attempt = async || self.try_out(pending, context).await;
        self.admins.primary.retry(pending, context, attempt).await
    }
}
