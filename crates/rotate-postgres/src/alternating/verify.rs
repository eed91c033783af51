//! testSecret: the pending user logs in, and may do what the current one may. In a test rotation, it tries all that a rotation needs.

use std::collections::{BTreeMap, BTreeSet};

use rotation::secrets::PostgresSecret;
use rotation::{Cause, Context};

use super::fault::AlternatingFault;
use super::own_rights::{self, AdminSession};
use super::plan::facts::{Facts, Role};
use super::plan::names::{Pair, Turn};
use super::plan::rights::{self, Compared};
use super::plan::{Arrangement, Plan, ties};
use super::users::{AlternatingUsers, ask, unreadable};
use super::{apply, idle_sessions};
use crate::admin::Admin;
use crate::role::login_attempts::LoginAttempts;
use crate::role::transaction::{By, Idle, Transaction};
use crate::role::{pending_login, test_sql};
use crate::server::endpoint::Endpoint;
use crate::server::scrub::Scrub;
use crate::server::session::Session;
use crate::settings::IdleSessions;

impl AlternatingUsers {
    /// One attempt at [`Target::verify`](rotation::Target::verify).
    pub(super) async fn try_out(
        &self,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let endpoint = self.admins.primary.endpoint(pending, context).await?;
        let session = pending_login::log_in(&self.tls, &endpoint, pending, context.budget()).await?;
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
        session.identify(role, budget).await?;
        let test_rotation = current.username() == role;
        let arrangement = if test_rotation {
            session.warn_of_scram(role, self.settings.sent_as);
            Some(self.next_arrangement(session, current, context).await?)
        } else {
            self.compare(session, endpoint, current, pending, context).await?;
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

    /// All that setSecret would find, and nothing changed: the admin's login and rights, what is to be repaired, open sessions.
    async fn rehearse(
        &self,
        arrangement: &Arrangement,
        endpoint: &Endpoint,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        self.check_admin_named(current, context)?;
        let admin = self.admin(endpoint, arrangement, current, context).await?;
        let mut attempts = LoginAttempts::new(&self.tls, context.budget());
        let mut ownership = self.ownership(endpoint, admin.endpoint(), &mut attempts, context);
        // In a test rotation it is a copy of the current version. Otherwise it is what heals an AWSCURRENT that is refused.
        match ownership.log_in("the pending version", pending).await? {
            Some(session) => session.close().await,
            None => return Err(ownership.unproven(current).into()),
        }
        let session = self.admins.open(&admin, &self.tls, context).await?;
        let outcome = self.rehearse_as(&session, &admin, arrangement, context).await;
        session.close().await;
        outcome
    }

    async fn rehearse_as(
        &self,
        session: &Session,
        admin: &Admin,
        arrangement: &Arrangement,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let budget = context.budget();
        let identity = session.identify(admin.role(), budget).await?;
        idle_sessions::wait_for_end(session, arrangement.idle(), IdleSessions::Report, budget).await?;
        let transaction = Transaction::begin(
            session,
            &identity,
            By::Admin,
            Idle::Shortly,
            budget,
            Scrub::new([]),
        )
        .await?;
        let mut plan = apply::planned(&transaction, arrangement).await?;
        transaction.rollback("ending the test").await?;
        let by = AdminSession {
            session,
            identity: &identity,
            admin,
        };
        if let Some(own) = &plan.own {
            if let Some(give_over) = &own.give_over {
                tracing::warn!("a rotation would try this: {give_over}");
            }
            if !self.may_act(own, &by, context).await? && own.begins {
                plan = plan.without_acting();
            }
        }
        apply::report(&plan.now, "a rotation would first have to do this");
        self.rehearse_comparison(arrangement, &plan, &by, context).await?;
        tracing::info!(
            "a rotation would set a new password for role {:?} through {:?}",
            arrangement.idle(),
            admin.role()
        );
        Ok(())
    }

    /// What testSecret would compare after the rotation's setSecret: found before anything is changed.
    async fn rehearse_comparison(
        &self,
        arrangement: &Arrangement,
        plan: &Plan,
        by: &AdminSession<'_>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let facts = ask(by.session, arrangement.names(), context).await?;
        let (next, now) = (arrangement.idle(), arrangement.in_use());
        let acting = |role: &str| {
            Some(
                facts
                    .role(role)?
                    .acts_as(&facts.database)
                    .unwrap_or(role)
                    .to_owned(),
            )
        };
        let (Some(next_acts_as), Some(now_acts_as)) = (acting(next), acting(now)) else {
            return Ok(());
        };
        let compared = Compared {
            pending: next,
            current: now,
            pending_acts_as: plan.acts_as().unwrap_or(&next_acts_as),
            current_acts_as: &now_acts_as,
        };
        if compared.pending_acts_as == compared.current_acts_as {
            return Ok(());
        }
        let given = plan.own.as_ref().and_then(|own| own.give_over.as_ref());
        let given = given.is_some_and(|give_over| give_over.from == now_acts_as);
        let mut here = own_rights::missing(&compared, by.session, by.identity, context).await?;
        // A rotation would give it over first.
        here.retain(|missing| !(missing.owned && given));
        if let Some((lacks, remedy)) = rights::words(&here, &compared) {
            return Err(differ(&compared, lacks, remedy).into());
        }
        for database in elsewhere(&facts, &compared) {
            match self.missing_in(database, &compared, by, context).await {
                Ok(there) => {
                    if let Some((lacks, remedy)) = rights::words(&there, &compared) {
                        return Err(differ_in(database, &compared, &lacks, &remedy).into());
                    }
                }
                Err(cause) => not_compared(next, database, &cause),
            }
        }
        Ok(())
    }

    /// Compares rights and settings of the two users, as the pending one: in this database, and in every other in which the current
    /// user has rights of its own.
    async fn compare(
        &self,
        session: &Session,
        endpoint: &Endpoint,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let names = [current.username(), pending.username()];
        let names = names.into_iter().chain(self.owner(current));
        let facts = ask(session, names, context).await?;
        let Some(now) = facts.role(current.username()) else {
            // The current user is gone: there is nothing to compare with, and nobody who could be missing something.
            return Ok(());
        };
        let compared = Compared {
            pending: pending.username(),
            current: current.username(),
            pending_acts_as: &facts.session.name,
            current_acts_as: now.acts_as(&facts.database).unwrap_or(&now.name),
        };
        if let Some((lacks, remedy)) = missing_rights(session, &compared, context).await? {
            return Err(differ(&compared, lacks, remedy).into());
        }
        for database in elsewhere(&facts, &compared) {
            let there = endpoint.in_database(database);
            match self.missing_at(&there, now, pending, context).await {
                Ok(None) => {}
                Ok(Some((lacks, remedy))) => {
                    return Err(differ_in(database, &compared, &lacks, &remedy).into());
                }
                // Whether it may connect was compared already.
                Err(cause) => not_compared(pending.username(), database, &cause),
            }
        }
        if let Some(name) = facts
            .role(pending.username())
            .and_then(|next| missing_setting(now, next, &facts))
        {
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
        now: &Role,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<Option<(String, String)>, Cause> {
        let session = pending_login::log_in(&self.tls, endpoint, pending, context.budget()).await?;
        let outcome = async {
            let facts = ask(&session, std::iter::empty(), context).await?;
            let compared = Compared {
                pending: pending.username(),
                current: &now.name,
                pending_acts_as: &facts.session.name,
                current_acts_as: now.acts_as(&facts.database).unwrap_or(&now.name),
            };
            missing_rights(&session, &compared, context).await
        };
        let outcome = outcome.await;
        session.close().await;
        outcome
    }
}

fn differ(compared: &Compared<'_>, lacks: String, remedy: String) -> AlternatingFault {
    AlternatingFault::RightsDiffer {
        pending: compared.pending.to_owned(),
        current: compared.current.to_owned(),
        lacks,
        remedy,
    }
}

fn differ_in(database: &str, compared: &Compared<'_>, lacks: &str, remedy: &str) -> AlternatingFault {
    let lacks = format!("{lacks}, in database {database:?}");
    differ(compared, lacks, format!("in database {database:?}: {remedy}"))
}

fn not_compared(role: &str, database: &str, cause: &Cause) {
    tracing::warn!("what role {role:?} may in database {database:?} could not be compared: {cause}");
}

/// The other databases in which the current user, or the role that it acts as, owns or was granted something. None if both users act
/// as the same role.
fn elsewhere<'f>(facts: &'f Facts, compared: &Compared<'_>) -> BTreeSet<&'f str> {
    if compared.pending_acts_as == compared.current_acts_as {
        return BTreeSet::new();
    }
    [compared.current, compared.current_acts_as]
        .into_iter()
        .filter_map(|name| facts.role(name))
        .flat_map(|role| &role.named_in)
        .map(String::as_str)
        .filter(|name| *name != facts.database)
        .collect()
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
    let (now, next) = (in_force(now, &facts.database), in_force(next, &facts.database));
    now.into_iter()
        .find(|(name, value)| name != "role" && next.get(name) != Some(value))
        .map(|(name, _)| name)
}

fn in_force(role: &Role, database: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for scope in [None, Some(database)] {
        let settings = role
            .settings
            .iter()
            .filter(|setting| setting.database.as_deref() == scope);
        let pairs = settings
            .flat_map(|setting| setting.config.iter())
            .filter_map(|config| config.split_once('='));
        found.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    found
}
