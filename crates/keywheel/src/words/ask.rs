//! Asks a person.

use std::io::{self, IsTerminal as _, Write as _};

use crate::exit::{Exit, Trouble};

/// Whether the person says yes. Anything but yes is no.
fn whether(question: &str) -> bool {
    let mut stderr = anstream::stderr();
    // Nobody is left to ask if stderr is closed.
    let asked = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    asked.is_ok()
        && io::stdin().read_line(&mut answer).is_ok()
        && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

/// The same before something is changed. Without a terminal nobody can be asked.
pub(crate) fn confirmed() -> Result<bool, Trouble> {
    if !io::stdin().is_terminal() {
        return Err(Trouble {
            problem: "this asks before it begins, and stdin is no terminal".to_owned(),
            remedy: "--yes begins without asking".to_owned(),
            exit: Exit::Usage,
        });
    }
    Ok(whether("Go on?"))
}
