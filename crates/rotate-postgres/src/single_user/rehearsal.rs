//! The test rotation: tries what a rotation and a recovery would need, and changes nothing.

use std::sync::Arc;

use rotation::password::Password;
use rotation::secrets::PostgresSecret;
use rotation::{Cause, Context};

use super::{guard, pooler};
use crate::admin::Admins;
use crate::copies;
use crate::fault::PostgresFault;
use crate::role::change::Change;
use crate::role::transaction::Idle;
use crate::server::endpoint::Endpoint;
use crate::server::session::{Identity, Session};
use crate::server::tls::Tls;
use crate::settings::Settings;

/// What nothing but a rotation shows: to try it would change something.
const NEVER: [&str; 2] = [
    "storing a value and moving labels (secretsmanager:PutSecretValue, UpdateSecretVersionStage)",
    "the commit (a synchronous standby that is gone holds it up)",
];

/// A test rotation of one secret, whose value has just logged in.
pub(super) struct Rehearsal<'a> {
    pub(super) tls: &'a Arc<Tls>,
    pub(super) admins: &'a Admins,
    pub(super) settings: &'a Settings,
    pub(super) endpoint: &'a Endpoint,
    pub(super) current: &'a PostgresSecret,
    pub(super) context: &'a Context<'a>,
}

/// For the one line that says it all.
struct Report {
    tried: Vec<&'static str>,
    not_tried: Vec<String>,
}

impl Rehearsal<'_> {
    /// Tries all of it through the session of the current value.
    ///
    /// # Errors
    /// What would stop a rotation. What would only stop a recovery is a warning.
    pub(super) async fn run(&self, session: &Session, identity: &Identity) -> Result<(), Cause> {
        let mut report = Report {
            tried: vec!["login"],
            not_tried: NEVER.map(str::to_owned).to_vec(),
        };
        if self.settings.test_sql.is_some() {
            report.tried.push("TEST_SQL");
        }
        let password = copies::next_password(self.current, self.settings)?;
        copies::rotated(self.current, self.current.username(), &password, self.settings)?;
        report.tried.push("making a value");
        self.look(session, identity).await?;
        let by_itself = self.change_by_itself(session, identity, &password).await?;
        report.tried.push("ALTER ROLE (rolled back)");
        self.try_the_superuser(by_itself.err(), &password, &mut report)
            .await?;
        self.try_older_versions(&mut report).await;
        tracing::info!(
            login.role = self.current.username(),
            "test rotation: nothing was changed; tried: {}; could not be tried: {}",
            report.tried.join(", "),
            report.not_tried.join(", ")
        );
        Ok(())
    }

    /// How the server, or what stands before it, checks passwords.
    async fn look(&self, session: &Session, identity: &Identity) -> Result<(), PostgresFault> {
        let (role, budget) = (self.current.username(), self.context.budget());
        session.warn_of_scram(role, self.settings.sent_as);
        let login = (role, self.current.password());
        pooler::check(session, identity, self.tls, self.endpoint, login, budget).await?;
        if let Err(classic) = guard::look(session.seen(), identity, budget.remaining()) {
            tracing::warn!(
                "{}: a rotation would set the password in setSecret and move AWSCURRENT in finishSecret; if the new password is refused in between, it fails there",
                classic.reason()
            );
        }
        Ok(())
    }

    /// Whether the role may change its own password, and a password such as the next one satisfies the server's policy. The inner
    /// error is one that a superuser helps against.
    async fn change_by_itself(
        &self,
        session: &Session,
        identity: &Identity,
        password: &Password,
    ) -> Result<Result<(), PostgresFault>, PostgresFault> {
        match self
            .change(session, identity, self.current.username(), password)
            .await
        {
            Err(missing @ PostgresFault::PrivilegeMissing { .. }) => Ok(Err(missing)),
            // The copy in AWSPENDING is not to blame, and stays.
            Err(PostgresFault::PasswordRejected { role, said }) => {
                Err(PostgresFault::PasswordWouldBeRejected { role, said })
            }
            outcome => outcome.map(Ok),
        }
    }

    async fn change(
        &self,
        session: &Session,
        identity: &Identity,
        by: &str,
        password: &Password,
    ) -> Result<(), PostgresFault> {
        let change = Change {
            role: self.current.username(),
            by,
            password,
            sent_as: self.settings.sent_as,
        };
        let sent = change.sent(session.server(), identity)?;
        let budget = self.context.budget();
        let transaction = change
            .begin(session, identity, &sent, Idle::Shortly, budget)
            .await?;
        transaction.rollback("rolling the change back").await
    }

    /// The superuser is needed if the role may not change itself (`refused`), and else for a recovery.
    async fn try_the_superuser(
        &self,
        refused: Option<PostgresFault>,
        password: &Password,
        report: &mut Report,
    ) -> Result<(), Cause> {
        if self.current.is_bare() && refused.is_none() {
            report
                .not_tried
                .push("recovery by a superuser (not for a bare password)".to_owned());
            return Ok(());
        }
        if !self.admins.are_named(self.current, self.context) {
            report
                .not_tried
                .push("recovery of a lost password by a superuser (none is named)".to_owned());
            return refused.map_or(Ok(()), |refused| Err(refused.into()));
        }
        match (self.change_by_the_superuser(password).await, refused) {
            (Ok(()), _) => report.tried.push("ALTER ROLE by the superuser (rolled back)"),
            (Err(cause), Some(_)) => return Err(cause),
            (Err(cause), None) => {
                tracing::warn!(
                    code = cause.code(),
                    "the superuser could not help if the password were lost: {cause}"
                );
                report
                    .not_tried
                    .push(format!("recovery by the superuser ({})", cause.code()));
            }
        }
        Ok(())
    }

    async fn change_by_the_superuser(&self, password: &Password) -> Result<(), Cause> {
        let (tls, context) = (self.tls, self.context);
        let found = self.admins.find(self.current, self.endpoint, context).await?;
        let Some(admin) = found else { return Ok(()) };
        let session = self.admins.open(&admin, tls, context).await?;
        let outcome = async {
            let identity = session.identify(admin.role(), context.budget()).await?;
            self.change(&session, &identity, admin.role(), password).await
        };
        let outcome = outcome.await;
        session.close().await;
        Ok(outcome?)
    }

    /// A lost password may be that of an older version.
    async fn try_older_versions(&self, report: &mut Report) {
        let read = match self.context.previous().await {
            Ok(_) => self.context.deprecated().await.map(drop),
            Err(cause) => Err(cause),
        };
        match read {
            Ok(()) => report.tried.push("reading older versions"),
            Err(cause) => {
                tracing::warn!(
                    code = cause.code(),
                    "older versions could not help if the password were lost: {cause}"
                );
                report
                    .not_tried
                    .push(format!("recovery by older versions ({})", cause.code()));
            }
        }
    }
}
