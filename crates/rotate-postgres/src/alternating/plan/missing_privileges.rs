//! What the admin lacks for what the server refused, and the command that gives it. Pure.

use postgres_protocol::escape::escape_identifier;

use super::facts::{Facts, Role};
use super::repair::{Grant, Repair};
use crate::alternating::fault::AlternatingFault;

/// What a statement takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need<'a> {
    /// To make a role.
    Create,
    /// To alter this one.
    Alter(&'a str),
    /// To grant membership in this one, or to revoke it.
    Grant(&'a str),
}

impl<'a> Need<'a> {
    /// What a repair takes.
    pub(crate) fn of(repair: &'a Repair) -> Self {
        match repair {
            Repair::Create { .. } => Self::Create,
            Repair::Grant(Grant { role, .. }) | Repair::Revoke { role, .. } => Self::Grant(role),
            Repair::Alter { role, .. }
            | Repair::Mark { role, .. }
            | Repair::Set { role, .. }
            | Repair::Reset { role, .. } => Self::Alter(role),
        }
    }
}

/// Why the server refused it, as far as the roles tell. Before PostgreSQL 16 CREATEROLE is enough for every role that is no
/// superuser's, and has no REPLICATION; since 16 it takes ADMIN OPTION on each of them too, and to grant one, ADMIN OPTION whose rights the admin inherits. A
/// role that creates another one has it.
pub(crate) fn explain(need: Need<'_>, facts: &Facts, server: &str) -> Option<AlternatingFault> {
    let asker = &facts.session;
    if asker.superuser {
        return None;
    }
    let admin = escape_identifier(&asker.name);
    let fault = |missing: String, remedy: String| AlternatingFault::SuperuserLacksRights {
        server: server.to_owned(),
        admin: asker.name.clone(),
        missing,
        remedy,
    };
    if !asker.createrole {
        let missing = "it has no CREATEROLE".to_owned();
        let by = facts.somebody_powerful();
        return Some(fault(missing, format!("as {by}: ALTER ROLE {admin} CREATEROLE")));
    }
    let (Need::Alter(name) | Need::Grant(name)) = need else {
        return None;
    };
    let role = facts.role(name)?;
    if !facts.has_grant_options() {
        let name = escape_identifier(name);
        let missing =
            format!("before PostgreSQL 16 only a superuser alters a role with REPLICATION, as {name} is");
        let remedy = format!(
            "as a superuser: ALTER ROLE {name} NOREPLICATION; or let `masterarn` name a superuser's secret"
        );
        return role.replication.then(|| fault(missing, remedy));
    }
    let missing = match need {
        _ if !role.administered => format!("it has no ADMIN OPTION on {name:?}"),
        Need::Grant(_) if role.grantor.is_none() => {
            format!("it inherits no ADMIN OPTION on {name:?}, and so cannot grant it")
        }
        _ => return None,
    };
    Some(fault(missing, grant(role, facts)))
}

/// The statement, and who can run it: the admin itself as a role that it may act as, one of those who have the option, or whoever may
/// do anything.
fn grant(role: &Role, facts: &Facts) -> String {
    let asker = &facts.session.name;
    let (name, admin) = (escape_identifier(&role.name), escape_identifier(asker));
    let grant = format!("GRANT {name} TO {admin} WITH ADMIN OPTION");
    if let Some(through) = &role.settable_administrator {
        let through = escape_identifier(through);
        return format!("as {asker:?}: SET ROLE {through}; {grant}; RESET ROLE");
    }
    let others = role.administrators.iter().filter(|name| *name != asker);
    let others: Vec<_> = others.map(|name| format!("{name:?}")).collect();
    match (others.is_empty(), facts.rds) {
        (true, _) => format!("as {}: {grant}", facts.somebody_powerful()),
        (false, true) => format!("as {}: {grant}", others.join(" or ")),
        (false, false) => format!("as a superuser, or as {}: {grant}", others.join(" or ")),
    }
}
