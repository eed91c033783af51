//! Which names a template may use, by where it stands.

use std::collections::BTreeSet;

use crate::description::definition::Description;
use crate::notation::near::hint;
use crate::notation::template;

/// The names that a slip may have meant, but for those of parameters and of the admin secret.
const NAMES: [&str; 16] = [
    "version",
    "mark",
    "name",
    "secret.name",
    "secret.slug",
    "secret.arn",
    "current.value",
    "current.id",
    "key.value",
    "key.id",
    "key.name",
    "minted",
    "expires.date",
    "expires.rfc3339",
    "expires.unix",
    "expires.seconds",
];

/// What a call is about, which decides the names that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// No key in particular: create, list, stage, roll.
    None,
    /// One key, known by value or id: check, revoke, set, promote.
    Key,
}

/// What a group of templates turned out to use.
#[derive(Debug, Clone, Default)]
pub(super) struct Used(BTreeSet<String>);

impl Used {
    /// One name.
    pub(super) fn of(name: &str) -> Self {
        Self(BTreeSet::from([name.to_owned()]))
    }

    /// All names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether `name`, or something inside of it, is used.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|used| used == name || used.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
    }

    pub(super) fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// Checks one template; answers with what it uses.
pub(super) fn check(
    source: &str,
    about: About,
    mints: bool,
    description: &Description,
) -> Result<Used, String> {
    let names = template::names(source)?;
    for name in &names {
        allowed(name, about, mints, description)?;
    }
    template::try_filters(source, &names)?;
    Ok(Used(names))
}

fn allowed(name: &str, about: About, mints: bool, description: &Description) -> Result<(), String> {
    let unknown = || Err(format!("unknown name {name:?}{}", hint(name, NAMES)));
    match name.split_once('.').unwrap_or((name, "")) {
        ("version" | "mark" | "name", "")
        | ("secret", "name" | "slug" | "arn")
        | ("current", "value" | "id") => Ok(()),
        ("minted", "") if mints => Ok(()),
        ("minted", _) => Err("{{ minted }} is used where no auth.mint has a call for it".to_owned()),
        ("expires", "date" | "rfc3339" | "unix" | "seconds") => match description.lifetime_days {
            Some(_) => Ok(()),
            None => Err(format!("{{{{ {name} }}}} needs `lifetime-days`")),
        },
        ("key", "value" | "id" | "name") => match about {
            About::Key => Ok(()),
            About::None => Err(format!(
                "{{{{ {name} }}}} is not known here: it is in check, revoke, set and promote; AWSCURRENT's key is {{{{ current.value }}}}"
            )),
        },
        ("admin", _) => match description.admin {
            Some(_) => Ok(()),
            None => Err("{{ admin }} is used, and `admin` names no admin secret".to_owned()),
        },
        ("parameters", parameter) if !parameter.is_empty() => {
            if description.parameters.contains_key(parameter) {
                Ok(())
            } else {
                let known = description.parameters.keys().map(String::as_str);
                Err(format!(
                    "there is no [parameters.{parameter}]{}",
                    hint(parameter, known)
                ))
            }
        }
        _ => unknown(),
    }
}
