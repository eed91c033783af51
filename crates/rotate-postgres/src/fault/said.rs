//! What the server said, and what was tried, fit to be shown.

use std::fmt;

/// How PostgreSQL says that another transaction has just changed or dropped the same row of a catalog (`simple_heap_update`
/// and its like). It has no SQLSTATE of its own: XX000 is that of every internal error.
const CONCURRENT_UPDATE: &str = "tuple concurrently ";

/// What the server said, fit to be shown: one line, of bounded length, no credential in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// The SQLSTATE, such as `28P01`.
    pub(crate) state: String,
    /// The message, scrubbed.
    pub(crate) text: String,
}

impl Said {
    /// Whether the password is refused (SQLSTATE 28P01), not the role or the connection.
    pub(crate) fn is_of_the_password(&self) -> bool {
        self.state == "28P01"
    }

    /// Whether another transaction changed the same role at the same moment. The one decision that rests on a text.
    pub(crate) fn is_concurrent_update(&self) -> bool {
        self.state == "XX000" && self.text.contains(CONCURRENT_UPDATE)
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" (SQLSTATE {})", self.text, self.state)
    }
}

/// A credential that was tried, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tried {
    /// Which one, such as `the current version`.
    pub(crate) credential: String,
    /// What the server said, or why it could not be tried.
    pub(crate) outcome: String,
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
