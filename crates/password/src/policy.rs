//! Which strings are allowed: the options, checked once.

use crate::{CharacterType, Options, PolicyError};

/// The longest password in characters, as `GetRandomPassword` limits it.
pub const MAX_LENGTH: usize = 4096;

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

/// A type of which each password has at least one character.
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

    /// The length of every password, in characters and in bytes.
    pub const fn length(&self) -> usize {
        self.length
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
