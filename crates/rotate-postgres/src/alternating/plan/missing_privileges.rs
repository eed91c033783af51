//! What the admin lacks to carry out the repairs and to set the idle role's password: found before anything is changed. Pure.

use postgres_protocol::escape::escape_identifier;

use super::facts::Facts;
use super::repair::{Grant, Repair};
use crate::alternating::fault::AlternatingFault;

/// Checks the session's role. Before PostgreSQL 16 CREATEROLE is enough for every role that is no superuser's; since 16 it takes
/// ADMIN OPTION on each of them too. A role that creates another one has it.
///
/// # Errors
/// `AdminLacksRights`, with the statement that mends it.
pub(crate) fn check(
    idle: &str,
    facts: &Facts,
    repairs: &[Repair],
    server: &str,
) -> Result<(), AlternatingFault> {
    let asker = &facts.session;
    if asker.superuser {
        return Ok(());
    }
    let admin = escape_identifier(&asker.name);
    let fault = |missing: String, grant: String| AlternatingFault::AdminLacksRights {
        server: server.to_owned(),
        admin: asker.name.clone(),
        missing,
        grant,
    };
    if !asker.createrole {
        let missing = "it has no CREATEROLE".to_owned();
        return Err(fault(missing, format!("ALTER ROLE {admin} CREATEROLE")));
    }
    if !facts.has_grant_options() {
        return Ok(());
    }
    let created = repairs.iter().find_map(|repair| match repair {
        Repair::Create { role } => Some(role.as_str()),
        _ => None,
    });
    let needed = std::iter::once(idle).chain(repairs.iter().map(subject));
    for role in needed.filter(|role| Some(*role) != created) {
        if facts.role(role).is_some_and(|role| !role.administered) {
            let missing = format!("it has no ADMIN OPTION on {role:?}");
            let grant = format!("GRANT {} TO {admin} WITH ADMIN OPTION", escape_identifier(role));
            return Err(fault(missing, grant));
        }
    }
    Ok(())
}

/// The role on which a repair takes ADMIN OPTION.
fn subject(repair: &Repair) -> &str {
    match repair {
        Repair::Grant(Grant { role, .. })
        | Repair::Revoke { role, .. }
        | Repair::Create { role }
        | Repair::Alter { role, .. }
        | Repair::Mark { role, .. }
        | Repair::Set { role, .. }
        | Repair::Reset { role, .. } => role,
    }
}
