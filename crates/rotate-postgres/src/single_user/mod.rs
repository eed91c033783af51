//! Rotates the password of one role in place: which passwords are tried, in which order, and who changes it.
//!
//! The login and the change themselves are in `role`, the superuser secret in `admin`.

mod change;
mod guard;
mod open;
mod pooler;
mod recovery;
mod rehearsal;

use rotation::secrets::PostgresSecret;
use rotation::{Applied, Budget, Cause, Context, CurrentMoves, Strategy, Tags, Target};
use secrecy::SecretString;

use std::sync::Arc;

use self::change::PasswordChange;
use self::open::Open;
use self::rehearsal::Rehearsal;
use crate::admin::Admins;
use crate::copies;
use crate::fault::PostgresFault;
use crate::role::login_attempts::LoginAttempts;
use crate::role::{encoded, pending_login, test_sql};
use crate::server::denial::Denial;
use crate::server::endpoint::Endpoint;
use crate::server::login;
use crate::server::session::{Identity, Session};
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
/// admin, if the secret or the environment names one, and only then. Where the document names the readers of a cluster,
/// or a replica of RDS's, all of this happens at the writer.
///
/// # When AWSCURRENT moves
/// In setSecret, between the change and its commit: if anything fails, the server itself undoes the change, and AWSCURRENT still logs
/// in. `guard` says where that is not possible; then the change is committed at once, and finishSecret moves AWSCURRENT.
/// `AWSCURRENT_MOVES=finishSecret` asks for that everywhere.
///
/// A server that was not reached, or that fails for another reason than the credential, ends it at once with that cause.
#[derive(Debug)]
pub struct SingleUser {
    settings: Settings,
    /// Shared with the open change, which outlives the call that made it.
    tls: Arc<Tls>,
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
            tls: Arc::new(Tls::new(settings.roots.clone())),
            admins: Admins::new(settings.clone()),
            settings,
        }
    }

    /// One attempt at [`Target::prepare`], and in the classic order at [`Target::apply`].
    async fn set(
        &self,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        attempts: &mut LoginAttempts<'_>,
        context: &Context<'_>,
    ) -> Result<Applied<Open>, Cause> {
        let endpoint = self.admins.primary.endpoint(current, context).await?;
        let change = self.change(&endpoint, current, pending, context);
        let role = current.username();
        let session = attempts
            .attempt("the current version", &endpoint, role, current.password())
            .await?;
        if let Some(session) = session {
            return change.by_the_role(session, current, false, attempts).await;
        }
        let session = attempts
            .attempt("the pending version", &endpoint, role, pending.password())
            .await?;
        if let Some(session) = session {
            let identity = session.identify(role, context.budget()).await;
            session.close().await;
            identity?;
            tracing::info!("the password was changed already");
            return Ok(Applied::InUse);
        }
        recovery::recover(&change, attempts).await
    }

    /// Whether the session is the role's, and passes the operator's own test.
    async fn judge(
        &self,
        session: &Session,
        pending: &PostgresSecret,
        budget: Budget,
    ) -> Result<Identity, PostgresFault> {
        let (role, told) = (pending.username(), [pending.password()]);
        let identity = session.identify(role, budget).await?;
        if let Some(statement) = &self.settings.test_sql {
            test_sql::run(session, statement, role, &told, budget).await?;
        }
        Ok(identity)
    }

    fn change<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        current: &'a PostgresSecret,
        pending: &'a PostgresSecret,
        context: &'a Context<'a>,
    ) -> PasswordChange<'a> {
        PasswordChange {
            tls: &self.tls,
            admins: &self.admins,
            settings: &self.settings,
            endpoint,
            current,
            pending,
            context,
        }
    }

    /// One attempt at [`Target::verify`].
    async fn try_out(
        &self,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let endpoint = self.admins.primary.endpoint(pending, context).await?;
        let budget = context.budget();
        let session = encoded::log_in(&self.tls, &endpoint, current, pending, budget).await?;
        let outcome = match self.judge(&session, pending, budget).await {
            Ok(identity) if current.password() == pending.password() => {
                let rehearsal = self.rehearsal(&endpoint, current, context);
                let rehearsed = rehearsal.run(&session, &identity).await;
                session.close().await;
                return rehearsed;
            }
            outcome => outcome,
        };
        session.close().await;
        match outcome {
            // The test is about the role, which is the same with both passwords. Where only the new one logs in, going on is the way
            // out, and stopping locks everybody out.
            Err(failed @ PostgresFault::TestSqlFailed { .. })
                if self.settings.order == CurrentMoves::InSetSecret
                    && self.is_refused(current, &endpoint, budget).await =>
            {
                tracing::warn!("AWSCURRENT is refused, so AWSCURRENT moves all the same: {failed}");
                Ok(())
            }
            outcome => Ok(outcome.map(drop)?),
        }
    }

    /// A test rotation has a copy of the current value as its pending one.
    fn rehearsal<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        current: &'a PostgresSecret,
        context: &'a Context<'a>,
    ) -> Rehearsal<'a> {
        Rehearsal {
            tls: &self.tls,
            admins: &self.admins,
            settings: &self.settings,
            endpoint,
            current,
            context,
        }
    }

    /// Whether the server looks at this password and refuses it.
    async fn is_refused(&self, secret: &PostgresSecret, endpoint: &Endpoint, budget: Budget) -> bool {
        let (role, password) = (secret.username(), secret.password());
        match login::log_in(&self.tls, endpoint, role, password, budget).await {
            Ok(session) => {
                session.close().await;
                false
            }
            Err(Denial::Refused(said)) => said.is_of_the_password(),
            Err(Denial::Failed(_)) => false,
        }
    }

    /// One attempt at [`Target::accepts`].
    async fn is_accepted(&self, pending: &PostgresSecret, context: &Context<'_>) -> Result<bool, Cause> {
        let endpoint = self.admins.primary.endpoint(pending, context).await?;
        let budget = context.budget();
        let session = match pending_login::log_in(&self.tls, &endpoint, pending, budget).await {
            Ok(session) => session,
            Err(PostgresFault::PendingRefused { said, .. }) if said.is_of_the_password() => return Ok(false),
            Err(fault) => return Err(fault.into()),
        };
        let outcome = self.judge(&session, pending, budget).await;
        session.close().await;
        match outcome {
            Err(failed @ PostgresFault::TestSqlFailed { .. }) => {
                tracing::warn!("AWSCURRENT has moved already: {failed}");
                Ok(true)
            }
            outcome => {
                outcome?;
                Ok(true)
            }
        }
    }

    /// One attempt at [`Target::reapply`].
    async fn set_again(
        &self,
        previous: &PostgresSecret,
        pending: &PostgresSecret,
        attempts: &mut LoginAttempts<'_>,
        context: &Context<'_>,
    ) -> Result<Option<Open>, Cause> {
        let endpoint = self.admins.primary.endpoint(pending, context).await?;
        let role = pending.username();
        let session = attempts
            .attempt("the previous version", &endpoint, role, previous.password())
            .await?;
        let Some(session) = session else {
            return Ok(None);
        };
        let change = self.change(&endpoint, previous, pending, context);
        Ok(Some(change.again(session, attempts).await?))
    }
}

impl Target for SingleUser {
    const STRATEGY: Strategy = Strategy::SingleUser;
    type Secret = PostgresSecret;
    type Prepared = Open;

    fn order(&self) -> CurrentMoves {
        self.settings.order
    }

    /// In the classic order, once the role's row is locked: a password that was repaired by hand meanwhile is not overwritten. With
    /// the switch the move of AWSCURRENT asks the same.
    fn confirms(&self) -> bool {
        self.settings.order == CurrentMoves::InFinishSecret
    }

    fn read(&self, text: &SecretString, tags: &Tags) -> Result<PostgresSecret, Cause> {
        let declared = if self.reads_tags(text) {
            self.settings.declared_for_bare(tags)?
        } else {
            self.settings.declared()
        };
        Ok(PostgresSecret::parse_declared(text, &declared)?)
    }

    fn reads_tags(&self, text: &SecretString) -> bool {
        PostgresSecret::may_be_bare(text)
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
        let password = copies::next_password(current, &self.settings)?;
        Ok(copies::rotated(
            current,
            current.username(),
            &password,
            &self.settings,
        )?)
    }

    async fn apply(
        &self,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let mut attempts = LoginAttempts::new(&self.tls, context.budget());
        let attempt = async || self.set(current, pending, &mut attempts, context).await;
        match self.admins.primary.retry(current, context, attempt).await? {
            Applied::Committed | Applied::InUse => Ok(()),
            Applied::Prepared(_) => unreachable!("in the classic order a change is committed at once"),
        }
    }

    async fn prepare(
        &self,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<Applied<Open>, Cause> {
        let mut attempts = LoginAttempts::new(&self.tls, context.budget());
        let attempt = async || self.set(current, pending, &mut attempts, context).await;
        self.admins.primary.retry(current, context, attempt).await
    }

    async fn accepts(&self, pending: &PostgresSecret, context: &Context<'_>) -> Result<bool, Cause> {
        let attempt = async || self.is_accepted(pending, context).await;
        self.admins.primary.retry(pending, context, attempt).await
    }

    async fn reapply(
        &self,
        previous: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<Option<Open>, Cause> {
        let mut attempts = LoginAttempts::new(&self.tls, context.budget());
        let attempt = async || self.set_again(previous, pending, &mut attempts, context).await;
        self.admins.primary.retry(pending, context, attempt).await
    }

    async fn verify(
        &self,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let attempt = async || self.try_out(current, pending, context).await;
        self.admins.primary.retry(pending, context, attempt).await
    }
}
