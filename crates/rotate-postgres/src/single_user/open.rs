//! A change of the password that is not committed yet, and its end: commit, the way back, or rollback.

use std::sync::Arc;
use std::time::Duration;

use rotation::secrets::PostgresSecret;
use rotation::{Budget, Cause, Landed, Prepared};
use secrecy::ExposeSecret;
use tokio::task::JoinSet;

use crate::fault::PostgresFault;
use crate::role::change::{Change, Sent};
use crate::role::commit::{self, Committed};
use crate::role::pending_login;
use crate::role::transaction::Idle;
use crate::server::endpoint::Endpoint;
use crate::server::login::{self, Line};
use crate::server::scrub::Scrub;
use crate::server::session::{Identity, Session};
use crate::server::sql;
use crate::server::tls::Tls;
use crate::settings::SentAs;

/// Longest wait for the answer to ROLLBACK.
const ROLLBACK: Duration = Duration::from_secs(1);
/// Longest wait for a prepared connection that is not ready yet.
const LINE: Duration = Duration::from_secs(1);

/// A session with an open transaction in which the role has its new password.
pub struct Open {
    pub(super) session: Session,
    pub(super) identity: Identity,
    /// The role that is logged in.
    pub(super) by: String,
    pub(super) pending: PostgresSecret,
    /// What AWSCURRENT was on: the way back leads there.
    pub(super) before: PostgresSecret,
    pub(super) sent: Sent,
    /// How the old password is set again.
    pub(super) old_sent_as: SentAs,
    pub(super) endpoint: Endpoint,
    pub(super) tls: Arc<Tls>,
    pub(super) budget: Budget,
    /// A connection for the login after COMMIT, prepared since the change was sent. Goes with this value.
    pub(super) line: JoinSet<Option<Line>>,
}

impl Open {
    /// Begins to prepare it.
    pub(super) fn line(tls: &Arc<Tls>, endpoint: &Endpoint, budget: Budget) -> JoinSet<Option<Line>> {
        let (tls, endpoint) = (Arc::clone(tls), endpoint.clone());
        let mut line = JoinSet::new();
        line.spawn(async move { login::prepare(&tls, &endpoint, budget).await });
        line
    }

    /// Commits. Where the standby is gone, this server's own word has to do: AWSCURRENT has moved already.
    async fn end(&self) -> Result<(), PostgresFault> {
        let (pending, before) = (self.pending.password(), self.before.password());
        let scrub = Scrub::new([
            pending as &dyn ExposeSecret<str>,
            before,
            self.sent.value(pending),
        ]);
        match commit::commit(&self.session, &self.endpoint, &self.tls, self.budget, &scrub).await? {
            Committed::Safely => {}
            Committed::Here(missing) => tracing::warn!("the change is on this server alone: {missing}"),
        }
        Ok(())
    }

    /// Opens the change back to the password of before, in the same session: it is open whatever the role's passwords are.
    async fn way_back(self, refusal: PostgresFault) -> Result<Landed<Self>, Cause> {
        let change = Change {
            role: self.pending.username(),
            by: &self.by,
            password: self.before.password(),
            sent_as: self.old_sent_as,
        };
        let outcome = async {
            let sent = change.sent(self.session.server(), &self.identity)?;
            let (session, identity) = (&self.session, &self.identity);
            change
                .begin(session, identity, &sent, Idle::UntilTheEnd, self.budget)
                .await
                .map(drop)
        };
        match outcome.await {
            Ok(()) => Ok(Landed::Refused {
                back: self,
                cause: refusal.into(),
            }),
            // Such as a policy that forbids an old password.
            Err(fault) => {
                tracing::warn!("the old password cannot be set again: {fault}");
                self.session.close().await;
                Err(refusal.into())
            }
        }
    }
}

impl Prepared for Open {
    async fn commit(mut self) -> Result<Landed<Self>, Cause> {
        if let Err(fault) = self.end().await {
            self.session.close().await;
            return Err(fault.into());
        }
        let line = tokio::time::timeout(LINE, self.line.join_next()).await;
        let line = line.ok().flatten().and_then(Result::ok).flatten();
        match pending_login::log_in_over(line, &self.tls, &self.endpoint, &self.pending, self.budget).await {
            Ok(session) => {
                session.close().await;
                self.session.close().await;
                Ok(Landed::InUse)
            }
            Err(refusal @ PostgresFault::PendingRefused { .. }) => self.way_back(refusal).await,
            // Such as a role whose one connection is ours: the session is closed, and the driver asks again.
            Err(fault) => {
                self.session.close().await;
                Err(fault.into())
            }
        }
    }

    async fn commit_back(self) -> Result<(), Cause> {
        let outcome = self.end().await;
        self.session.close().await;
        Ok(outcome?)
    }

    async fn rollback(self) {
        let (doing, scrub) = ("rolling the change back", Scrub::new([]));
        let answer = self
            .session
            .ask(sql::ROLLBACK, doing, ROLLBACK, self.budget, &scrub)
            .await;
        if let Err(silence) = answer {
            let fault = silence.into_fault(self.session.server().to_owned(), doing);
            tracing::warn!("the connection is cut, which rolls back too: {fault}");
        }
        self.session.close().await;
    }
}
