//! What has to change so that two roles can take turns: facts in, repairs out. Pure.
//!
//! | form | whose sessions act as whom | brought in line with the original, at each rotation |
//! |---|---|---|
//! | clone | the clone as the original | the clone: attributes, limits, settings |
//! | owner | both as a NOLOGIN role | the idle one; the clone also in attributes, limits, settings |
//!
//! Memberships of the original need no copy in the clone form: the clone is a member of the original, with INHERIT and SET, so that
//! what is granted to the original or revoked from it holds for the clone at once.

use std::collections::BTreeMap;

use super::facts::{Facts, Role};
use super::fault::AlternatingFault;
use super::names::{Pair, Turn};
use super::repair::{Grant, Repair};
use crate::fault::PostgresFault;

/// Two roles, whose turn it is, and what they act as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrangement {
    pub(crate) pair: Pair,
    pub(crate) turn: Turn,
    /// The NOLOGIN role of the owner form.
    pub(crate) owner: Option<String>,
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

    /// What must be done, in order. Empty if the two are alike already.
    ///
    /// # Errors
    /// Roles that cannot or must not take turns.
    pub(crate) fn repairs(&self, facts: &Facts, server: &str) -> Result<Vec<Repair>, AlternatingFault> {
        let clone = facts.role(&self.pair.clone);
        if let Some(clone) = clone {
            self.check_clone(clone, server)?;
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

    fn check_original<'f>(&self, facts: &'f Facts, server: &str) -> Result<&'f Role, AlternatingFault> {
        let Some(original) = facts.role(&self.pair.original) else {
            return Err(AlternatingFault::OriginalMissing {
                server: server.to_owned(),
                original: self.pair.original.clone(),
                clone: self.pair.clone.clone(),
            });
        };
        let role = || original.name.clone();
        if original.superuser {
            return Err(AlternatingFault::Superuser { role: role() });
        }
        if original.expired {
            let until = original.until.clone().unwrap_or_default();
            return Err(PostgresFault::RoleExpired { role: role(), until }.into());
        }
        check_not_locked(original)?;
        Ok(original)
    }

    /// A clone is known by what ties it to the original, not by its name.
    fn check_clone(&self, clone: &Role, server: &str) -> Result<(), AlternatingFault> {
        if clone.superuser {
            let role = clone.name.clone();
            return Err(AlternatingFault::Superuser { role });
        }
        if is_tied(clone, &self.pair.original)
            || self.owner.as_deref().is_some_and(|owner| is_tied(clone, owner))
        {
            return check_not_locked(clone);
        }
        if self.turn == Turn::Original {
            return Err(AlternatingFault::TurnMistaken {
                pending: self.pair.original.clone(),
                current: clone.name.clone(),
            });
        }
        Err(AlternatingFault::CloneForeign {
            server: server.to_owned(),
            clone: clone.name.clone(),
            original: self.pair.original.clone(),
        })
    }

    fn clone_form(&self, facts: &Facts, original: &Role, clone: Option<&Role>) -> Vec<Repair> {
        let mut repairs = Repairs::new(facts);
        if clone.is_none() && self.turn == Turn::Original {
            // Nothing to bring in line; the next turn makes it.
            return Vec::new();
        }
        let clone = repairs.existing(clone, &self.pair.clone);
        repairs.attributes(original, &clone);
        repairs.link(&clone, &original.name);
        let acts_as = own_role(original).unwrap_or(&original.name);
        repairs.settings(original, &clone, acts_as, false);
        repairs.ownership(&clone, facts.role(&original.name));
        repairs.list
    }

    fn owner_form(&self, facts: &Facts, owner: &str, original: &Role, clone: Option<&Role>) -> Vec<Repair> {
        let mut repairs = Repairs::new(facts);
        let idle = match self.turn {
            Turn::Original => original.clone(),
            Turn::Clone => {
                let clone = repairs.existing(clone, &self.pair.clone);
                repairs.attributes(original, &clone);
                repairs.memberships(original, &clone, owner);
                clone
            }
        };
        repairs.link(&idle, owner);
        repairs.settings(original, &idle, owner, true);
        // Sessions that act as the idle role, of a pair that comes from the clone form, would lose what they work with.
        if clone.is_none_or(|clone| clone.acts_as(&facts.database) != Some(&idle.name)) {
            repairs.ownership(&idle, facts.role(owner));
        }
        repairs.list
    }

    /// Other databases in which the clone owns something: what it owns there stays its own until somebody goes there.
    pub(crate) fn owned_elsewhere<'f>(&self, facts: &'f Facts) -> &'f [String] {
        facts.role(&self.pair.clone).map_or(&[], |clone| &clone.owns_in)
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

/// Who takes the next turn after the role that is named like a clone: the original, if the server ties the two, and a clone of its
/// own if not.
///
/// # Errors
/// `OriginalMissing` for a clone whose original is gone; `RoleNameInvalid` for one of which there can be no clone.
pub(crate) fn counterpart(
    pair: &Pair,
    owner: Option<&str>,
    facts: &Facts,
    server: &str,
) -> Result<String, AlternatingFault> {
    let (original, clone) = (facts.role(&pair.original), facts.role(&pair.clone));
    let tied = |role: Option<&Role>, to: &str| role.is_some_and(|role| is_tied(role, to));
    let to_the_original = tied(clone, &pair.original);
    let to_one_owner = owner.is_some_and(|owner| tied(clone, owner) && tied(original, owner));
    if original.is_some() && (to_the_original || to_one_owner) {
        return Ok(pair.original.clone());
    }
    if to_the_original {
        return Err(AlternatingFault::OriginalMissing {
            server: server.to_owned(),
            original: pair.original.clone(),
            clone: pair.clone.clone(),
        });
    }
    Ok(Pair::of_original(&pair.clone)?.clone)
}

/// NOLOGIN is somebody's decision, and no slip: a rotation does not open what was locked.
fn check_not_locked(role: &Role) -> Result<(), AlternatingFault> {
    if role.login {
        return Ok(());
    }
    let role = role.name.clone();
    Err(PostgresFault::RoleMayNotLogIn { role }.into())
}

/// Whoever may write the secret could name any role as the owner: it must be one that the original may act as already.
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

/// Whether a role is a member of another one, or acts as it: a membership that somebody revoked leaves the setting.
fn is_tied(role: &Role, to: &str) -> bool {
    role.membership(to).is_some() || own_role(role) == Some(to)
}

/// The role that a role's own setting, for all databases, makes it act as.
fn own_role(role: &Role) -> Option<&str> {
    let settings = role.settings.iter().filter(|setting| setting.database.is_none());
    let mut pairs = settings
        .flat_map(|setting| setting.config.iter())
        .filter_map(|config| config.split_once('='));
    pairs.find(|(name, _)| *name == "role").map(|(_, value)| value)
}

/// The list as it grows.
struct Repairs<'f> {
    facts: &'f Facts,
    list: Vec<Repair>,
}

impl<'f> Repairs<'f> {
    fn new(facts: &'f Facts) -> Self {
        Self {
            facts,
            list: Vec::new(),
        }
    }

    /// The clone, or what CREATE ROLE makes of it.
    fn existing(&mut self, clone: Option<&Role>, name: &str) -> Role {
        clone.cloned().unwrap_or_else(|| {
            self.list.push(Repair::Create {
                role: name.to_owned(),
            });
            Role {
                name: name.to_owned(),
                login: true,
                superuser: false,
                createdb: false,
                createrole: false,
                replication: false,
                bypassrls: false,
                connections: -1,
                until: None,
                expired: false,
                settings: Vec::new(),
                memberships: Vec::new(),
                owns: 0,
                owns_in: Vec::new(),
                administered: true,
                inherited: false,
            }
        })
    }

    fn alter(&mut self, role: &Role, what: impl Into<String>) {
        let (role, what) = (role.name.clone(), what.into());
        self.list.push(Repair::Alter { role, what });
    }

    /// Only what differs is named: on RDS nobody may name an attribute that they do not have, not even to leave it as it is.
    ///
    /// CREATEDB, CREATEROLE and BYPASSRLS are the acting role's: where the admin may not give them, the clone works without.
    fn attributes(&mut self, original: &Role, clone: &Role) {
        let flags = [
            ("CREATEDB", original.createdb, clone.createdb),
            ("CREATEROLE", original.createrole, clone.createrole),
            ("BYPASSRLS", original.bypassrls, clone.bypassrls),
            ("REPLICATION", original.replication, clone.replication),
        ];
        for (name, wanted, is) in flags {
            if wanted != is && (name == "REPLICATION" || self.may_give(name)) {
                self.alter(
                    clone,
                    if wanted {
                        name.to_owned()
                    } else {
                        format!("NO{name}")
                    },
                );
            }
        }
        if original.connections != clone.connections {
            self.alter(clone, format!("CONNECTION LIMIT {}", original.connections));
        }
        let until = |role: &Role| role.until.clone().unwrap_or_else(|| "infinity".to_owned());
        if until(original) != until(clone) {
            let literal = postgres_protocol::escape::escape_literal(&until(original));
            self.alter(clone, format!("VALID UNTIL {}", literal.trim_start()));
        }
    }

    /// Before 16 CREATEROLE gives all that is not a superuser's, since 16 one gives what one has.
    fn may_give(&self, attribute: &str) -> bool {
        let asker = &self.facts.session;
        let since_16 = self.facts.has_grant_options();
        asker.superuser
            || match attribute {
                "CREATEDB" => asker.createrole && (asker.createdb || !since_16),
                "CREATEROLE" => asker.createrole,
                "BYPASSRLS" => asker.createrole && asker.bypassrls && since_16,
                _ => false,
            }
    }

    /// Membership of `role` in `target`, with all that makes it act as that.
    fn link(&mut self, role: &Role, target: &str) {
        let linked = role.membership(target).is_some_and(|membership| {
            // Before 16 the option is the role's own INHERIT, and acting as the target does without.
            membership.set && (membership.inherit || !self.facts.has_grant_options())
        });
        if !linked {
            self.list.push(Repair::Grant(Grant {
                role: target.to_owned(),
                to: role.name.clone(),
                admin: false,
                options: self.facts.has_grant_options().then_some((true, true)),
            }));
        }
    }

    /// The original's other memberships, in the owner form, as far as the admin may grant them.
    fn memberships(&mut self, original: &Role, clone: &Role, owner: &str) {
        let since_16 = self.facts.has_grant_options();
        let asker = &self.facts.session;
        for wanted in &original.memberships {
            let may = asker.superuser || wanted.administered || (!since_16 && asker.createrole);
            let is = clone.membership(&wanted.role);
            let same = is.is_some_and(|is| {
                (is.admin || !wanted.admin) && (is.inherit || !wanted.inherit) && (is.set || !wanted.set)
            });
            if wanted.role != owner && may && !same {
                self.list.push(Repair::Grant(Grant {
                    role: wanted.role.clone(),
                    to: clone.name.clone(),
                    admin: wanted.admin,
                    options: since_16.then_some((wanted.inherit, wanted.set)),
                }));
            }
        }
        // From before there was an owner role: neither may be able to alter the other.
        if clone.membership(&original.name).is_some() {
            self.list.push(Repair::Revoke {
                role: original.name.clone(),
                from: clone.name.clone(),
            });
        }
    }

    /// The original's settings, and the role to act as. In the owner form that is the same one in every database.
    fn settings(&mut self, original: &Role, role: &Role, acts_as: &str, owner_form: bool) {
        let mut wanted = by_scope(original);
        if owner_form {
            wanted.retain(|(_, name), _| name != "role");
        }
        wanted.insert((None, "role".to_owned()), acts_as.to_owned());
        let is = by_scope(role);
        for ((database, name), value) in &wanted {
            if is.get(&(database.clone(), name.clone())) != Some(value) {
                self.list.push(Repair::Set {
                    role: role.name.clone(),
                    database: database.clone(),
                    name: name.clone(),
                    value: value.clone(),
                });
            }
        }
        for (database, name) in is.into_keys().filter(|key| !wanted.contains_key(key)) {
            self.list.push(Repair::Reset {
                role: role.name.clone(),
                database,
                name,
            });
        }
    }

    /// What `from` owns, in this database, belongs to the one that both act as.
    fn ownership(&mut self, from: &Role, to: Option<&Role>) {
        let (true, Some(to)) = (from.owns > 0, to) else {
            return;
        };
        let asker = &self.facts.session;
        let lend = [from, to]
            .into_iter()
            .filter(|role| !asker.superuser && !role.inherited);
        self.list.push(Repair::Reassign {
            from: from.name.clone(),
            to: to.name.clone(),
            lend: lend.map(|role| role.name.clone()).collect(),
            admin: asker.name.clone(),
        });
    }
}

/// Each setting by scope and name.
fn by_scope(role: &Role) -> BTreeMap<(Option<String>, String), String> {
    let mut found = BTreeMap::new();
    for setting in &role.settings {
        for (name, value) in setting.config.iter().filter_map(|config| config.split_once('=')) {
            found.insert((setting.database.clone(), name.to_owned()), value.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests;
