//! What the server said, and what was tried, fit to be shown.

use std::fmt;

/// What the server said, fit to be shown: one line, of bounded length, no credential in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The SQLSTATE, such as `28P01`.
    pub state: String,
    /// The message, scrubbed.
    pub text: String,
}

impl Said {
    /// Whether the password is refused (SQLSTATE 28P01), not the role or the connection.
    pub fn is_of_the_password(&self) -> bool {
        self.state == "28P01"
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" (SQLSTATE {})", self.text, self.state)
    }
}

/// A credential that was tried, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Which one, such as `the current version`.
    pub credential: String,
    /// What the server said, or why it could not be tried.
    pub outcome: String,
}

/// Joins attempts into one clause.
pub(crate) struct Attempts<'a>(pub(crate) &'a [Tried]);

impl fmt::Display for Attempts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, tried) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            write!(f, "{separator}{}: {}", tried.credential, tried.outcome)?;
        }
        Ok(())
    }
}
