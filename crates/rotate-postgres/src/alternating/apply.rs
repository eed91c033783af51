//! setSecret: the idle user is made or mended, and gets its password, in one transaction of the admin's.

use std::time::Duration;

use postgres_protocol::escape::escape_literal;
use rotation::secrets::{Mismatch, PostgresSecret};
use rotation::{Cause, Context};

use super::fault::AlternatingFault;
use super::idle_sessions;
use super::own_rights::AdminSession;
use super::plan::names::Pair;
use super::plan::repair::Repair;
use super::plan::{Arrangement, Plan};
use super::plan::{facts, missing_privileges};
use super::users::{AlternatingUsers, unreadable};
use crate::admin::Admin;
use crate::fault::{PostgresFault, Said};
use crate::role::change::Change;
use crate::role::login_attempts::LoginAttempts;
use crate::role::pending_login::is_in_use;
use crate::role::transaction::{By, Idle, Transaction};
use crate::server::session::{Session, Silence};

const BRINGING: &str = "bringing the two users in line";
/// How often, and how long apart, the lock of a concurrent invocation is asked for.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

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
        if !self.is_proven(admin.endpoint(), context) {
            let mut ownership = self.ownership(&endpoint, admin.endpoint(), attempts, context);
            match ownership.log_in("the current version", current).await? {
                Some(session) => {
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
        let session = self.admins.open(&admin, &self.tls, context).await?;
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
        idle_sessions::wait_for_end(session, arrangement.idle(), self.settings.idle_sessions, budget).await?;
        let change = Change {
            role: pending.username(),
            by: admin.role(),
            password: pending.password(),
            sent_as: self.settings.sent_as,
        };
        let sent = change.sent(session.server(), &identity)?;
        let begin = async || {
            let scrub = change.scrub(&sent);
            let transaction =
                Transaction::begin(session, &identity, By::Admin, Idle::Shortly, budget, scrub).await?;
            lock(&transaction, &arrangement.pair).await?;
            let plan = planned(&transaction, arrangement).await?;
            Ok::<_, Cause>((transaction, plan))
        };
        let (mut transaction, mut plan) = begin().await?;
        if let Some(own) = plan.own.take() {
            // Objects change their owner one by one, outside of the transaction that sets the password.
            transaction.rollback(BRINGING).await?;
            let by = AdminSession {
                session,
                identity: &identity,
                admin,
            };
            let may_act = self.settle(&own, &by, context).await?;
            (transaction, plan) = begin().await?;
            if own.begins && !may_act {
                plan = plan.without_acting();
            }
        }
        mend(&transaction, arrangement, &plan).await?;
        // Somebody may have written the secret by hand meanwhile, for the very user that is idle here.
        context.confirm_under_way().await?;
        change.alter(&transaction, &sent).await?;
        transaction.commit("committing the new password").await?;
        report(&plan.now, "repaired");
        report(&plan.later, "the clone in use differs; its own next turn will");
        Ok(())
    }
}

fn is_rejected(cause: &Cause) -> bool {
    matches!(cause.as_fault(), Some(PostgresFault::PasswordRejected { .. }))
}

/// Waits for another client that works on this pair. Not for ever: anybody may take a lock of this kind, and without it the rows' own locks and a
/// retry do.
async fn lock(transaction: &Transaction<'_>, pair: &Pair) -> Result<(), Cause> {
    let key = format!("keywheel:{}", pair.original);
    let query = format!(
        "SELECT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended({}, 0))",
        escape_literal(&key).trim_start()
    );
    for _ in 0..TRIES {
        let row = transaction.ask(&query, "waiting for a twin").await?;
        if row.first().is_some_and(|column| column.as_deref() == Some("t")) {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    tracing::info!(
        "somebody has held the lock of {:?} for a while; going on without",
        pair.original
    );
    Ok(())
}

/// Carries out the repairs of the idle role.
async fn mend(transaction: &Transaction<'_>, arrangement: &Arrangement, plan: &Plan) -> Result<(), Cause> {
    for repair in &plan.now {
        let answer = transaction.try_out(&repair.sql(), BRINGING).await;
        if let Err(silence) = answer {
            return Err(refused(silence, arrangement.idle(), transaction.server(), repair));
        }
        if let Repair::Revoke { role, from } = repair {
            check_revoked(transaction, role, from).await?;
        }
    }
    Ok(())
}

/// Since PostgreSQL 16 only who granted a membership takes it away; another's REVOKE is a warning of the server's, and nothing else.
async fn check_revoked(transaction: &Transaction<'_>, role: &str, from: &str) -> Result<(), Cause> {
    let row = transaction
        .ask(&facts::query([from]), "looking at the roles")
        .await?;
    let facts = facts::read(&row).ok_or_else(|| unreadable(transaction.server()))?;
    if facts
        .role(from)
        .is_some_and(|member| member.membership(role).is_some())
    {
        tracing::warn!(
            role = from,
            "role {from:?} is still a member of {role:?}, by a grant of somebody else's: either can alter the other until a superuser revokes it"
        );
    }
    Ok(())
}

/// What is to be done, and may be done.
pub(super) async fn planned(transaction: &Transaction<'_>, arrangement: &Arrangement) -> Result<Plan, Cause> {
    let server = transaction.server();
    let query = facts::query(arrangement.names());
    let row = transaction.ask(&query, "looking at the roles").await?;
    let facts = facts::read(&row).ok_or_else(|| unreadable(server))?;
    let plan = arrangement.plan(&facts, server)?;
    missing_privileges::check(arrangement.idle(), &facts, &plan.now, server)?;
    for role in arrangement.oddities(&facts) {
        tracing::warn!(
            role = arrangement.pair.clone,
            "role {:?} is a member of {role:?}, which {:?} is not: grant it to both, or revoke it",
            arrangement.pair.clone,
            arrangement.pair.original
        );
    }
    Ok(plan)
}

/// Says what was done, or would be.
pub(super) fn report<'r>(repairs: impl IntoIterator<Item = &'r Repair>, verb: &str) {
    for repair in repairs {
        tracing::warn!("{verb}: {repair}");
    }
}

/// What the server's refusal of a repair means.
fn refused(silence: Silence, role: &str, server: &str, repair: &Repair) -> Cause {
    let role = role.to_owned();
    let said = match silence {
        Silence::Said(said) if !said.state.starts_with("57P") => said,
        silence => return silence.into_fault(server.to_owned(), BRINGING).into(),
    };
    match said.state.as_str() {
        // Templates and other clients that do not know our lock: the role was made, or changed, in the same moment.
        "40001" | "40P01" | "23505" | "42710" => PostgresFault::RoleBusy { role, said }.into(),
        _ if said.is_concurrent_update() => PostgresFault::RoleBusy { role, said }.into(),
        "55P03" => PostgresFault::RoleLocked { role, said }.into(),
        "57014" => PostgresFault::StatementTimeout { role, said }.into(),
        _ => AlternatingFault::RepairRefused {
            server: server.to_owned(),
            repair: repair.to_string(),
            said: without_values(said, repair),
            remedy: repair.remedy(),
        }
        .into(),
    }
}

/// A server repeats a setting's value that it refuses, which may be a secret.
fn without_values(said: Said, repair: &Repair) -> Said {
    match repair {
        Repair::Set { value, .. } if value.len() > 3 => {
            let text = said.text.replace(value.as_str(), "(hidden)");
            said.showing(text)
        }
        _ => said,
    }
}

#[cfg(test)]
mod tests {
    use rotation::Prospect;

    use super::*;

    #[test]
    fn a_role_that_somebody_else_changes_is_tried_again_and_another_refusal_names_the_repair() {
        let cause = |state: &str, text: &str| {
            let said = Said::plain(state, text);
            let repair = Repair::Create {
                role: "app_clone".to_owned(),
            };
            refused(Silence::Said(said), "app_clone", "db:5432", &repair)
        };
        for (state, text, code, prospect) in [
            (
                "40001",
                "could not serialize access",
                "RoleBusy",
                Prospect::Transient,
            ),
            (
                "XX000",
                "tuple concurrently updated",
                "RoleBusy",
                Prospect::Transient,
            ),
            ("55P03", "lock timeout", "RoleLocked", Prospect::Permanent),
            (
                "57P01",
                "terminating connection",
                "ServerStarting",
                Prospect::Transient,
            ),
            (
                "XX000",
                "cache lookup failed",
                "RepairRefused",
                Prospect::Permanent,
            ),
        ] {
            let cause = cause(state, text);
            assert_eq!(
                (cause.code(), cause.prospect()),
                (code, prospect),
                "{state} {text}"
            );
        }
    }
}
