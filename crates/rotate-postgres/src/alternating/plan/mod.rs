//! What has to change so that two roles can take turns: facts in, a plan out. Pure: the queries stand here as text, `apply` and
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

use rotation::Cause;

use self::changes::Repairs;
use self::facts::{Facts, Role};
use self::give_over::GiveOver;
use self::names::{Pair, Turn};
use self::repair::Repair;
use self::ties::{is_tied, own_role};
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

/// What a role owns or was granted itself, not as the role that it acts as. Its sessions lose that when they begin to act as that
/// role, in every database of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnRights {
    pub(crate) role: String,
    /// The role that it acts as, or is to act as.
    pub(crate) target: String,
    /// Whether it is to begin with that in this rotation.
    pub(crate) begins: bool,
    /// The databases that know of it, in addition to the session's.
    pub(crate) elsewhere: Vec<String>,
    /// What it owns in the session's database.
    pub(crate) give_over: Option<GiveOver>,
}

impl Plan {
    /// The role that the idle role's sessions are made to act as; none if that is not changed.
    pub(crate) fn acts_as(&self) -> Option<&str> {
        self.now.iter().find_map(|repair| match repair {
            Repair::Set { name, value, .. } if name == "role" => Some(value.as_str()),
            _ => None,
        })
    }

    /// The same, but the idle role goes on acting as it does now, as with AWS's template.
    pub(crate) fn without_acting(mut self) -> Self {
        self.now.retain(|repair| !repair.is_of_setting("role"));
        self
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
    /// Roles that cannot or must not take turns.
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
        // A member that lacks the mark alone may be the clone that AWS's template made: that is said, and not TurnMistaken.
        if self.turn == Turn::Original && clone.membership(original).is_none() {
            return Err(AlternatingFault::TurnMistaken {
                pending: original.clone(),
                current: clone.name.clone(),
            }
            .into());
        }
        Err(ties::foreign(facts, clone, original, server).into())
    }

    fn clone_form(&self, facts: &Facts, original: &Role, clone: Option<&Role>) -> Plan {
        let mut repairs = Repairs::new(facts);
        let Some(clone) = repairs.existing_at(self.turn, clone, &self.pair.clone) else {
            // Nothing to bring in line; the next turn makes it.
            return Plan::default();
        };
        repairs.attributes(original, &clone);
        repairs.link(&clone, &original.name);
        repairs.mark(&clone, &original.name);
        let acts_as = own_role(original).unwrap_or(&original.name);
        repairs.settings(original, &clone, acts_as, false);
        // While it is given over, and if that takes several rotations, the clone goes on with what it owned only as a member that
        // inherits. At its own turn it is made one, on a server whose grants say so.
        let inherits = clone
            .membership(&original.name)
            .is_some_and(|membership| membership.inherit);
        let will_inherit = self.turn == Turn::Clone && facts.has_grant_options();
        let give_over = (inherits || will_inherit)
            .then(|| repairs.ownership(&clone, Some(original)))
            .flatten();
        let begins = self.turn == Turn::Clone;
        let own = own_rights(facts, &clone, acts_as, begins, give_over);
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
        repairs.settings(original, &idle, owner, true);
        // Sessions that act as the idle role, of a pair that comes from the clone form, would lose what they work with.
        let give_over = clone
            .is_none_or(|clone| clone.acts_as(&facts.database) != Some(&idle.name))
            .then(|| repairs.ownership(&idle, facts.role(owner)))
            .flatten();
        let own = own_rights(facts, &idle, owner, true, give_over);
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

/// What matters of a role's own rights: that it begins to act as `target` although it has some, or that it owns something.
fn own_rights(
    facts: &Facts,
    role: &Role,
    target: &str,
    begins: bool,
    give_over: Option<GiveOver>,
) -> Option<OwnRights> {
    let begins = begins && role.acts_as(&facts.database) != Some(target) && !role.named_in.is_empty();
    (begins || give_over.is_some()).then(|| OwnRights {
        role: role.name.clone(),
        target: target.to_owned(),
        begins,
        elsewhere: role
            .named_in
            .iter()
            .filter(|name| **name != facts.database)
            .cloned()
            .collect(),
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
