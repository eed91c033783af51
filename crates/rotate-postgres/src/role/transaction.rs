//! One transaction that changes roles: its time limits, its statements, its end.

use std::time::Duration;

use rotation::Budget;
use secrecy::{ExposeSecret, SecretString};

use crate::fault::PostgresFault;
use crate::role::commit::{self, Committed};
use crate::server::endpoint::Endpoint;
use crate::server::scrub::Scrub;
use crate::server::session::{Identity, Interrupted, Row, Session, Silence};
use crate::server::sql;
use crate::server::tls::Tls;

/// Longest time that the server may work on one statement.
const STATEMENT: Duration = Duration::from_secs(10);
/// Longest wait for somebody else's lock on the role.
const LOCK: Duration = Duration::from_secs(5);
/// How much longer than the server we wait, so that it is the server that says what it waited for.
const GRACE: Duration = Duration::from_secs(1);
const BEGINNING: &str = "beginning a transaction";

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

/// Why a transaction did not begin, or a statement right behind it was not carried out. Nothing has changed.
#[derive(Debug)]
pub(crate) struct NotBegun {
    /// Which of the statements; none for the beginning itself.
    pub(crate) nth: Option<usize>,
    pub(crate) silence: Silence,
}

impl NotBegun {
    /// The cause, where no statement's refusal has causes of its own. `doing` has a word for each statement.
    pub(crate) fn into_fault(self, server: &str, doing: &[&'static str]) -> PostgresFault {
        let doing = self.nth.and_then(|nth| doing.get(nth).copied());
        self.silence
            .into_fault(server.to_owned(), doing.unwrap_or(BEGINNING))
    }
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
        let begun = Self::begin_with(session, identity, by, idle, budget, scrub, [], BEGINNING).await;
        let (transaction, []) = begun.map_err(|not_begun| not_begun.into_fault(session.server(), &[]))?;
        Ok(transaction)
    }

    /// Begins one with statements in the same message, and answers with the last row of each. Where the server refuses one, those after
    /// it are not carried out, and what was changed before is undone with the session.
    #[expect(clippy::too_many_arguments, reason = "a beginning, and what goes with it")]
    #[expect(clippy::disallowed_methods, reason = "the statements are for the wire")]
    pub(crate) async fn begin_with<const N: usize>(
        session: &'a Session,
        identity: &Identity,
        by: By,
        idle: Idle,
        budget: Budget,
        scrub: Scrub<'a>,
        statements: [&str; N],
        doing: &'static str,
    ) -> Result<(Self, [Row; N]), NotBegun> {
        let remaining = budget.remaining();
        let limits = Limits::within(remaining);
        let idle = idle.limit(limits.statement, remaining);
        let transaction = Self {
            session,
            budget,
            limits,
            scrub,
        };
        let itself = by == By::Itself;
        let begin = sql::begin(limits.statement, limits.lock, idle, itself, identity.version);
        let begins = begin.len();
        let all: Vec<&str> = begin.iter().map(String::as_str).chain(statements).collect();
        let mut rows = Vec::with_capacity(all.len());
        for message in messages(&all, begins, identity.version) {
            let text = SecretString::from(message.join("; "));
            let answer = transaction.ask_together(text.expose_secret(), doing).await;
            rows.extend(answer.map_err(|interrupted| NotBegun {
                nth: (rows.len() + interrupted.done).checked_sub(begins),
                silence: interrupted.silence,
            })?);
        }
        let mut answers = rows.into_iter().skip(begins).map(Option::unwrap_or_default);
        let answers = std::array::from_fn(|_| answers.next().unwrap_or_default());
        Ok((transaction, answers))
    }

    async fn ask_together(&self, statements: &str, doing: &str) -> Result<Vec<Option<Row>>, Interrupted> {
        let limit = self.limits.statement + GRACE;
        self.session
            .ask_together(statements, doing, limit, self.budget, &self.scrub)
            .await
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

/// The messages in which a beginning and the statements behind it go out.
fn messages<'m>(all: &'m [&'m str], begins: usize, version: u32) -> Vec<&'m [&'m str]> {
    if version >= sql::FIRST_WITH_LIMITS_WITHIN_A_MESSAGE {
        return vec![all];
    }
    let (begin, statements) = all.split_at(begins);
    std::iter::once(begin).chain(statements.chunks(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Said;

    #[test]
    fn a_server_that_counts_the_time_of_a_whole_message_gets_several() {
        let all = ["BEGIN", "SET", "SELECT 1", "SELECT 2"];
        let sent = |version| -> Vec<String> {
            let messages = messages(&all, 2, version);
            messages.iter().map(|message| message.join("; ")).collect()
        };
        assert_eq!(sent(120_022), ["BEGIN; SET", "SELECT 1", "SELECT 2"]);
        assert_eq!(sent(130_000), ["BEGIN; SET; SELECT 1; SELECT 2"]);
    }

    #[test]
    fn it_is_told_which_statement_was_refused() {
        let code = |nth| {
            let silence = Silence::Said(Said::plain("XX000", "no"));
            NotBegun { nth, silence }
                .into_fault("db:5432", &["first", "second"])
                .to_string()
        };
        assert!(code(None).contains(BEGINNING), "{}", code(None));
        assert!(code(Some(0)).contains("first") && code(Some(1)).contains("second"));
    }

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
