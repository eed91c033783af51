//! The policy from the environment variables of AWS's rotation templates, read strictly.

use crate::error::PolicyError;
use crate::options::{MAX_LENGTH, Options};
use crate::policy::Policy;

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
        Ok(length @ 1..=MAX_LENGTH) if digits => Ok(length),
        _ => Err(PolicyError::VariableInvalid {
            name,
            value,
            expected: LENGTH,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The policy when the one variable is set, and the others are not.
    fn with(name: &str, value: &str) -> Result<Policy, PolicyError> {
        Policy::from_env(|asked| (asked == name).then(|| value.to_owned()))
    }

    fn by_default(change: impl FnOnce(&mut Options)) -> Policy {
        let mut options = Options {
            exclude_characters: ":/@\"'\\".to_owned(),
            ..Options::default()
        };
        change(&mut options);
        Policy::new(&options).unwrap()
    }

    type Change = fn(&mut Options, bool);

    /// Each boolean variable, what it sets and its default.
    const BOOLEANS: [(&str, Change, bool); 6] = [
        (
            "EXCLUDE_NUMBERS",
            |options, value| options.exclude_numbers = value,
            false,
        ),
        (
            "EXCLUDE_PUNCTUATION",
            |options, value| options.exclude_punctuation = value,
            false,
        ),
        (
            "EXCLUDE_UPPERCASE",
            |options, value| options.exclude_uppercase = value,
            false,
        ),
        (
            "EXCLUDE_LOWERCASE",
            |options, value| options.exclude_lowercase = value,
            false,
        ),
        (
            "INCLUDE_SPACE",
            |options, value| options.include_space = value,
            false,
        ),
        (
            "REQUIRE_EACH_INCLUDED_TYPE",
            |options, value| options.require_each_included_type = value,
            true,
        ),
    ];

    #[test]
    fn without_variables_the_templates_defaults_hold() {
        assert_eq!(Policy::from_env(|_| None).unwrap(), by_default(|_| ()));
    }

    #[test]
    fn every_spelling_of_a_boolean_is_read_in_any_case() {
        let spellings = [
            (true, ["true", "TRUE", "True", "1", "y", "Y", "yes", "YeS"]),
            (false, ["false", "FALSE", "False", "0", "n", "N", "no", "No"]),
        ];
        for (name, change, default) in BOOLEANS {
            for (value, spellings) in spellings {
                let wanted = by_default(|options| change(options, value));
                assert_eq!(
                    wanted == by_default(|_| ()),
                    value == default,
                    "{name} changes the policy"
                );
                for spelling in spellings {
                    assert_eq!(with(name, spelling).unwrap(), wanted, "{name}={spelling}");
                }
            }
        }
    }

    #[test]
    fn what_is_neither_true_nor_false_is_an_error_that_names_variable_value_and_spellings() {
        for (name, ..) in BOOLEANS {
            for value in [
                "", " ", "ture", "on", "off", "t", "f", "2", "-1", "01", " true", "true ", "none", "ja",
            ] {
                let error = with(name, value).unwrap_err();
                let invalid = PolicyError::VariableInvalid {
                    name,
                    value: value.to_owned(),
                    expected: BOOLEAN,
                };
                assert_eq!(error, invalid);
                assert_eq!(error.code(), "ConfigurationInvalid");
                let text = error.to_string();
                for part in [name, &format!("{value:?}"), "true, 1, y, yes, false, 0, n, no"] {
                    assert!(text.contains(part), "{text} lacks {part}");
                }
                assert!(error.remedy().contains(name));
            }
        }
    }

    #[test]
    fn the_length_is_a_number_within_the_limits() {
        for (value, length) in [
            ("1", None),
            ("4", Some(4)),
            ("32", Some(32)),
            ("0064", Some(64)),
            ("4096", Some(4096)),
        ] {
            match length {
                Some(length) => assert_eq!(with("PASSWORD_LENGTH", value).unwrap().length(), length),
                // One character cannot be of four types.
                None => assert_eq!(
                    with("PASSWORD_LENGTH", value).unwrap_err().code(),
                    "PasswordPolicyImpossible"
                ),
            }
        }
        for value in [
            "",
            "0",
            "4097",
            "-1",
            "+32",
            " 32",
            "32 ",
            "32.0",
            "3e1",
            "0x20",
            "abc",
            "٣٢",
            "99999999999999999999999",
        ] {
            let invalid = PolicyError::VariableInvalid {
                name: "PASSWORD_LENGTH",
                value: value.to_owned(),
                expected: LENGTH,
            };
            assert_eq!(with("PASSWORD_LENGTH", value).unwrap_err(), invalid);
        }
    }

    #[test]
    fn empty_exclude_characters_excludes_nothing() {
        let policy = with("EXCLUDE_CHARACTERS", "").unwrap();
        assert_eq!(policy, Policy::new(&Options::default()).unwrap());
    }

    #[test]
    fn characters_that_no_password_has_may_be_excluded() {
        let policy = with("EXCLUDE_CHARACTERS", "\0\n\u{7f}üé\u{1f980}  ").unwrap();
        assert_eq!(policy, Policy::new(&Options::default()).unwrap());
    }
}
