//! The differences between a role and what it should be, as a list of repairs. Pure.

use std::collections::BTreeMap;

use super::facts::{Facts, Role};
use super::give_over::{GiveOver, Loan};
use super::names::Turn;
use super::repair::{Grant, Repair};
use super::ties::{is_marked, marked};

/// The list as it grows.
pub(super) struct Repairs<'f> {
    facts: &'f Facts,
    pub(super) list: Vec<Repair>,
}

impl<'f> Repairs<'f> {
    pub(super) fn new(facts: &'f Facts) -> Self {
        Self {
            facts,
            list: Vec::new(),
        }
    }

    /// The clone, or what CREATE ROLE makes of it.
    pub(super) fn existing(&mut self, clone: Option<&Role>, name: &str) -> Role {
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
                named_in: Vec::new(),
                may_act_as: Vec::new(),
                administered: true,
                grantor: None,
                settable_administrator: None,
                administrators: Vec::new(),
                inherited: false,
                settable: false,
                granted: None,
                comment: None,
            }
        })
    }

    /// The same at the clone's turn; at the original's a clone that is not there is left to the next.
    pub(super) fn existing_at(&mut self, turn: Turn, clone: Option<&Role>, name: &str) -> Option<Role> {
        match (turn, clone) {
            (Turn::Original, None) => None,
            (_, clone) => Some(self.existing(clone, name)),
        }
    }

    /// A comment that says whose clone it is: an ordinary role cannot make it itself.
    pub(super) fn mark(&mut self, clone: &Role, original: &str) {
        if is_marked(clone, original) {
            return;
        }
        self.list.push(marked(clone, original));
    }

    fn alter(&mut self, role: &Role, what: impl Into<String>) {
        let (role, what) = (role.name.clone(), what.into());
        self.list.push(Repair::Alter { role, what });
    }

    /// Only what differs is named: on RDS nobody may name an attribute that they do not have, not even to leave it as it is.
    ///
    /// CREATEDB, CREATEROLE and BYPASSRLS are the acting role's: where the admin may not give them, the clone works without.
    pub(super) fn attributes(&mut self, original: &Role, clone: &Role) {
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
    pub(super) fn link(&mut self, role: &Role, target: &str) {
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
    pub(super) fn memberships(&mut self, original: &Role, clone: &Role, owner: &str) {
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

    /// The original's settings, and the role to act as, in every database the same one as the original; in the owner form everywhere
    /// the owner.
    pub(super) fn settings(&mut self, original: &Role, role: &Role, owner: Option<&str>) {
        let mut wanted = by_scope(original);
        wanted.retain(|(_, name), _| name != "role");
        let everywhere = owner.unwrap_or_else(|| self.facts.acts_as(original, None));
        wanted.insert((None, "role".to_owned()), everywhere.to_owned());
        if owner.is_none() {
            // A setting of the role's own for all databases outweighs what a database sets for everybody.
            for database in self.databases_with_a_role(original) {
                let there = self.facts.acts_as(original, Some(database));
                if there != everywhere {
                    wanted.insert((Some(database.to_owned()), "role".to_owned()), there.to_owned());
                }
            }
        }
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

    /// The databases that have a setting of their own as which role the original's sessions act.
    fn databases_with_a_role<'r>(&'r self, original: &'r Role) -> impl Iterator<Item = &'r str> {
        let settings = original.settings.iter().chain(&self.facts.everybody);
        settings.filter_map(|setting| setting.database.as_deref())
    }

    /// What `from` owns, in this database, belongs to the one that both act as.
    pub(super) fn ownership(&self, from: &Role, to: Option<&Role>) -> Option<GiveOver> {
        let to = to.filter(|_| from.owns > 0)?;
        let asker = &self.facts.session;
        let options = self.facts.has_grant_options();
        // The owner's rights, and to act as the new one: since 16 each takes an option of its own.
        let lend = [(from, from.inherited), (to, to.settable)]
            .into_iter()
            .filter(|(role, has)| !asker.superuser && !has && (options || role.granted.is_none()));
        Some(GiveOver {
            from: from.name.clone(),
            to: to.name.clone(),
            lend: lend
                .map(|(role, _)| Loan {
                    role: role.name.clone(),
                    grantor: role.grantor.clone(),
                    before: role.granted,
                })
                .collect(),
            admin: asker.name.clone(),
            options,
            rds: self.facts.rds,
        })
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
