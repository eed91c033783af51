//! The parameters that a definition leaves to the secret or the function.

use serde::Deserialize;

/// What `keywheel` in a secret's value has in addition to parameters.
pub(crate) const RESERVED: [&str; 3] = ["provider", "key", "id"];
/// The name in `[check] same` that stands for the key's id.
pub(crate) const ID: &str = "id";

/// A value that a description leaves open. What it may be is a permission: the secret's writer can choose any of
/// it, and the admin's credential is then used for that.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Parameter {
    /// What it is, for people.
    #[expect(dead_code, reason = "for people; a key that is not known would be refused")]
    pub(crate) description: Option<String>,
    /// A closed list. This or `pattern`.
    pub(crate) one_of: Option<Vec<String>>,
    /// A regular expression that the whole value must match.
    pub(crate) pattern: Option<String>,
    /// Who may give the value.
    #[serde(default)]
    pub(crate) set_by: SetBy,
    /// The top-level member of a JSON document that has the value.
    pub(crate) member: Option<String>,
    /// The value if nobody gives one.
    pub(crate) default: Option<String>,
}

/// Who may give a parameter's value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SetBy {
    /// The secret: its document or its tags. The function's settings come first all the same.
    #[default]
    Secret,
    /// The function's settings alone.
    Function,
}

impl Parameter {
    /// Whether `value` is one of those that are allowed.
    pub(crate) fn allows(&self, value: &str) -> bool {
        match (&self.one_of, &self.pattern) {
            (Some(list), _) => list.iter().any(|allowed| allowed == value),
            (None, Some(pattern)) => whole(pattern).is_ok_and(|regex| regex.is_match(value)),
            (None, None) => false,
        }
    }

    /// What is allowed, for errors.
    pub(crate) fn allowed(&self) -> String {
        match (&self.one_of, &self.pattern) {
            (Some(list), _) => format!("one of {}", list.join(", ")),
            (None, pattern) => format!("all of it like {}", pattern.as_deref().unwrap_or_default()),
        }
    }

    /// Whether a host may depend on it.
    pub(crate) fn is_closed(&self) -> bool {
        self.one_of.is_some() || self.set_by == SetBy::Function
    }
}

/// The expression for a whole value. `\z`, as `$` would allow a line break behind it in some engines.
pub(super) fn whole(pattern: &str) -> Result<regex_lite::Regex, regex_lite::Error> {
    // Parsed alone first, so that an unbalanced parenthesis cannot reach out of the group.
    regex_lite::Regex::new(pattern)?;
    regex_lite::Regex::new(&format!(r"\A(?:{pattern})\z"))
}
