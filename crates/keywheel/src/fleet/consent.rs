//! The question before something happens to many secrets.

use std::io::{self, IsTerminal as _};

use crate::exit::{Exit, Trouble};
use crate::words::print;

/// Shows the question, and goes on if `yes` is typed, or `--yes` was given.
pub(super) fn consent(question: &str, yes: bool) -> Result<(), Trouble> {
    let refused = |problem: &str, remedy: &str| Trouble {
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
        exit: Exit::Usage,
    };
    if yes {
        print::progress(question);
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        print::progress(question);
        return Err(refused(
            "there is no terminal to ask on",
            "give --yes if you mean it, or --dry-run to see what would happen",
        ));
    }
    print::progress(&format!("{question} Type yes:"));
    let mut answer = String::new();
    match io::stdin().read_line(&mut answer) {
        Ok(_) if answer.trim() == "yes" => Ok(()),
        _ => Err(refused("not confirmed", "nothing was changed")),
    }
}
