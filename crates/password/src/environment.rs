//! The policy from the environment variables of AWS's rotation templates, read strictly.

use crate::{Options, Policy, PolicyError};

/// What the templates exclude by default: characters that break URLs and shell quoting.
const EXCLUDED_BY_DEFAULT: &str = ":/@\"'\\";

/// The accepted spellings of a boolean, in any case. The first line is the templates' own.
const TRUE: [&str; 4] = ["true", "1", "y", "yes"];
const FALSE: [&str; 4] = ["false", "0", "n", "no"];
const BOOLEAN: &str = "one of true, 1, y, yes, false, 0, n, no (in any case)";
const LENGTH: &str = "a number from 1 to 4096";

impl Policy {
    /// Reads the policy from environment variables, which `get` looks up by name.
    ///
    /// | variable | default |
    /// |---|---|
    /// | `PASSWORD_LENGTH` | `32` |
    /// | `EXCLUDE_CHARACTERS` | `:/@"'\` |
    /// | `EXCLUDE_NUMBERS`, `EXCLUDE_PUNCTUATION`, `EXCLUDE_UPPERCASE`, `EXCLUDE_LOWERCASE` | `false` |
    /// | `INCLUDE_SPACE` | `false` |
    /// | `REQUIRE_EACH_INCLUDED_TYPE` | `true` |
    ///
    /// A boolean is `true`, `1`, `y`, `yes`, or `false`, `0`, `n`, `no`, in any case. Anything else is
    /// an error, not false. That includes the empty string, which could mean either the default or
    /// false, and surrounding white space. An empty `EXCLUDE_CHARACTERS` excludes nothing,
    /// as with the templates.
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Result<Self, PolicyError> {
        let boolean = |name, default| boolean(name, get(name), default);
        Self::new(&Options {
            length: length("PASSWORD_LENGTH", get("PASSWORD_LENGTH"))?,
            exclude_characters: get("EXCLUDE_CHARACTERS").unwrap_or_else(|| EXCLUDED_BY_DEFAULT.to_owned()),
            exclude_numbers: boolean("EXCLUDE_NUMBERS", false)?,
            exclude_punctuation: boolean("EXCLUDE_PUNCTUATION", false)?,
            exclude_uppercase: boolean("EXCLUDE_UPPERCASE", false)?,
            exclude_lowercase: boolean("EXCLUDE_LOWERCASE", false)?,
            include_space: boolean("INCLUDE_SPACE", false)?,
            require_each_included_type: boolean("REQUIRE_EACH_INCLUDED_TYPE", true)?,
        })
    }
}

fn boolean(name: &'static str, value: Option<String>, default: bool) -> Result<bool, PolicyError> {
    let Some(value) = value else { return Ok(default) };
    let is = |spelling: &&str| value.eq_ignore_ascii_case(spelling);
    if TRUE.iter().any(is) {
        Ok(true)
    } else if FALSE.iter().any(is) {
        Ok(false)
    } else {
        Err(PolicyError::VariableInvalid {
            name,
            value,
            expected: BOOLEAN,
        })
    }
}

/// Only digits: `+32`, ` 32` and `32.0` are refused. A number outside the limits, however long, is
/// refused here too, so that the error names the variable.
fn length(name: &'static str, value: Option<String>) -> Result<usize, PolicyError> {
    let Some(value) = value else {
        return Ok(Options::default().length);
    };
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse() {
        Ok(length @ 1..=crate::MAX_LENGTH) if digits => Ok(length),
        _ => Err(PolicyError::VariableInvalid {
            name,
            value,
            expected: LENGTH,
        }),
    }
}
