//! What the admin's credential does must not be the choice of whoever may write a secret.
//!
//! A parameter that a secret fills by a pattern is such a choice. It is harmless if the key of the secret itself shows that
//! it is right: the check sends it, or its answer has it. Otherwise it is the function's to decide.

use super::check::calls::Checked;
use super::{Adoption, Class, Description};

/// The name in `[check] same` that stands for the key's id.
pub(crate) const ID: &str = "id";

/// The calls that manage keys.
const MANAGEMENT: [&str; 9] = [
    "create", "list", "revoke", "roll", "recover", "stage", "unstage", "promote", "set",
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
    let shown = checked.of("check").has("key.id") && !by_admin(checked, "check");
    let compared = it.check.as_ref().is_some_and(|check| check.same.contains_key(ID));
    if shown || compared {
        Adoption::IfItWorks
    } else {
        Adoption::No
    }
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
                "uses {{ current.id }} with the admin's credential, and whoever writes the secret chooses it: make it a parameter, with `member` and `set-by = \"function\"`".to_owned(),
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
        let shown = checked.of("check").has(&used) && !by_admin(checked, "check");
        let what = match it.class {
            Class::InPlace => {
                "is used with the admin's credential when the key is dead and shows nothing: make it `set-by = \"function\"`, or `one-of` a list"
            }
            _ if compared || shown => continue,
            _ => {
                "is used with the admin's credential, and the check does not show that it is right: use it in [check], compare it there (`same`), or make it `set-by = \"function\"` or `one-of` a list"
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
