//! The id of one version of a secret.

use std::fmt;
use std::str::FromStr;

/// The id of a version: the `ClientRequestToken` of the rotation that made it.
///
/// A token out of an event is parsed ([`FromStr`]); an id that Secrets Manager answered with is
/// taken as it stands ([`VersionId::stored`]).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VersionId(String);

impl VersionId {
    /// Shortest token that Secrets Manager takes (API reference, `ClientRequestToken`).
    pub const MIN_LENGTH: usize = 32;
    /// Longest token that Secrets Manager takes.
    pub const MAX_LENGTH: usize = 64;

    /// An id that Secrets Manager itself named; not checked.
    pub fn stored(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for VersionId {
    type Err = InvalidVersionId;

    fn from_str(token: &str) -> Result<Self, InvalidVersionId> {
        let length = token.chars().count();
        if !(Self::MIN_LENGTH..=Self::MAX_LENGTH).contains(&length) {
            return Err(InvalidVersionId::Length(length));
        }
        if !token.chars().all(|c| c.is_ascii_graphic()) {
            return Err(InvalidVersionId::Characters);
        }
        Ok(Self(token.to_owned()))
    }
}

/// Why a text is no `ClientRequestToken`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVersionId {
    /// Shorter than 32 or longer than 64 characters; how many it has.
    #[error("a ClientRequestToken has 32 to 64 characters, this one has {0}")]
    Length(usize),
    /// Spaces, control characters or anything beyond ASCII.
    #[error("a ClientRequestToken has printable ASCII characters only")]
    Characters,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_a_token() {
        let token = "6f3c9a52-7c1e-4d57-9b1a-0c5f4a7d9e21";
        assert_eq!(token.parse::<VersionId>().unwrap().as_str(), token);
    }

    #[test]
    fn tokens_of_31_and_65_characters_are_refused() {
        for length in [0, 31, 65] {
            let token = "a".repeat(length);
            assert_eq!(token.parse::<VersionId>(), Err(InvalidVersionId::Length(length)));
        }
        for length in [32, 64] {
            assert!("a".repeat(length).parse::<VersionId>().is_ok());
        }
    }

    #[test]
    fn a_line_break_cannot_reach_a_log_through_a_token() {
        let token = format!("{}\n{}", "a".repeat(20), "b".repeat(20));
        assert_eq!(token.parse::<VersionId>(), Err(InvalidVersionId::Characters));
    }
}
