//! What a person can ask for: `GetRandomPassword`'s options and character types.

use std::fmt;

/// The longest password in characters, as `GetRandomPassword` limits it.
pub const MAX_LENGTH: usize = 4096;

/// A type of character, as `GetRandomPassword` counts them.
///
/// The space, which `IncludeSpace` adds, is not a type: it may occur in a password, but `RequireEachIncludedType` does not require
/// it (the API reference names these four).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CharacterType {
    /// `a` to `z`.
    Lowercase,
    /// `A` to `Z`.
    Uppercase,
    /// `0` to `9`.
    Number,
    /// The 32 printable ASCII characters that are no letter, number or space.
    Punctuation,
}

impl CharacterType {
    /// All types, in a fixed order.
    pub const ALL: [Self; 4] = [Self::Lowercase, Self::Uppercase, Self::Number, Self::Punctuation];

    /// The characters of this type, all of them printable ASCII.
    pub const fn characters(self) -> &'static str {
        match self {
            Self::Lowercase => "abcdefghijklmnopqrstuvwxyz",
            Self::Uppercase => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            Self::Number => "0123456789",
            Self::Punctuation => "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
        }
    }

    /// The variable that leaves this type out, which is how remedies name it.
    pub(crate) const fn excluded_by(self) -> &'static str {
        match self {
            Self::Lowercase => "EXCLUDE_LOWERCASE",
            Self::Uppercase => "EXCLUDE_UPPERCASE",
            Self::Number => "EXCLUDE_NUMBERS",
            Self::Punctuation => "EXCLUDE_PUNCTUATION",
        }
    }
}

impl fmt::Display for CharacterType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lowercase => "lowercase letter",
            Self::Uppercase => "uppercase letter",
            Self::Number => "number",
            Self::Punctuation => "punctuation character",
        })
    }
}

/// The options of `GetRandomPassword`, under the names and with the defaults of its API reference.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the shape is GetRandomPassword's")]
pub struct Options {
    /// Length in characters, 1 to [`MAX_LENGTH`]; 32 by default.
    pub length: usize,
    /// Characters that must not occur. Those that no type has (control characters, non-ASCII)
    /// and repeated ones are harmless.
    pub exclude_characters: String,
    /// Leaves out [`CharacterType::Number`].
    pub exclude_numbers: bool,
    /// Leaves out [`CharacterType::Punctuation`].
    pub exclude_punctuation: bool,
    /// Leaves out [`CharacterType::Uppercase`].
    pub exclude_uppercase: bool,
    /// Leaves out [`CharacterType::Lowercase`].
    pub exclude_lowercase: bool,
    /// Allows the space.
    pub include_space: bool,
    /// Asks for at least one character of each type that is not left out; true by default.
    pub require_each_included_type: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            length: 32,
            exclude_characters: String::new(),
            exclude_numbers: false,
            exclude_punctuation: false,
            exclude_uppercase: false,
            exclude_lowercase: false,
            include_space: false,
            require_each_included_type: true,
        }
    }
}

impl Options {
    /// Whether `kind` is left out as a whole.
    pub(crate) const fn excludes(&self, kind: CharacterType) -> bool {
        match kind {
            CharacterType::Lowercase => self.exclude_lowercase,
            CharacterType::Uppercase => self.exclude_uppercase,
            CharacterType::Number => self.exclude_numbers,
            CharacterType::Punctuation => self.exclude_punctuation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_are_disjoint_and_cover_printable_ascii_without_the_space() {
        let mut all: Vec<char> = CharacterType::ALL
            .iter()
            .flat_map(|kind| kind.characters().chars())
            .collect();
        all.sort_unstable();
        let printable: Vec<char> = ('!'..='~').collect();
        assert_eq!(all, printable);
    }

    #[test]
    fn defaults_are_those_of_get_random_password() {
        let options = Options::default();
        assert_eq!(options.length, 32);
        assert!(options.require_each_included_type);
        assert!(!options.include_space);
        assert!(CharacterType::ALL.iter().all(|kind| !options.excludes(*kind)));
        assert!(options.exclude_characters.is_empty());
    }
}
