//! The change to the pending password: by the role itself, or by the superuser where the role may not.

use rotation::secrets::PostgresSecret;
use rotation::{Cause, Context};

use crate::admin::Admins;
use crate::fault::PostgresFault;
use crate::role::change::Change;
use crate::role::login_attempts::LoginAttempts;
use crate::role::pending_login::is_in_use;
use crate::server::endpoint::Endpoint;
use crate::server::session::Session;
use crate::server::tls::Tls;
use crate::settings::SentAs;

/// What one attempt changes, where, and by whom. The current version alone says where, and names the superuser secret,
/// whichever version's password opened the session.
pub(super) struct PasswordChange<'a> {
    pub(super) tls: &'a Tls,
    pub(super) admins: &'a Admins,
    pub(super) sent_as: SentAs,
    pub(super) endpoint: &'a Endpoint,
    pub(super) current: &'a PostgresSecret,
    pub(super) pending: &'a PostgresSecret,
    pub(super) context: &'a Context<'a>,
}

impl PasswordChange<'_> {
    /// Lets the role change its own password, through a session that `opener`'s password opened; or the superuser, if the
    /// role may not.
    pub(super) async fn by_the_role(
        &self,
        session: Session,
        opener: &PostgresSecret,
        attempts: &mut LoginAttempts<'_>,
    ) -> Result<(), Cause> {
        attempts.may_work_now(self.pending.password());
        let role = self.pending.username();
        match self.through(session, role).await {
            Err(refused @ PostgresFault::PrivilegeMissing { .. }) => {
                self.by_the_superuser(refused, attempts).await
            }
            // A policy that forbids to use a password again also rejects a value that a concurrent invocation has just
            // set: the value counts as rejected only if the old one still logs in.
            Err(PostgresFault::PasswordRejected { role, said }) => {
                let (endpoint, password) = (self.endpoint, opener.password());
                let old = attempts
                    .attempt("the old password", endpoint, &role, password)
                    .await?;
                match old {
                    Some(session) => {
                        session.close().await;
                        Err(PostgresFault::PasswordRejected { role, said }.into())
                    }
                    None => Err(PostgresFault::RoleBusy { role, said }.into()),
                }
            }
            outcome => Ok(outcome?),
        }
    }

    /// Lets a superuser change the password, through a session of the role `by`.
    pub(super) async fn by(
        &self,
        by: &str,
        session: Session,
        attempts: &mut LoginAttempts<'_>,
    ) -> Result<(), Cause> {
        attempts.may_work_now(self.pending.password());
        match self.through(session, by).await {
            Err(rejected @ PostgresFault::PasswordRejected { .. }) => {
                if is_in_use(self.tls, self.endpoint, self.pending, self.context.budget()).await? {
                    return Ok(());
                }
                Err(rejected.into())
            }
            outcome => Ok(outcome?),
        }
    }

    /// Lets the superuser make the change that was `refused` to the role itself. Without one that refusal stands.
    async fn by_the_superuser(
        &self,
        refused: PostgresFault,
        attempts: &mut LoginAttempts<'_>,
    ) -> Result<(), Cause> {
        let (endpoint, context) = (self.endpoint, self.context);
        let Some(admin) = self.admins.find(self.current, endpoint, context).await? else {
            return Err(refused.into());
        };
        let session = self.admins.open(&admin, self.tls, context).await?;
        tracing::info!(
            login.with = admin.title(),
            "the role may not change its own password: {} does",
            admin.title()
        );
        let session = self.if_still_under_way(session).await?;
        self.by(admin.role(), session, attempts).await
    }

    async fn through(&self, session: Session, by: &str) -> Result<(), PostgresFault> {
        let change = Change {
            role: self.pending.username(),
            by,
            password: self.pending.password(),
            sent_as: self.sent_as,
        };
        change.through(session, self.context.budget()).await
    }

    /// The session, if the rotation is still the one that was read; else it is closed. The search for a password takes time.
    /// Somebody may have repaired the password by hand meanwhile, and a change would undo that.
    pub(super) async fn if_still_under_way(&self, session: Session) -> Result<Session, Cause> {
        match self.context.confirm_under_way().await {
            Ok(()) => Ok(session),
            Err(cause) => {
                session.close().await;
                Err(cause)
            }
        }
    }
}
