//! Which strings are allowed: the options, checked once.

use crate::error::PolicyError;
use crate::options::{CharacterType, MAX_LENGTH, Options};

/// The set of allowed passwords: never empty, and the same for the same options.
///
/// Read from [`Options`] by [`Policy::new`], or from the environment by [`Policy::from_env`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Length in characters, which is the length in bytes, for all characters are ASCII.
    pub(crate) length: usize,
    /// The characters to choose from, each once, all of them ASCII; 1 to 95.
    pub(crate) alphabet: Vec<u8>,
    /// For each required type, how many characters of the alphabet are of it: 1 or more.
    pub(crate) required: Vec<Required>,
}

/// A type that each password has at least one character of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Required {
    pub(crate) kind: CharacterType,
    /// How many characters of the alphabet are of this type, 1 to 32.
    pub(crate) size: u8,
}

impl Policy {
    /// Checks the options and settles the alphabet.
    ///
    /// The conditions are those of `GetRandomPassword`: a length from 1 to [`MAX_LENGTH`], at least
    /// one character to choose from, and, where each included type is required, a length of
    /// at least their number. An included and required type of which every character is excluded
    /// is [`PolicyError::TypeEmptied`]; where types are not required it merely does not occur.
    pub fn new(options: &Options) -> Result<Self, PolicyError> {
        let length = options.length;
        if !(1..=MAX_LENGTH).contains(&length) {
            return Err(PolicyError::LengthOutOfRange { length });
        }
        let mut alphabet = Vec::new();
        let mut types = Vec::new();
        for kind in CharacterType::ALL {
            if options.excludes(kind) {
                continue;
            }
            let left = left_of(kind.characters(), &options.exclude_characters);
            types.push((kind, left.len()));
            alphabet.extend(left);
        }
        if options.include_space {
            alphabet.extend(left_of(" ", &options.exclude_characters));
        }
        if alphabet.is_empty() {
            return Err(PolicyError::AlphabetEmpty);
        }
        let required = if options.require_each_included_type {
            required(&types, length)?
        } else {
            Vec::new()
        };
        Ok(Self {
            length,
            alphabet,
            required,
        })
    }

    /// The same policy without some characters more.
    ///
    /// # Errors
    /// Nothing is left to choose from, or nothing of a required type.
    pub fn without(&self, characters: &str) -> Result<Self, PolicyError> {
        let mut alphabet = self.alphabet.clone();
        alphabet.retain(|byte| !characters.contains(char::from(*byte)));
        if alphabet.is_empty() {
            return Err(PolicyError::AlphabetEmpty);
        }
        let is_left = |byte: &u8| alphabet.contains(byte);
        let types: Vec<_> = self
            .required
            .iter()
            .map(|required| {
                let left = required.kind.characters().bytes().filter(is_left).count();
                (required.kind, left)
            })
            .collect();
        Ok(Self {
            length: self.length,
            required: required(&types, self.length)?,
            alphabet,
        })
    }

    /// The length of every password, in characters and in bytes.
    pub const fn length(&self) -> usize {
        self.length
    }

    /// The characters to choose from, each once.
    pub fn alphabet(&self) -> String {
        self.alphabet.iter().map(|byte| char::from(*byte)).collect()
    }
}

/// What is left of `characters` without the excluded ones.
fn left_of(characters: &str, excluded: &str) -> Vec<u8> {
    characters
        .bytes()
        .filter(|byte| !excluded.contains(char::from(*byte)))
        .collect()
}

/// All the types, if each can occur in a password of this length.
fn required(types: &[(CharacterType, usize)], length: usize) -> Result<Vec<Required>, PolicyError> {
    let required: Vec<Required> = types
        .iter()
        .map(|&(kind, size)| match u8::try_from(size) {
            Ok(size @ 1..) => Ok(Required { kind, size }),
            _ => Err(PolicyError::TypeEmptied { missing: kind }),
        })
        .collect::<Result<_, _>>()?;
    if length < required.len() {
        return Err(PolicyError::LengthBelowRequiredTypes {
            length,
            required: required.len(),
        });
    }
    Ok(required)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(options: &Options) -> PolicyError {
        Policy::new(options).unwrap_err()
    }

    #[test]
    fn lengths_outside_1_to_4096_are_refused() {
        for length in [0, 4097, usize::MAX] {
            assert_eq!(
                refused(&Options {
                    length,
                    ..Options::default()
                }),
                PolicyError::LengthOutOfRange { length }
            );
        }
        for length in [4, 4096] {
            assert_eq!(
                Policy::new(&Options {
                    length,
                    ..Options::default()
                })
                .unwrap()
                .length(),
                length
            );
        }
        let one = Options {
            length: 1,
            require_each_included_type: false,
            ..Options::default()
        };
        assert_eq!(Policy::new(&one).unwrap().length(), 1);
    }

    #[test]
    fn an_empty_alphabet_is_refused_whatever_empties_it() {
        let printable: String = (' '..='~').collect();
        let none = Options {
            exclude_numbers: true,
            exclude_punctuation: true,
            exclude_uppercase: true,
            exclude_lowercase: true,
            ..Options::default()
        };
        let all_excluded = Options {
            exclude_characters: printable,
            include_space: true,
            require_each_included_type: false,
            ..Options::default()
        };
        for options in [none.clone(), all_excluded] {
            assert_eq!(refused(&options), PolicyError::AlphabetEmpty);
        }
        assert!(
            Policy::new(&Options {
                include_space: true,
                ..none
            })
            .is_ok(),
            "the space is enough"
        );
    }

    #[test]
    fn a_required_type_without_characters_is_refused_and_an_unrequired_one_merely_absent() {
        let options = Options {
            exclude_characters: "0123456789".to_owned(),
            ..Options::default()
        };
        assert_eq!(
            refused(&options),
            PolicyError::TypeEmptied {
                missing: CharacterType::Number
            }
        );
        let unrequired = Options {
            require_each_included_type: false,
            ..options.clone()
        };
        let left_out = Options {
            exclude_numbers: true,
            ..options
        };
        assert_eq!(
            Policy::new(&unrequired).unwrap().alphabet,
            Policy::new(&left_out).unwrap().alphabet
        );
    }

    #[test]
    fn what_is_taken_away_counts_as_excluded() {
        let options = Options {
            include_space: true,
            ..Options::default()
        };
        let less = Options {
            exclude_characters: "{[\": ".to_owned(),
            ..options.clone()
        };
        let policy = Policy::new(&options).unwrap();
        assert_eq!(policy.without("").unwrap(), policy);
        assert_eq!(policy.without("{[\": ").unwrap(), Policy::new(&less).unwrap());
        assert_eq!(
            policy.without("0123456789").unwrap_err(),
            PolicyError::TypeEmptied {
                missing: CharacterType::Number
            }
        );
        let all: String = (' '..='~').collect();
        assert_eq!(policy.without(&all).unwrap_err(), PolicyError::AlphabetEmpty);
    }

    #[test]
    fn a_length_below_the_number_of_required_types_is_refused() {
        let options = Options {
            length: 3,
            ..Options::default()
        };
        assert_eq!(
            refused(&options),
            PolicyError::LengthBelowRequiredTypes {
                length: 3,
                required: 4
            }
        );
        assert!(
            Policy::new(&Options {
                exclude_punctuation: true,
                ..options.clone()
            })
            .is_ok()
        );
        assert!(
            Policy::new(&Options {
                length: 4,
                ..options.clone()
            })
            .is_ok()
        );
        // The space is no type: it needs no place.
        assert!(
            Policy::new(&Options {
                length: 4,
                include_space: true,
                ..options
            })
            .is_ok()
        );
    }
}
