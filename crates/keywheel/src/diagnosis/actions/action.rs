//! Something to do.

use super::commands::Names;
use super::fix::Fix;

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Action {
    /// Why, in one line.
    pub(crate) text: String,
    /// The command, if it is one.
    pub(crate) command: Option<String>,
    /// What `doctor --fix` carries out instead of the command.
    pub(crate) fix: Option<Fix>,
    /// Instead of the one before, or if that does not help.
    pub(crate) otherwise: bool,
}

impl Action {
    pub(in crate::diagnosis) fn by_hand(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            command: None,
            fix: None,
            otherwise: false,
        }
    }

    pub(in crate::diagnosis) fn run(text: impl Into<String>, command: String) -> Self {
        Self {
            command: Some(command),
            ..Self::by_hand(text)
        }
    }

    pub(in crate::diagnosis) fn fix(text: impl Into<String>, fix: Fix, names: Names<'_>) -> Self {
        let command = names.command(&fix);
        Self {
            fix: Some(fix),
            ..Self::run(text, command)
        }
    }

    #[must_use]
    pub(in crate::diagnosis) fn otherwise(mut self) -> Self {
        self.otherwise = true;
        self
    }
}
