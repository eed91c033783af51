//! setSecret: the idle user is made or mended, and gets its password, in one transaction of the admin's.

use std::time::Duration;

use futures_util::future::join;
use postgres_protocol::escape::escape_literal;
use rotation::secrets::{Mismatch, PostgresSecret};
use rotation::{Cause, Context};

use super::fault::AlternatingFault;
use super::idle_sessions;
use super::mend::{self, BRINGING, planned, planned_from};
use super::own_rights::AdminSession;
use super::plan::Arrangement;
use super::plan::facts;
use super::plan::names::Pair;
use super::users::{AlternatingUsers, LOOKING, read_in};
use crate::admin::Admin;
use crate::fault::PostgresFault;
use crate::role::change::Change;
use crate::role::commit::Committed;
use crate::role::login_attempts::LoginAttempts;
use crate::role::pending_login::is_in_use;
use crate::role::transaction::{By, Idle, Transaction};
use crate::server::login;
use crate::server::session::{Row, Session};
use crate::settings::IdleSessions;

/// How often, and how long apart, the lock of a concurrent invocation is asked for.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);
const LOCKING: &str = "waiting for a concurrent invocation";

impl AlternatingUsers {
    /// One attempt at [`Target::apply`](rotation::Target::apply).
    pub(super) async fn set(
        &self,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        attempts: &mut LoginAttempts<'_>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let (now, next) = (current.username(), pending.username());
        if now == next {
            return self.turn_has_passed(pending, context).await;
        }
        let (pair, turn) =
            Pair::of_turn(now, next).ok_or_else(|| PostgresFault::from(Mismatch::of_users(next, now)))?;
        let endpoint = self.admins.primary.endpoint(current, context).await?;
        let arrangement = Arrangement {
            pair,
            turn,
            owner: self.owner(current).map(str::to_owned),
        };
        let admin = self.admin(&endpoint, &arrangement, current, context).await?;
        let mut line = None;
        if !self.is_proven(admin.endpoint(), context) {
            let mut ownership = self.ownership(&endpoint, admin.endpoint(), attempts, context);
            // The superuser's credential waits for the proof. Its connection need not.
            let (proof, prepared) = join(
                ownership.log_in("the current version", current),
                login::prepare(&self.tls, admin.endpoint(), context.budget()),
            )
            .await;
            match proof? {
                Some(session) => {
                    line = prepared;
                    session.warn_of_scram(now, self.settings.sent_as);
                    session.close().await;
                }
                None => {
                    ownership
                        .without_current(&arrangement.pair, current, pending)
                        .await?;
                }
            }
        }
        let session = self.admins.open_over(line, &admin, &self.tls, context).await?;
        attempts.may_work_now(pending.password());
        let outcome = self
            .through(&session, &admin, &arrangement, pending, context)
            .await;
        session.close().await;
        match outcome {
            Err(rejected) if is_rejected(&rejected) => {
                if is_in_use(&self.tls, &endpoint, pending, context.budget()).await? {
                    return Ok(());
                }
                Err(rejected)
            }
            outcome => outcome,
        }
    }

    /// The user in use is never altered. But if the password is its own already, AWSCURRENT's is not, and the rotation heals it.
    async fn turn_has_passed(&self, pending: &PostgresSecret, context: &Context<'_>) -> Result<(), Cause> {
        let endpoint = self.admins.primary.endpoint(pending, context).await?;
        if is_in_use(&self.tls, &endpoint, pending, context.budget()).await? {
            tracing::info!("the password was changed already");
            return Ok(());
        }
        let role = pending.username().to_owned();
        Err(AlternatingFault::TurnPassed { role }.into())
    }

    /// What the admin does.
    async fn through(
        &self,
        session: &Session,
        admin: &Admin,
        arrangement: &Arrangement,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let budget = context.budget();
        let identity = session.identify(admin.role(), budget).await?;
        let change = Change {
            role: pending.username(),
            by: admin.role(),
            password: pending.password(),
            sent_as: self.settings.sent_as,
        };
        let sent = change.sent(session.server(), &identity)?;
        let names: Vec<_> = arrangement.names().collect();
        let (lock, facts) = (try_lock(&arrangement.pair), facts::query(names.iter().copied()));
        // In one message: what is looked at after the lock is not older than the lock.
        let begin = async || {
            let (scrub, statements) = (change.scrub(&sent), [lock.as_str(), &facts]);
            let begun = Transaction::begin_with(
                session,
                &identity,
                By::Admin,
                Idle::Shortly,
                budget,
                scrub,
                statements,
                LOOKING,
            );
            let (transaction, [locked, row]) = begun
                .await
                .map_err(|not_begun| not_begun.into_fault(session.server(), &[LOCKING, LOOKING]))?;
            let planned = if is_locked(&locked) {
                let facts = read_in(&transaction, names.clone(), row).await?;
                planned_from(facts, &transaction, arrangement)?
            } else {
                wait_for_lock(&transaction, &lock, &arrangement.pair).await?;
                planned(&transaction, arrangement).await?
            };
            Ok::<_, Cause>((transaction, planned))
        };
        let count =
            idle_sessions::wait_for_end(session, arrangement.idle(), self.settings.idle_sessions, budget);
        let (mut transaction, mut planned) = if self.settings.idle_sessions == IdleSessions::Report {
            // What is only reported holds nothing up.
            let (counted, opened) = join(count, begin()).await;
            counted?;
            opened?
        } else {
            count.await?;
            begin().await?
        };
        planned.report_oddities(arrangement);
        if let Some(own) = planned.plan.own.take() {
            // What the server refuses, it refuses before anything has changed its owner.
            mend::mend(&transaction, arrangement, &planned).await?;
            // Objects change their owner one by one, outside of the transaction that sets the password.
            transaction.rollback(BRINGING).await?;
            let by = AdminSession {
                session,
                identity: &identity,
                admin,
            };
            let may_act = self.settle(&own, &by, context).await?;
            (transaction, planned) = begin().await?;
            if !own.begins.is_empty() && !may_act {
                planned.plan = planned.plan.without_acting();
            }
        }
        mend::mend(&transaction, arrangement, &planned).await?;
        // Somebody may have written the secret by hand meanwhile, for the very user that is idle here.
        context.confirm_under_way().await?;
        planned.alter(&change, &transaction, &sent).await?;
        let committed = transaction.commit(admin.endpoint(), &self.tls).await?;
        mend::report(&planned.plan.now, "repaired");
        mend::report(
            &planned.plan.later,
            "the clone in use differs; the next rotation to it will",
        );
        match committed {
            Committed::Safely => Ok(()),
            // AWSCURRENT must not move to a password that another server of the same database does not know.
            Committed::Here(missing) => Err(missing.into()),
        }
    }
}

fn is_rejected(cause: &Cause) -> bool {
    matches!(cause.as_fault(), Some(PostgresFault::PasswordRejected { .. }))
}

fn try_lock(pair: &Pair) -> String {
    let key = format!("keywheel:{}", pair.original);
    format!(
        "SELECT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended({}, 0))",
        escape_literal(&key).trim_start()
    )
}

fn is_locked(row: &Row) -> bool {
    row.first().is_some_and(|column| column.as_deref() == Some("t"))
}

/// Waits for another client that works on this pair, whose lock was not to be had at once. Not for ever: anybody may take a lock of this
/// kind, and without it the rows' own locks and a retry do.
async fn wait_for_lock(transaction: &Transaction<'_>, try_lock: &str, pair: &Pair) -> Result<(), Cause> {
    for _ in 0..TRIES {
        tokio::time::sleep(PAUSE).await;
        if is_locked(&transaction.ask(try_lock, LOCKING).await?) {
            return Ok(());
        }
    }
    tracing::info!(
        "somebody has held the lock of {:?} for a while; going on without",
        pair.original
    );
    Ok(())
}
