//! Asks a person.

use std::io::{self, Write as _};

/// Whether the person says yes. Anything but yes is no.
pub(crate) fn whether(question: &str) -> bool {
    let mut stderr = anstream::stderr();
    // Nobody is left to ask if stderr is closed.
    let asked = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    asked.is_ok()
        && io::stdin().read_line(&mut answer).is_ok()
        && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}
