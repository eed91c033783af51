//! A person who may write a secret must not choose what the admin's credential does.
//!
//! A parameter that a secret fills by a pattern is such a choice. It is harmless if the key of the secret itself shows that
//! it is right: the check sends it, or its answer has it. Otherwise it is the function's to decide.

use std::collections::BTreeSet;

use super::calls::Checked;
use super::names::{self, About};
use crate::description::definition::{Adoption, Class, Description};
use crate::description::parameter::ID;
use crate::notation::status::Statuses;

/// The calls that manage keys.
const MANAGEMENT: [&str; 10] = [
    "create",
    "list",
    "revoke",
    "roll",
    "recover",
    "stage",
    "unstage",
    "promote",
    "set",
    "admin-check",
];

/// Whether a section's calls show the admin's credential.
pub(super) fn by_admin(checked: &Checked, section: &'static str) -> bool {
    checked.of(section).has("admin")
}

/// Whether what a document says of a key's id is enough to revoke that key.
pub(super) fn adoption(it: &Description, checked: &Checked) -> Adoption {
    let by_id = by_admin(checked, "revoke") && checked.of("revoke").has("key.id");
    if !by_id || it.list.as_ref().is_some_and(|list| list.exclusive) {
        return Adoption::Yes;
    }
    let compared = it.check.as_ref().is_some_and(|check| check.same.contains_key(ID));
    if compared || is_shown(it, checked, "key.id") {
        Adoption::IfItWorks
    } else {
        Adoption::No
    }
}

/// Whether a key that passes the check shows that what `name` says is right. A refusal that counts as healthy (403, of a narrow
/// key) shows it only of what the key is logged in with: of a path it may say that it is somebody else's.
fn is_shown(it: &Description, checked: &Checked, name: &str) -> bool {
    let Some(check) = &it.check else { return false };
    if by_admin(checked, "check") {
        return false;
    }
    let basic = check.auth.as_ref().and_then(|auth| auth.basic.as_ref());
    let client = check.client_credentials.as_ref();
    let mut logins = basic
        .map(|basic| &basic.username)
        .into_iter()
        .chain(client.map(|grant| &grant.client_id));
    let has_it =
        |source: &String| names::check(source, About::Key, false, it).is_ok_and(|used| used.has(name));
    let only_success = check.healthy.as_ref().is_none_or(Statuses::is_of_success);
    (only_success && checked.of("check").has(name)) || logins.any(has_it)
}

/// The parameters that calls with the admin's credential use.
pub(super) fn of_the_admin(it: &Description, checked: &Checked) -> BTreeSet<String> {
    let is_used = |name: &&String| {
        let used = format!("parameters.{name}");
        let mut sections = MANAGEMENT.into_iter().chain(["check"]);
        sections.any(|section| by_admin(checked, section) && checked.of(section).has(&used))
    };
    it.parameters.keys().filter(is_used).cloned().collect()
}

/// What is wrong, as key and words.
pub(super) fn problems(it: &Description, checked: &Checked) -> Vec<(String, String)> {
    let mut problems = names_of_same(it);
    let sections = MANAGEMENT
        .into_iter()
        .filter(|section| by_admin(checked, section));
    let sections: Vec<_> = sections.collect();
    for &section in &sections {
        if checked.of(section).has("current.id") {
            problems.push((
                section.to_owned(),
                "uses {{ current.id }} with the admin's credential, and a user who writes the secret chooses it: make it a parameter, with `member` and `set-by = \"function\"`".to_owned(),
            ));
        }
    }
    for section in ["promote", "set"] {
        if sections.contains(&section) && checked.of(section).has("key.id") {
            problems.push((
                section.to_owned(),
                "uses {{ key.id }} with the admin's credential, and a user who writes the secret chooses it: make it a parameter, with `member` and `set-by = \"function\"`".to_owned(),
            ));
        }
    }
    let open = it
        .parameters
        .iter()
        .filter(|(_, parameter)| !parameter.is_closed());
    for (name, _) in open {
        let used = format!("parameters.{name}");
        if !sections.iter().any(|section| checked.of(section).has(&used)) {
            continue;
        }
        let compared = it
            .check
            .as_ref()
            .is_some_and(|check| check.same.contains_key(name));
        let what = match it.class {
            Class::InPlace => {
                "is used with the admin's credential when the key is dead and shows nothing: make it `set-by = \"function\"`, or `one-of` a list"
            }
            _ if compared || is_shown(it, checked, &used) => continue,
            _ => {
                "is used with the admin's credential, and the check does not show that it is right: use it in [check] (where `healthy` has 2xx alone), compare it there (`same`), or make it `set-by = \"function\"` or `one-of` a list"
            }
        };
        problems.push((used, what.to_owned()));
    }
    problems
}

/// What `[check] same` compares is there.
fn names_of_same(it: &Description) -> Vec<(String, String)> {
    let same = it.check.iter().flat_map(|check| check.same.keys());
    let problem = |name: &String| {
        let what = match name.as_str() {
            // Which member has it, the secret may say.
            ID => return None,
            name if it.parameters.contains_key(name) => return None,
            _ => "is neither a parameter nor `id`",
        };
        Some((format!("check.same.{name}"), what.to_owned()))
    };
    same.filter_map(problem).collect()
}
