//! What has to change so that two roles can alternate: facts in, a plan out. Pure: the queries stand here as text, `apply` and
//! `verify` send them.
//!
//! | form | whose sessions act as whom | brought in line with the original, at its own turn |
//! |---|---|---|
//! | clone | the clone as the original | the clone: attributes, limits, settings |
//! | owner | both as a NOLOGIN role | either: membership and role to act as; the clone also attributes, limits, settings |
//!
//! The role in use is not altered: a limit or a setting that differs there may be what keeps an application going, and
//! testSecret must have something to compare with.
//!
//! Memberships of the original need no copy in the clone form: the clone is a member of the original, with INHERIT and SET, so that
//! what is granted to the original or revoked from it holds for the clone at once.

mod changes;
pub(crate) mod facts;
pub(crate) mod give_over;
pub(crate) mod missing_privileges;
pub(crate) mod names;
pub(crate) mod repair;
pub(crate) mod rights;
pub(crate) mod ties;

use std::collections::BTreeSet;

use rotation::Cause;

use self::changes::Repairs;
use self::facts::{Facts, Role, Setting};
use self::give_over::GiveOver;
use self::names::{Pair, Turn};
use self::repair::Repair;
use self::ties::is_tied;
use crate::alternating::fault::AlternatingFault;
use crate::fault::PostgresFault;

/// Two roles, whose turn it is, and what they act as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrangement {
    pub(crate) pair: Pair,
    pub(crate) turn: Turn,
    /// The NOLOGIN role of the owner form.
    pub(crate) owner: Option<String>,
}

/// What a rotation does in addition to setting the password.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Plan {
    /// Repairs of the idle role, in order.
    pub(crate) now: Vec<Repair>,
    /// What differs of the clone while it is in use.
    pub(crate) later: Vec<Repair>,
    /// What a role that is here already owns, or was granted itself; none if that is nothing that matters.
    pub(crate) own: Option<OwnRights>,
}

/// What a role's sessions can do that they lose when they begin to act as another role, and what they own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnRights {
    pub(crate) role: String,
    /// The role that it acts as in the session's database, or is to act as.
    pub(crate) target: String,
    /// The databases in which it is to begin with that in this rotation.
    pub(crate) begins: Vec<Begins>,
    /// What it owns in the session's database.
    pub(crate) give_over: Option<GiveOver>,
}

/// A database in which a role's sessions begin to act as another role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Begins {
    pub(crate) database: String,
    /// As which they act now.
    pub(crate) now: String,
    /// As which they will.
    pub(crate) target: String,
}

impl Plan {
    /// The same, but the idle role goes on acting as it does now, as with AWS's template.
    pub(crate) fn without_acting(mut self) -> Self {
        self.now.retain(|repair| !repair.is_of_setting("role"));
        self
    }

    /// The role with the settings that the plan gives it.
    pub(crate) fn carried_out(&self, role: &Role) -> Role {
        let mut after = role.clone();
        for repair in self.now.iter().filter(|repair| repair.is_of_setting("role")) {
            let (Repair::Set { database, .. } | Repair::Reset { database, .. }) = repair else {
                continue;
            };
            for setting in after
                .settings
                .iter_mut()
                .filter(|setting| setting.database == *database)
            {
                setting.config.retain(|config| !config.starts_with("role="));
            }
            if let Repair::Set { value, .. } = repair {
                after.settings.push(Setting {
                    database: database.clone(),
                    config: vec![format!("role={value}")],
                });
                after.may_act_as.push(value.clone());
            }
        }
        after
    }
}

impl Arrangement {
    /// The names to ask the server about.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let owner = self.owner.as_deref();
        [self.pair.original.as_str(), self.pair.clone.as_str()]
            .into_iter()
            .chain(owner)
    }

    /// The rotation after this one.
    pub(crate) fn one_turn_ahead(&self) -> Self {
        let turn = match self.turn {
            Turn::Original => Turn::Clone,
            Turn::Clone => Turn::Original,
        };
        Self { turn, ..self.clone() }
    }

    /// The role whose turn it is.
    pub(crate) fn idle(&self) -> &str {
        self.pair.idle(self.turn)
    }

    /// The role that applications use.
    pub(crate) fn in_use(&self) -> &str {
        match self.turn {
            Turn::Original => &self.pair.clone,
            Turn::Clone => &self.pair.original,
        }
    }

    /// What must be done. The role in use is not altered: what differs there waits for its own turn.
    ///
    /// # Errors
    /// Roles that cannot or must not alternate.
    pub(crate) fn plan(&self, facts: &Facts, server: &str) -> Result<Plan, Cause> {
        let clone = facts.role(&self.pair.clone);
        if let Some(clone) = clone {
            self.check_clone(facts, clone, server)?;
        }
        let original = self.check_original(facts, server)?;
        match &self.owner {
            None => Ok(self.clone_form(facts, original, clone)),
            Some(owner) => {
                check_owner(facts, owner, original, server)?;
                Ok(self.owner_form(facts, owner, original, clone))
            }
        }
    }

    fn check_original<'f>(&self, facts: &'f Facts, server: &str) -> Result<&'f Role, Cause> {
        let Some(original) = facts.role(&self.pair.original) else {
            return Err(AlternatingFault::OriginalMissing {
                server: server.to_owned(),
                original: self.pair.original.clone(),
                clone: self.pair.clone.clone(),
            }
            .into());
        };
        let role = || original.name.clone();
        if original.superuser {
            return Err(AlternatingFault::Superuser { role: role() }.into());
        }
        if original.expired {
            let until = original.until.clone().unwrap_or_default();
            return Err(PostgresFault::RoleExpired { role: role(), until }.into());
        }
        check_not_locked(original)?;
        Ok(original)
    }

    /// A clone is known by what ties it to the original, not by its name.
    fn check_clone(&self, facts: &Facts, clone: &Role, server: &str) -> Result<(), Cause> {
        if clone.superuser {
            let role = clone.name.clone();
            return Err(AlternatingFault::Superuser { role }.into());
        }
        if is_tied(facts, clone, &self.pair.original, self.owner.as_deref()) {
            return Ok(check_not_locked(clone)?);
        }
        let original = &self.pair.original;
        // A member that lacks the mark alone may be the clone that AWS's template made: that is said, and not PendingUserWrong.
        if self.turn == Turn::Original && clone.membership(original).is_none() {
            return Err(AlternatingFault::PendingUserWrong {
                pending: original.clone(),
                current: clone.name.clone(),
            }
            .into());
        }
        Err(ties::foreign(facts, clone, original, server).into())
    }

    fn clone_form(&self, facts: &Facts, original: &Role, clone: Option<&Role>) -> Plan {
        let mut repairs = Repairs::new(facts);
        let exists = clone.is_some();
        let Some(clone) = repairs.existing_at(self.turn, clone, &self.pair.clone) else {
            // Nothing to bring in line; the next turn makes it.
            return Plan::default();
        };
        repairs.attributes(original, &clone);
        repairs.link(&clone, &original.name);
        repairs.mark(&clone, &original.name);
        repairs.settings(original, &clone, None);
        let here = facts.acts_as_here(original);
        let target = facts.role(here).unwrap_or(original);
        // While it is given over, and if that takes several rotations, the clone goes on with what it owned only as a member that
        // inherits. At its own turn it is made one, on a server whose grants say so.
        let inherits = clone
            .membership(&original.name)
            .is_some_and(|membership| membership.inherit);
        let will_inherit = self.turn == Turn::Clone && facts.has_grant_options();
        let original_inherits = target.name == original.name
            || original
                .membership(&target.name)
                .is_some_and(|membership| membership.inherit);
        let give_over = ((inherits || will_inherit) && original_inherits)
            .then(|| repairs.ownership(&clone, Some(target)))
            .flatten();
        let begins = match self.turn {
            Turn::Clone if exists => {
                begins(facts, &clone, |database| facts.acts_as(original, Some(database)))
            }
            _ => Vec::new(),
        };
        let own = own_rights(&clone, here, begins, give_over);
        let (now, later) = match self.turn {
            Turn::Clone => (repairs.list, Vec::new()),
            Turn::Original => (Vec::new(), repairs.list),
        };
        Plan { now, later, own }
    }

    fn owner_form(&self, facts: &Facts, owner: &str, original: &Role, clone: Option<&Role>) -> Plan {
        let mut repairs = Repairs::new(facts);
        let idle = match self.turn {
            Turn::Original => original.clone(),
            Turn::Clone => {
                let clone = repairs.existing(clone, &self.pair.clone);
                repairs.attributes(original, &clone);
                repairs.memberships(original, &clone, owner);
                repairs.mark(&clone, &original.name);
                clone
            }
        };
        repairs.link(&idle, owner);
        repairs.settings(original, &idle, Some(owner));
        // Sessions that act as the idle role, of a pair that comes from the clone form, would lose what they work with.
        let give_over = clone
            .is_none_or(|clone| clone.name == idle.name || facts.acts_as_here(clone) != idle.name)
            .then(|| repairs.ownership(&idle, facts.role(owner)))
            .flatten();
        let begins = match facts.role(&idle.name) {
            Some(idle) => begins(facts, idle, |_| owner),
            None => Vec::new(),
        };
        let own = own_rights(&idle, owner, begins, give_over);
        Plan {
            now: repairs.list,
            later: Vec::new(),
            own,
        }
    }

    /// Memberships that were given to the clone alone; nobody's to take away, but they end with its turn.
    pub(crate) fn oddities(&self, facts: &Facts) -> Vec<String> {
        let (Some(original), Some(clone)) = (facts.role(&self.pair.original), facts.role(&self.pair.clone))
        else {
            return Vec::new();
        };
        let known = |role: &str| {
            role == original.name
                || Some(role) == self.owner.as_deref()
                || original.membership(role).is_some()
        };
        let memberships = clone.memberships.iter().map(|membership| &membership.role);
        memberships.filter(|role| !known(role)).cloned().collect()
    }
}

/// The databases in which a role's sessions would begin to act as another one, and might lose something: the session's own, and those
/// that know the role, or the one that it acts as.
fn begins<'f>(facts: &'f Facts, role: &'f Role, target: impl Fn(&'f str) -> &'f str) -> Vec<Begins> {
    let acting = |database| facts.acts_as(role, Some(database));
    let known = |name: &str, database: &String| {
        let found = facts.role(name);
        found.is_some_and(|role| role.named_in.contains(database))
    };
    let named = facts.roles.iter().flat_map(|role| &role.named_in);
    let named: BTreeSet<_> = named
        .filter(|database| known(&role.name, database) || known(acting(database), database))
        .chain([&facts.database])
        .collect();
    let begins = named.into_iter().map(|database| Begins {
        database: database.clone(),
        now: acting(database).to_owned(),
        target: target(database).to_owned(),
    });
    begins.filter(|begins| begins.now != begins.target).collect()
}

/// What matters of a role's own rights: that it begins to act as another role, or that it owns something.
fn own_rights(
    role: &Role,
    target: &str,
    begins: Vec<Begins>,
    give_over: Option<GiveOver>,
) -> Option<OwnRights> {
    (!begins.is_empty() || give_over.is_some()).then(|| OwnRights {
        role: role.name.clone(),
        target: target.to_owned(),
        begins,
        give_over,
    })
}

/// NOLOGIN is somebody's decision, and no slip: a rotation does not open what was locked.
fn check_not_locked(role: &Role) -> Result<(), PostgresFault> {
    if role.login {
        return Ok(());
    }
    let role = role.name.clone();
    Err(PostgresFault::RoleMayNotLogIn { role })
}

/// A person who may write the secret could name any role as the owner: it must be one that the original may act as already.
fn check_owner(facts: &Facts, owner: &str, original: &Role, server: &str) -> Result<(), AlternatingFault> {
    let may_act = original
        .membership(owner)
        .is_some_and(|membership| membership.set);
    let problem = match facts.role(owner) {
        None => "there is no such role",
        Some(role) if role.superuser => "it is a superuser",
        Some(role) if role.login => "it can log in itself",
        Some(role) if role.owns == 0 => "it owns nothing in the database",
        Some(_) if !may_act => "the user is no member of it that may act as it",
        Some(_) => return Ok(()),
    };
    Err(AlternatingFault::OwnerUnusable {
        server: server.to_owned(),
        owner: owner.to_owned(),
        problem,
    })
}

#[cfg(test)]
mod tests;
