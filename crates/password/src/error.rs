//! Why there is no password, and what to do about it.

use rand::rngs::SysError;
use strum::VariantNames;

use crate::options::{CharacterType, MAX_LENGTH};

/// Every code of this crate's errors. A code is stable; an error's text may change. Some occur more than once.
pub fn codes() -> Vec<&'static str> {
    [PolicyError::VARIANTS, &[OsGeneratorFailed::CODE]].concat()
}

/// A policy that nothing can satisfy, or a setting that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
pub enum PolicyError {
    /// A length outside 1 to [`MAX_LENGTH`].
    #[error("a password length of {length} is outside 1 to {MAX_LENGTH}")]
    #[strum(serialize = "PasswordPolicyImpossible")]
    LengthOutOfRange {
        /// The length asked for, in characters.
        length: usize,
    },
    /// Every type is left out and the space is not allowed, or every character is excluded.
    #[error("the password policy leaves no character to choose from")]
    #[strum(serialize = "PasswordPolicyImpossible")]
    AlphabetEmpty,
    /// Each type is required, and of an included one every character is excluded.
    #[error("the password policy requires a {missing}, but excludes every one of them")]
    #[strum(serialize = "PasswordPolicyImpossible")]
    TypeEmptied {
        /// The type without a character left.
        missing: CharacterType,
    },
    /// Each type is required, and there are more types than characters in the password.
    #[error("a password of length {length} cannot contain each of the {required} required character types")]
    #[strum(serialize = "PasswordPolicyImpossible")]
    LengthBelowRequiredTypes {
        /// The length asked for, in characters.
        length: usize,
        /// How many types are required.
        required: usize,
    },
    /// An environment variable has a value that cannot be read.
    #[error(
        "the environment variable {name} is {}, which is not {expected}",
        shown(value)
    )]
    #[strum(serialize = "ConfigurationInvalid")]
    VariableInvalid {
        /// The name of the variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What would have been accepted.
        expected: &'static str,
    },
}

/// Longest value that is shown: a typing error, and no secret that was pasted into the wrong variable.
const SHOWN: usize = 12;

/// The value of an environment variable, for an error's text.
pub fn shown(value: &str) -> String {
    match value.chars().count() {
        ..=SHOWN => format!("{value:?}"),
        count => format!("a text of {count} characters"),
    }
}

impl PolicyError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.into()
    }

    /// What to do about it, as a sentence.
    pub fn remedy(&self) -> String {
        match self {
            Self::LengthOutOfRange { .. } => {
                format!("set PASSWORD_LENGTH to a number from 1 to {MAX_LENGTH}; 32 is a good one")
            }
            Self::AlphabetEmpty => {
                "exclude fewer characters in EXCLUDE_CHARACTERS, or one character type less".to_owned()
            }
            Self::TypeEmptied { missing } => format!(
                "take one {missing} out of EXCLUDE_CHARACTERS, set {} to true, or set REQUIRE_EACH_INCLUDED_TYPE to false",
                missing.excluded_by()
            ),
            Self::LengthBelowRequiredTypes { required, .. } => format!(
                "set PASSWORD_LENGTH to at least {required}, or set REQUIRE_EACH_INCLUDED_TYPE to false"
            ),
            Self::VariableInvalid { name, expected, .. } => {
                format!("set {name} to {expected}, or remove the variable to get its default")
            }
        }
    }
}

/// The operating system's random number generator gave nothing.
#[derive(Debug, thiserror::Error)]
#[error("the operating system's random number generator failed")]
pub struct OsGeneratorFailed(#[from] SysError);

impl OsGeneratorFailed {
    const CODE: &str = "OsGeneratorFailed";

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        Self::CODE
    }

    /// What to do about it, as a sentence.
    pub fn remedy(&self) -> String {
        "nothing was written; let the step run again; if it persists, the machine that runs the function is at fault".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn one_of_each() -> Vec<PolicyError> {
        vec![
            PolicyError::LengthOutOfRange { length: 0 },
            PolicyError::AlphabetEmpty,
            PolicyError::TypeEmptied {
                missing: CharacterType::Number,
            },
            PolicyError::LengthBelowRequiredTypes {
                length: 2,
                required: 4,
            },
            PolicyError::VariableInvalid {
                name: "EXCLUDE_NUMBERS",
                value: "ja".into(),
                expected: "true or false",
            },
        ]
    }

    #[test]
    fn every_code_is_listed_and_every_listed_code_occurs() {
        let mut seen: BTreeSet<&str> = one_of_each().iter().map(PolicyError::code).collect();
        seen.insert(OsGeneratorFailed(SysError::UNSUPPORTED).code());
        assert_eq!(seen, codes().into_iter().collect());
    }

    #[test]
    fn errors_and_remedies_read_as_clauses() {
        for error in one_of_each() {
            for text in [error.to_string(), error.remedy()] {
                assert!(
                    text.starts_with(char::is_lowercase) && !text.ends_with('.'),
                    "{text}"
                );
            }
        }
    }
}
