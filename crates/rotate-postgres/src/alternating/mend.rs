//! What has to change so that two roles can alternate, in one transaction of the superuser's: found, carried out or only tried, and what
//! the server's refusal means.

use rotation::Cause;

use super::fault::AlternatingFault;
use super::plan::facts::Facts;
use super::plan::missing_privileges::{self, Need};
use super::plan::repair::Repair;
use super::plan::{Arrangement, Plan};
use super::users::ask_in;
use crate::fault::{PostgresFault, Said};
use crate::role::change::{Change, Sent};
use crate::role::transaction::Transaction;
use crate::server::session::Silence;
use crate::server::sql;
use crate::settings::SentAs;

pub(super) const BRINGING: &str = "bringing the two users in line";

/// What is to be done, and the facts that it rests on.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) facts: Facts,
}

/// What is to be done. Whether the superuser may, the server says as it is done: what it allows does not all stand in its catalogs.
pub(super) async fn planned(
    transaction: &Transaction<'_>,
    arrangement: &Arrangement,
) -> Result<Planned, Cause> {
    let facts = ask_in(transaction, arrangement.names()).await?;
    planned_from(facts, transaction, arrangement)
}

/// The same from what was found already.
pub(super) fn planned_from(
    facts: Facts,
    transaction: &Transaction<'_>,
    arrangement: &Arrangement,
) -> Result<Planned, Cause> {
    let plan = arrangement.plan(&facts, transaction.server())?;
    Ok(Planned { plan, facts })
}

/// Carries out the repairs of the idle role.
pub(super) async fn mend(
    transaction: &Transaction<'_>,
    arrangement: &Arrangement,
    planned: &Planned,
) -> Result<(), Cause> {
    for repair in &planned.plan.now {
        let answer = transaction.try_out(&repair.sql(), BRINGING).await;
        if let Err(silence) = answer {
            let (idle, server) = (arrangement.idle(), transaction.server());
            return Err(refused(silence, idle, server, repair, &planned.facts));
        }
        if let Repair::Revoke { role, from } = repair {
            check_revoked(transaction, role, from).await?;
        }
    }
    Ok(())
}

impl Planned {
    /// Sets the password.
    pub(super) async fn alter(
        &self,
        change: &Change<'_>,
        transaction: &Transaction<'_>,
        sent: &Sent,
    ) -> Result<(), Cause> {
        let server = transaction.server();
        if change.sent_as == SentAs::Cleartext {
            transaction.ask(sql::HASH_AS_INTENDED, BRINGING).await?;
        }
        change.alter(transaction, sent).await.map_err(|fault| {
            let lack = match fault {
                PostgresFault::PrivilegeMissing { .. } => {
                    missing_privileges::explain(Need::Alter(change.role), &self.facts, server)
                }
                _ => None,
            };
            lack.map_or_else(|| fault.into(), Cause::from)
        })
    }

    /// Says which memberships the clone has alone.
    pub(super) fn report_oddities(&self, arrangement: &Arrangement) {
        let (original, clone) = (&arrangement.pair.original, &arrangement.pair.clone);
        for role in arrangement.oddities(&self.facts) {
            tracing::warn!(
                role = clone,
                "role {clone:?} is a member of {role:?}, which {original:?} is not: grant it to both, or revoke it"
            );
        }
    }
}

/// Since PostgreSQL 16 only who granted a membership takes it away; another's REVOKE is a warning of the server's, and nothing else.
async fn check_revoked(transaction: &Transaction<'_>, role: &str, from: &str) -> Result<(), Cause> {
    let facts = ask_in(transaction, std::iter::once(from)).await?;
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

/// Says what was done, or would be.
pub(super) fn report<'r>(repairs: impl IntoIterator<Item = &'r Repair>, verb: &str) {
    for repair in repairs {
        tracing::warn!("{verb}: {repair}");
    }
}

/// What the server's refusal of a repair means.
fn refused(silence: Silence, role: &str, server: &str, repair: &Repair, facts: &Facts) -> Cause {
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
        // The second: "no possible grantors".
        "42501" | "XX000" => match missing_privileges::explain(Need::of(repair), facts, server) {
            Some(lack) => lack.into(),
            None => repair_refused(server, repair, said),
        },
        _ => repair_refused(server, repair, said),
    }
}

fn repair_refused(server: &str, repair: &Repair, said: Said) -> Cause {
    AlternatingFault::RepairRefused {
        server: server.to_owned(),
        repair: repair.to_string(),
        said: without_values(said, repair),
        remedy: repair.remedy(),
    }
    .into()
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
    use crate::alternating::plan::facts::Asker;

    /// Of a superuser, who lacks nothing.
    fn facts() -> Facts {
        Facts {
            version: 160_000,
            database: "d".to_owned(),
            session: Asker {
                name: "admin".to_owned(),
                superuser: true,
                createrole: true,
                createdb: true,
                replication: true,
                bypassrls: true,
            },
            rds: false,
            everybody: Vec::new(),
            roles: Vec::new(),
        }
    }

    #[test]
    fn a_role_that_somebody_else_changes_is_tried_again_and_another_refusal_names_the_repair() {
        let cause = |state: &str, text: &str| {
            let said = Said::plain(state, text);
            let repair = Repair::Create {
                role: "app_clone".to_owned(),
            };
            refused(Silence::Said(said), "app_clone", "db:5432", &repair, &facts())
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
