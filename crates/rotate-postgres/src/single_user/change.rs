//! The change to the pending password: by the role itself, or by the superuser where the role may not.

use std::sync::Arc;

use rotation::password::Password;
use rotation::secrets::{PostgresSecret, TlsMode};
use rotation::{Applied, Cause, Context, CurrentMoves};
use tokio::task::JoinSet;

use super::guard;
use super::open::Open;
use super::pooler;
use crate::admin::Admins;
use crate::fault::{PostgresFault, Said};
use crate::role::change::{Change, Sent};
use crate::role::commit::{self, Committed};
use crate::role::login_attempts::LoginAttempts;
use crate::role::pending_login::is_in_use;
use crate::role::test_sql;
use crate::role::transaction::Idle;
use crate::server::endpoint::Endpoint;
use crate::server::login::Line;
use crate::server::session::{Identity, Session};
use crate::server::tls::Tls;
use crate::settings::{SentAs, Settings};

/// What one attempt changes, where, and by whom. The current version alone says where, and names the superuser secret,
/// whichever version's password opened the session.
pub(super) struct PasswordChange<'a> {
    pub(super) tls: &'a Arc<Tls>,
    pub(super) admins: &'a Admins,
    pub(super) settings: &'a Settings,
    pub(super) endpoint: &'a Endpoint,
    pub(super) current: &'a PostgresSecret,
    pub(super) pending: &'a PostgresSecret,
    pub(super) context: &'a Context<'a>,
}

/// The session of one change: who is logged in, and when AWSCURRENT moves.
struct Login<'a> {
    session: Session,
    identity: Identity,
    by: &'a str,
    order: CurrentMoves,
    /// How the old password is set again, should that become necessary: so that it is stored as before.
    old_sent_as: SentAs,
}

/// What a change has done, and the connection for the login after its commit: it is prepared while the server works on the change.
struct Altered {
    sent: Sent,
    line: JoinSet<Option<Line>>,
}

impl PasswordChange<'_> {
    /// Lets the role change its own password, through a session that `opener`'s password opened; or the superuser, if the
    /// role may not. `recovering`: that password is not the current version's.
    pub(super) async fn by_the_role(
        &self,
        session: Session,
        opener: &PostgresSecret,
        recovering: bool,
        attempts: &mut LoginAttempts<'_>,
    ) -> Result<Applied<Open>, Cause> {
        match self.choose_order(&session, opener.password()).await {
            Ok((identity, order)) => {
                let login = Login {
                    old_sent_as: self.old_sent_as(&session),
                    session,
                    identity,
                    by: self.pending.username(),
                    order,
                };
                self.change(login, opener, recovering, attempts).await
            }
            Err(fault) => {
                session.close().await;
                Err(fault.into())
            }
        }
    }

    /// The same where AWSCURRENT is on the pending version already, so that nothing is left to decide: neither guard nor test.
    pub(super) async fn again(
        &self,
        session: Session,
        attempts: &mut LoginAttempts<'_>,
    ) -> Result<Open, Cause> {
        let by = self.pending.username();
        let identity = match session.identify(by, self.context.budget()).await {
            Ok(identity) => identity,
            Err(fault) => {
                session.close().await;
                return Err(fault.into());
            }
        };
        let order = CurrentMoves::InSetSecret;
        let login = Login {
            old_sent_as: self.old_sent_as(&session),
            session,
            identity,
            by,
            order,
        };
        match self.change(login, self.current, false, attempts).await? {
            Applied::Prepared(open) => Ok(open),
            Applied::InUse | Applied::Committed => unreachable!("a change with the switch stays open"),
        }
    }

    /// Who and where we are, when AWSCURRENT moves, and, before anything changes, the operator's test: it is about the role, which is
    /// the same with either password.
    async fn choose_order(
        &self,
        session: &Session,
        opener: &Password,
    ) -> Result<(Identity, CurrentMoves), PostgresFault> {
        let budget = self.context.budget();
        let (role, told) = (self.pending.username(), [self.pending.password(), opener]);
        let identity = session.identify(role, budget).await?;
        session.warn_of_scram(role, self.settings.sent_as);
        pooler::check(
            session,
            &identity,
            self.tls,
            self.endpoint,
            (role, opener),
            budget,
        )
        .await?;
        if self.settings.order == CurrentMoves::InFinishSecret {
            return Ok((identity, CurrentMoves::InFinishSecret));
        }
        if let Err(classic) = guard::look(session.seen(), &identity, budget.remaining()) {
            self.say_classic(classic.reason());
            return Ok((identity, CurrentMoves::InFinishSecret));
        }
        if let Some(statement) = &self.settings.test_sql {
            test_sql::run(session, statement, role, &told, budget).await?;
        }
        Ok((identity, CurrentMoves::InSetSecret))
    }

    fn say_classic(&self, reason: &str) {
        tracing::info!(
            secret.id = self.context.secret(),
            "AWSCURRENT moves in finishSecret and not in setSecret: {reason}"
        );
    }

    /// Lets the role change itself, or the superuser if it may not.
    async fn change(
        &self,
        login: Login<'_>,
        opener: &PostgresSecret,
        recovering: bool,
        attempts: &mut LoginAttempts<'_>,
    ) -> Result<Applied<Open>, Cause> {
        attempts.may_work_now(self.pending.password());
        let fault = match self.alter(&login).await {
            Ok(altered) => {
                return self
                    .end(login, altered, recovering.then_some(opener), attempts)
                    .await;
            }
            Err(fault) => fault,
        };
        let (order, old_sent_as) = (login.order, login.old_sent_as);
        login.session.close().await;
        match fault {
            PostgresFault::PrivilegeMissing { .. } => {
                self.by_the_superuser(fault, order, old_sent_as, attempts).await
            }
            // A policy that forbids to use a password again also rejects a value that a concurrent invocation has just
            // set: the value counts as rejected only if the old one still logs in.
            PostgresFault::PasswordRejected { role, said } => {
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
            fault => Err(fault.into()),
        }
    }

    /// Lets the superuser change a password that nobody knows, through a session of the role `by`. No login of the role has shown how
    /// the server checks a password, so the change is committed at once.
    pub(super) async fn by(
        &self,
        by: &str,
        session: Session,
        attempts: &mut LoginAttempts<'_>,
    ) -> Result<Applied<Open>, Cause> {
        if self.settings.order == CurrentMoves::InSetSecret {
            self.say_classic("the role itself did not log in");
        }
        let (order, old_sent_as) = (CurrentMoves::InFinishSecret, self.settings.sent_as);
        self.through_the_superuser(by, session, order, old_sent_as, attempts)
            .await
    }

    async fn through_the_superuser(
        &self,
        by: &str,
        session: Session,
        order: CurrentMoves,
        old_sent_as: SentAs,
        attempts: &mut LoginAttempts<'_>,
    ) -> Result<Applied<Open>, Cause> {
        attempts.may_work_now(self.pending.password());
        let identity = match session.identify(by, self.context.budget()).await {
            Ok(identity) => identity,
            Err(fault) => {
                session.close().await;
                return Err(fault.into());
            }
        };
        let login = Login {
            session,
            identity,
            by,
            order,
            old_sent_as,
        };
        match self.alter(&login).await {
            Ok(altered) => self.end(login, altered, None, attempts).await,
            Err(fault) => {
                login.session.close().await;
                let rejected = matches!(fault, PostgresFault::PasswordRejected { .. });
                if rejected && is_in_use(self.tls, self.endpoint, self.pending, self.context.budget()).await?
                {
                    return Ok(Applied::InUse);
                }
                Err(fault.into())
            }
        }
    }

    /// Lets the superuser make the change that was `refused` to the role itself. Without one that refusal stands.
    async fn by_the_superuser(
        &self,
        refused: PostgresFault,
        order: CurrentMoves,
        old_sent_as: SentAs,
        attempts: &mut LoginAttempts<'_>,
    ) -> Result<Applied<Open>, Cause> {
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
        self.through_the_superuser(admin.role(), session, order, old_sent_as, attempts)
            .await
    }

    /// As the server stores the password with which the role logged in here.
    fn old_sent_as(&self, session: &Session) -> SentAs {
        match self.settings.sent_as {
            SentAs::Cleartext => SentAs::Cleartext,
            _ if session.seen().asked_for_md5() && self.endpoint.tls != TlsMode::Disable => SentAs::Md5,
            _ => SentAs::Verifier,
        }
    }

    fn statement<'s>(&'s self, by: &'s str) -> Change<'s> {
        Change {
            role: self.pending.username(),
            by,
            password: self.pending.password(),
            sent_as: self.settings.sent_as,
        }
    }

    /// BEGIN and ALTER ROLE. From here on the role's row is locked.
    async fn alter(&self, login: &Login<'_>) -> Result<Altered, PostgresFault> {
        let change = self.statement(login.by);
        let sent = change.sent(login.session.server(), &login.identity)?;
        let budget = self.context.budget();
        let (idle, line) = match login.order {
            CurrentMoves::InSetSecret => (Idle::UntilTheEnd, Open::line(self.tls, self.endpoint, budget)),
            CurrentMoves::InFinishSecret => (Idle::Shortly, JoinSet::new()),
        };
        change
            .begin(&login.session, &login.identity, &sent, idle, budget)
            .await?;
        Ok(Altered { sent, line })
    }

    /// With the switch the change stays open. Otherwise it is committed now, unless the rotation has ended meanwhile.
    async fn end(
        &self,
        login: Login<'_>,
        altered: Altered,
        opener: Option<&PostgresSecret>,
        attempts: &mut LoginAttempts<'_>,
    ) -> Result<Applied<Open>, Cause> {
        let Altered { sent, line } = altered;
        if login.order == CurrentMoves::InSetSecret {
            return Ok(Applied::Prepared(Open {
                session: login.session,
                identity: login.identity,
                by: login.by.to_owned(),
                pending: self.pending.clone(),
                before: self.current.clone(),
                sent,
                old_sent_as: login.old_sent_as,
                endpoint: self.endpoint.clone(),
                tls: Arc::clone(self.tls),
                budget: self.context.budget(),
                line,
            }));
        }
        let outcome = self.look_and_commit(&login, &sent, opener, attempts).await;
        login.session.close().await;
        outcome.map(|()| Applied::Committed)
    }

    /// Looks once more while the row is locked: somebody may have repaired the password by hand meanwhile, and a change would undo
    /// that. In a recovery, which takes time, the password that opened the session must still log in: who repairs changes the
    /// role first and the secret second.
    async fn look_and_commit(
        &self,
        login: &Login<'_>,
        sent: &Sent,
        opener: Option<&PostgresSecret>,
        attempts: &mut LoginAttempts<'_>,
    ) -> Result<(), Cause> {
        self.context.confirm_under_way().await?;
        if let Some(opener) = opener {
            let (role, password) = (self.pending.username(), opener.password());
            let credential = "the password that opened the session, once more";
            let again = attempts
                .attempt(credential, self.endpoint, role, password)
                .await?;
            let Some(session) = again else {
                let role = role.to_owned();
                let said = Said::plain("none", "the password that opened the session is refused by now");
                return Err(PostgresFault::RoleBusy { role, said }.into());
            };
            session.close().await;
        }
        let change = self.statement(login.by);
        let budget = self.context.budget();
        let scrub = change.scrub(sent);
        match commit::commit(&login.session, self.endpoint, self.tls, budget, &scrub).await? {
            Committed::Safely => {}
            Committed::Here(missing) => tracing::warn!("the change is on this server alone: {missing}"),
        }
        Ok(())
    }
}
