//! What a role owns or was granted itself, before it begins to act as another role: nobody may lose access by a rotation.
//!
//! A clone that AWS's template made has worked as itself, perhaps for years and in several databases. Its objects are given to
//! the role that it is to act as. What else it can do, that role must be able to do, too. Otherwise it goes on as before.

use std::time::{Duration, Instant};

use rotation::{Cause, Context};

use super::plan::give_over::{GiveOver, LOCK, Objects};
use super::plan::rights::{self, Compared, Missing};
use super::plan::{Begins, OwnRights};
use super::users::{AlternatingUsers, unreadable};
use crate::admin::Admin;
use crate::role::transaction::{By, Idle, Transaction};
use crate::server::scrub::Scrub;
use crate::server::session::{Identity, Session, Silence};
use crate::server::sql;

const COMPARING: &str = "comparing what two roles can do";
const GIVING: &str = "giving objects to another owner";
/// Objects given over in one rotation.
const MOST: u32 = 1_000;
/// The part of a step's time that giving objects over may take: one in so many.
const SHARE: u32 = 4;
/// Longest wait for one object, the server's own limits included.
const PATIENCE: Duration = Duration::from_secs(5);
/// SQLSTATE `lock_not_available`.
const LOCK_TIMEOUT: &str = "55P03";
/// Waits for locks, all together. In the worst case an application waits behind us as long.
const WAITS: Duration = Duration::from_secs(1);
/// Refusals after which the rest is left to a person.
const REFUSALS: u32 = 5;

/// The admin at work.
pub(super) struct AdminSession<'a> {
    /// In the database of the secret.
    pub(super) session: &'a Session,
    pub(super) identity: &'a Identity,
    /// Who opens sessions in other databases.
    pub(super) admin: &'a Admin,
}

impl AlternatingUsers {
    /// Gives objects over, and answers whether the role can act as the target without losing anything.
    ///
    /// What the role can do that the target cannot is asked first: a view that changes its owner works with the new owner's rights.
    ///
    /// # Errors
    /// What ends the session. A refusal of the server's is a line in the log: a rotation does not depend on it.
    pub(super) async fn settle(
        &self,
        own: &OwnRights,
        by: &AdminSession<'_>,
        context: &Context<'_>,
    ) -> Result<bool, Cause> {
        if !self.may_act(own, by, context).await? {
            return Ok(false);
        }
        match &own.give_over {
            Some(give_over) => Ok(give(give_over, by, context).await? == 0),
            None => Ok(true),
        }
    }

    /// Whether the target can do all that the role can, but for what is given over. Changes nothing.
    pub(super) async fn may_act(
        &self,
        own: &OwnRights,
        by: &AdminSession<'_>,
        context: &Context<'_>,
    ) -> Result<bool, Cause> {
        let here = &by.admin.endpoint().dbname;
        let begins = own.begins.iter().find(|begins| begins.database == *here);
        let now = begins.map_or(&own.role, |begins| &begins.now);
        let compared = compared(&own.role, now, &own.target);
        let mut lost = missing(&compared, by.session, by.identity, context).await?;
        if own
            .give_over
            .as_ref()
            .is_some_and(|give_over| give_over.from == *now)
        {
            lost.retain(|missing| !missing.owned);
        }
        if let Some(problem) = problem(&compared, &lost) {
            if let Some(begins) = begins {
                goes_on(&own.role, begins, &problem);
            } else {
                tracing::warn!(
                    role = own.role,
                    "not done: give what {:?} owns to {:?}. In database {here:?}: {problem}",
                    own.role,
                    own.target
                );
            }
            return Ok(false);
        }
        for begins in own.begins.iter().filter(|begins| begins.database != *here) {
            let compared = self::compared(&own.role, &begins.now, &begins.target);
            let problem = match self.missing_in(&begins.database, &compared, by, context).await {
                Ok(lost) => problem(&compared, &lost),
                Err(cause) => Some(format!("it cannot be looked at: {cause}")),
            };
            if let Some(problem) = problem {
                goes_on(&own.role, begins, &problem);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What is missing in another database.
    pub(super) async fn missing_in(
        &self,
        database: &str,
        compared: &Compared<'_>,
        by: &AdminSession<'_>,
        context: &Context<'_>,
    ) -> Result<Vec<Missing>, Cause> {
        let admin = by.admin.clone().in_database(database);
        let session = self.admins.open(&admin, &self.tls, context).await?;
        let outcome = missing(compared, &session, by.identity, context).await;
        session.close().await;
        outcome
    }
}

/// What is missing in the session's database. In a transaction whose `search_path` is known: the session is the admin's.
pub(super) async fn missing(
    compared: &Compared<'_>,
    session: &Session,
    identity: &Identity,
    context: &Context<'_>,
) -> Result<Vec<Missing>, Cause> {
    let transaction = begin(session, identity, context).await?;
    let row = transaction.ask(&compared.query(), COMPARING).await?;
    transaction.rollback(COMPARING).await?;
    Ok(rights::read(&row).ok_or_else(|| unreadable(session.server()))?)
}

/// A role that acts as `now` against the same one acting as `target`.
fn compared<'a>(role: &'a str, now: &'a str, target: &'a str) -> Compared<'a> {
    Compared {
        pending: role,
        current: role,
        pending_acts_as: target,
        current_acts_as: now,
    }
}

async fn begin<'s>(
    session: &'s Session,
    identity: &Identity,
    context: &Context<'_>,
) -> Result<Transaction<'s>, Cause> {
    let (budget, scrub) = (context.budget(), Scrub::new([]));
    Ok(Transaction::begin(session, identity, By::Admin, Idle::Shortly, budget, scrub).await?)
}

/// Gives objects over, and answers how many are left.
async fn give(what: &GiveOver, by: &AdminSession<'_>, context: &Context<'_>) -> Result<u64, Cause> {
    let objects = objects(what, MOST, by, context).await?;
    let end = Instant::now() + context.budget().remaining() / SHARE;
    let (mut waited, mut refused) = (Duration::ZERO, 0);
    let mut first = None;
    for object in &objects.first {
        if Instant::now() >= end || waited >= WAITS || refused >= REFUSALS {
            break;
        }
        let Some(sql) = what.sql(object).filter(|_| objects.has_locks_for(object)) else {
            refused += 1;
            first.get_or_insert_with(|| {
                format!("{object} needs a superuser, or more locks than a transaction has")
            });
            continue;
        };
        match ask(by.session, &sql, context).await {
            Ok(()) => {}
            Err(Silence::Said(said)) => {
                ask(by.session, sql::ROLLBACK, context)
                    .await
                    .map_err(|silence| silence.into_fault(by.session.server().to_owned(), GIVING))?;
                if said.state == LOCK_TIMEOUT {
                    waited += LOCK;
                } else {
                    refused += 1;
                }
                first.get_or_insert_with(|| format!("{object}: {said}"));
            }
            Err(silence) => return Err(silence.into_fault(by.session.server().to_owned(), GIVING).into()),
        }
    }
    let left = self::objects(what, 0, by, context).await?.all;
    if left < objects.all {
        tracing::warn!("repaired: {what}; objects: {}", objects.all - left);
    }
    if left > 0 {
        tracing::warn!(
            "not done: {what}; objects left for the next rotation, or for you: {left}: {}{}",
            what.by_hand(),
            first.map(|first| format!(" ({first})")).unwrap_or_default()
        );
    }
    Ok(left)
}

async fn objects(
    what: &GiveOver,
    most: u32,
    by: &AdminSession<'_>,
    context: &Context<'_>,
) -> Result<Objects, Cause> {
    let transaction = begin(by.session, by.identity, context).await?;
    let row = transaction.ask(&what.objects(most), GIVING).await?;
    transaction.rollback(GIVING).await?;
    Ok(Objects::read(&row).ok_or_else(|| unreadable(by.session.server()))?)
}

async fn ask(session: &Session, sql: &str, context: &Context<'_>) -> Result<(), Silence> {
    let scrub = Scrub::new([]);
    let answer = session.ask(sql, GIVING, PATIENCE, context.budget(), &scrub);
    answer.await.map(drop)
}

/// What would be lost, and what a person can do; none if nothing would.
fn problem(compared: &Compared<'_>, lost: &[Missing]) -> Option<String> {
    let (lacks, remedy) = rights::words(lost, compared)?;
    Some(format!("{:?} lacks {lacks}; {remedy}", compared.pending_acts_as))
}

fn goes_on(role: &str, begins: &Begins, problem: &str) {
    let now = if begins.now == role {
        "goes on as itself".to_owned()
    } else {
        format!("goes on acting as {:?}", begins.now)
    };
    tracing::warn!(
        role,
        "role {role:?} {now} and does not act as {:?} yet, so that nobody loses access. In database {:?}: {problem}",
        begins.target,
        begins.database
    );
}
