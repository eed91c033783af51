//! One transaction that changes roles: its time limits, its statements, its end.

use std::time::Duration;

use rotation::Budget;

use crate::fault::PostgresFault;
use crate::role::commit::{self, Committed};
use crate::server::endpoint::Endpoint;
use crate::server::scrub::Scrub;
use crate::server::session::{Identity, Row, Session, Silence};
use crate::server::sql;
use crate::server::tls::Tls;

/// Longest time that the server may work on one statement.
const STATEMENT: Duration = Duration::from_secs(10);
/// Longest wait for somebody else's lock on the role.
const LOCK: Duration = Duration::from_secs(5);
/// How much longer than the server we wait, so that it is the server that says what it waited for.
const GRACE: Duration = Duration::from_secs(1);

/// Time limits of one statement.
#[derive(Debug, Clone, Copy)]
struct Limits {
    statement: Duration,
    lock: Duration,
}

impl Limits {
    /// At most half of what is left, so that time remains to tell; never zero, which means no limit.
    fn within(remaining: Duration) -> Self {
        let statement = STATEMENT.min(remaining / 2).max(Duration::from_millis(2));
        Self {
            statement,
            lock: LOCK.min(statement / 2),
        }
    }
}

/// Whose rights a transaction has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// The role that logged in, whatever its settings make it act as: it changes itself.
    Itself,
    /// What an admin acts as: one that itself alternates acts as its original, whose all that it makes then is.
    Admin,
}

/// How long the server lets an open transaction wait for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Idle {
    /// For a transaction that goes on with hardly a pause.
    Shortly,
    /// Until the step's own end: in it Secrets Manager is asked to move AWSCURRENT. A function that has vanished holds the role's
    /// lock no longer than that.
    UntilTheEnd,
}

impl Idle {
    /// A little longer than our own limits, so that it is us who give up.
    fn limit(self, statement: Duration, remaining: Duration) -> Duration {
        match self {
            Self::Shortly => statement * 2 + Duration::from_secs(2),
            Self::UntilTheEnd => remaining + Duration::from_secs(2),
        }
    }
}

/// A transaction that has begun. It ends with [`commit`](Self::commit) or [`rollback`](Self::rollback), or with its session.
pub(crate) struct Transaction<'a> {
    session: &'a Session,
    budget: Budget,
    limits: Limits,
    scrub: Scrub<'a>,
}

impl<'a> Transaction<'a> {
    /// Begins one in which a role can be changed ([`sql::begin`]). `scrub` knows the credentials that the server is told.
    pub(crate) async fn begin(
        session: &'a Session,
        identity: &Identity,
        by: By,
        idle: Idle,
        budget: Budget,
        scrub: Scrub<'a>,
    ) -> Result<Self, PostgresFault> {
        let remaining = budget.remaining();
        let limits = Limits::within(remaining);
        let idle = idle.limit(limits.statement, remaining);
        let transaction = Self {
            session,
            budget,
            limits,
            scrub,
        };
        let begin = sql::begin(
            limits.statement,
            limits.lock,
            idle,
            by == By::Itself,
            identity.version,
        );
        transaction.ask(&begin, "beginning a transaction").await?;
        Ok(transaction)
    }

    /// `host:port`.
    pub(crate) fn server(&self) -> &'a str {
        self.session.server()
    }

    /// Sends a query whose refusal has no causes of its own.
    pub(crate) async fn ask(&self, query: &str, doing: &'static str) -> Result<Row, PostgresFault> {
        let answer = self.try_out(query, doing).await;
        answer.map_err(|silence| silence.into_fault(self.server().to_owned(), doing))
    }

    /// Sends a query whose refusal the caller judges.
    pub(crate) async fn try_out(&self, query: &str, doing: &'static str) -> Result<Row, Silence> {
        let limit = self.limits.statement + GRACE;
        self.session
            .ask(query, doing, limit, self.budget, &self.scrub)
            .await
    }

    /// Takes back what it changed. The session can go on.
    pub(crate) async fn rollback(self, doing: &'static str) -> Result<(), PostgresFault> {
        self.ask(sql::ROLLBACK, doing).await.map(drop)
    }

    /// Ends it.
    ///
    /// # Errors
    /// After an error it is not known whether it took effect.
    pub(crate) async fn commit(self, endpoint: &Endpoint, tls: &Tls) -> Result<Committed, PostgresFault> {
        commit::commit(self.session, endpoint, tls, self.budget, &self.scrub).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_limits_shrink_with_the_budget_and_never_vanish() {
        let shown = |seconds: f64| {
            let limits = Limits::within(Duration::from_secs_f64(seconds));
            (limits.statement.as_millis(), limits.lock.as_millis())
        };
        assert_eq!(shown(60.0), (10_000, 5_000));
        assert_eq!(shown(3.0), (1_500, 750));
        assert_eq!(shown(0.0), (2, 1));
    }

    #[test]
    fn an_open_transaction_outlasts_the_step_and_no_more() {
        let (statement, remaining) = (Duration::from_secs(10), Duration::from_secs(25));
        assert_eq!(Idle::Shortly.limit(statement, remaining).as_secs(), 22);
        assert_eq!(Idle::UntilTheEnd.limit(statement, remaining).as_secs(), 27);
    }
}
