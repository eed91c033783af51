//! testSecret: the pending user logs in, and may do what the current one may. What else a test rotation tries is in `rehearsal`.

use std::collections::BTreeMap;

use futures_util::future::join;
use rotation::secrets::PostgresSecret;
use rotation::{Cause, Context};

use super::fault::AlternatingFault;
use super::plan::facts::{Facts, Role};
use super::plan::names::{Pair, Turn};
use super::plan::rights::{self, Compared};
use super::plan::{Arrangement, ties};
use super::users::{AlternatingUsers, ask, unreadable};
use crate::role::{encoded, pending_login, test_sql};
use crate::server::endpoint::Endpoint;
use crate::server::session::Session;

impl AlternatingUsers {
    /// One attempt at [`Target::verify`](rotation::Target::verify).
    pub(super) async fn try_out(
        &self,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let endpoint = self.admins.primary.endpoint(pending, context).await?;
        let budget = context.budget();
        let session = encoded::log_in(&self.tls, &endpoint, current, pending, budget).await?;
        let outcome = self.judge(&session, &endpoint, current, pending, context).await;
        session.close().await;
        match outcome? {
            None => Ok(()),
            Some(arrangement) => {
                self.rehearse(&arrangement, &endpoint, current, pending, context)
                    .await
            }
        }
    }

    /// What the pending user may and is. In a test rotation, who would be next.
    async fn judge(
        &self,
        session: &Session,
        endpoint: &Endpoint,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<Option<Arrangement>, Cause> {
        let (role, budget) = (pending.username(), context.budget());
        let test_rotation = current.username() == role;
        let arrangement = if test_rotation {
            session.identify(role, budget).await?;
            session.warn_of_scram(role, self.settings.sent_as);
            Some(self.next_arrangement(session, current, context).await?)
        } else {
            let names = [current.username(), role].into_iter().chain(self.owner(current));
            let (identity, facts) = join(session.identify(role, budget), ask(session, names, context)).await;
            identity?;
            self.compare(session, &facts?, endpoint, current, pending, context)
                .await?;
            None
        };
        if let Some(statement) = &self.settings.test_sql {
            test_sql::run(session, statement, role, &[pending.password()], budget).await?;
        }
        Ok(arrangement)
    }

    async fn next_arrangement(
        &self,
        session: &Session,
        current: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<Arrangement, Cause> {
        let (user, owner) = (current.username(), self.owner(current));
        let next = match Pair::of_clone(user) {
            None => Pair::of_original(user)?.clone,
            Some(pair) => {
                let names = [pair.original.as_str(), pair.clone.as_str()];
                let facts = ask(session, names.into_iter().chain(owner), context).await?;
                ties::counterpart(&pair, owner, &facts, session.server())?
            }
        };
        let (pair, turn) = match Pair::of_turn(user, &next) {
            Some(pair) => pair,
            None => (Pair::of_original(user)?, Turn::Clone),
        };
        Ok(Arrangement {
            pair,
            turn,
            owner: owner.map(str::to_owned),
        })
    }

    /// Compares rights and settings of the two users, as the pending one: in this database, and in every other in which the current
    /// user has rights of its own.
    async fn compare(
        &self,
        session: &Session,
        facts: &Facts,
        endpoint: &Endpoint,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let Some(now) = facts.role(current.username()) else {
            // The current user is gone: there is nothing to compare with, and nobody who could be missing something.
            return Ok(());
        };
        let compared = Compared {
            pending: pending.username(),
            current: current.username(),
            pending_acts_as: &facts.session.name,
            current_acts_as: facts.acts_as_here(now),
        };
        if let Some((lacks, remedy)) = missing_rights(session, &compared, context).await? {
            return Err(differ(&compared, lacks, remedy).into());
        }
        let Some(next) = facts.role(pending.username()) else {
            return Ok(());
        };
        for there in elsewhere(facts, now, next) {
            let at = endpoint.in_database(there.database);
            match self.missing_at(&at, &there, pending, context).await {
                Ok(None) => {}
                Ok(Some((lacks, remedy))) => {
                    return Err(differ_in(there.database, &compared, &lacks, &remedy).into());
                }
                // Whether it may connect was compared already.
                Err(cause) => not_compared(pending.username(), there.database, &cause),
            }
        }
        if let Some(name) = missing_setting(now, next, facts) {
            let remedy = format!(
                "let both have the same: ALTER ROLE {} SET {name} …",
                postgres_protocol::escape::escape_identifier(pending.username())
            );
            return Err(differ(&compared, format!("the setting {name}"), remedy).into());
        }
        Ok(())
    }

    /// What the pending user lacks in another database.
    async fn missing_at(
        &self,
        endpoint: &Endpoint,
        there: &Elsewhere<'_>,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<Option<(String, String)>, Cause> {
        let session = pending_login::log_in(&self.tls, endpoint, pending, context.budget()).await?;
        let outcome = async {
            let facts = ask(&session, std::iter::empty(), context).await?;
            let compared = Compared {
                pending_acts_as: &facts.session.name,
                ..there.compared
            };
            missing_rights(&session, &compared, context).await
        };
        let outcome = outcome.await;
        session.close().await;
        outcome
    }
}

pub(super) fn differ(compared: &Compared<'_>, lacks: String, remedy: String) -> AlternatingFault {
    AlternatingFault::RightsDiffer {
        pending: compared.pending.to_owned(),
        current: compared.current.to_owned(),
        lacks,
        remedy,
    }
}

pub(super) fn differ_in(
    database: &str,
    compared: &Compared<'_>,
    lacks: &str,
    remedy: &str,
) -> AlternatingFault {
    let lacks = format!("{lacks}, in database {database:?}");
    differ(compared, lacks, format!("in database {database:?}: {remedy}"))
}

pub(super) fn not_compared(role: &str, database: &str, cause: &Cause) {
    tracing::warn!("what role {role:?} may in database {database:?} could not be compared: {cause}");
}

/// Another database in which the two users act as different roles.
pub(super) struct Elsewhere<'f> {
    pub(super) database: &'f str,
    pub(super) compared: Compared<'f>,
}

/// The other databases in which the current user, or the role that it acts as there, owns or was granted something, and in which the
/// two users act as different roles.
pub(super) fn elsewhere<'f>(facts: &'f Facts, now: &'f Role, next: &'f Role) -> Vec<Elsewhere<'f>> {
    let mut found: Vec<Elsewhere<'f>> = Vec::new();
    for database in facts.roles.iter().flat_map(|role| &role.named_in) {
        let compared = Compared {
            pending: &next.name,
            current: &now.name,
            pending_acts_as: facts.acts_as(next, Some(database)),
            current_acts_as: facts.acts_as(now, Some(database)),
        };
        let matters = [&now.name, compared.current_acts_as].into_iter().any(|name| {
            let role = facts.role(name);
            role.is_some_and(|role| role.named_in.contains(database))
        });
        let differs = compared.pending_acts_as != compared.current_acts_as;
        let is_new = *database != facts.database && found.iter().all(|other| other.database != database);
        if matters && differs && is_new {
            found.push(Elsewhere { database, compared });
        }
    }
    found
}

async fn missing_rights(
    session: &Session,
    compared: &Compared<'_>,
    context: &Context<'_>,
) -> Result<Option<(String, String)>, Cause> {
    if compared.pending_acts_as == compared.current_acts_as {
        return Ok(None);
    }
    let doing = "comparing the two users' rights";
    let row = session.query(&compared.query(), doing, context.budget()).await?;
    let missing = rights::read(&row).ok_or_else(|| unreadable(session.server()))?;
    Ok(rights::words(&missing, compared))
}

/// A setting that only the current user's sessions begin with, in this database.
fn missing_setting(now: &Role, next: &Role, facts: &Facts) -> Option<String> {
    let (now, next) = (in_force(now, facts), in_force(next, facts));
    now.into_iter()
        .find(|(name, value)| name != "role" && next.get(name) != Some(value))
        .map(|(name, _)| name)
}

fn in_force(role: &Role, facts: &Facts) -> BTreeMap<String, String> {
    let levels = facts.levels(role, Some(&facts.database)).rev();
    let pairs = levels
        .flat_map(|setting| setting.config.iter())
        .filter_map(|config| config.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
