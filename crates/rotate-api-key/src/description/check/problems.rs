//! What the rules have found so far.

use std::collections::BTreeSet;

use crate::description::definition::Description;

/// A definition that is being checked.
pub(super) struct Checking<'d> {
    pub(super) description: &'d Description,
    /// Key and words.
    pub(super) problems: Vec<(String, String)>,
    /// The parameters that decide a host.
    pub(super) hosts: BTreeSet<String>,
}

impl<'d> Checking<'d> {
    pub(super) fn of(description: &'d Description) -> Self {
        Self {
            description,
            problems: Vec::new(),
            hosts: BTreeSet::new(),
        }
    }

    pub(super) fn wrong(&mut self, key: impl Into<String>, what: impl Into<String>) {
        self.problems.push((key.into(), what.into()));
    }
}
