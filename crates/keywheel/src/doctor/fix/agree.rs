//! The person's consent.

use std::io::{self, IsTerminal as _};

use tokio::sync::oneshot;

use crate::diagnosis::Fix;
use crate::exit::{Exit, Trouble};
use crate::words::print;

/// Asks on the terminal. What cannot be taken back needs the secret's name.
pub(super) async fn agree(fix: &Fix, secret: &str, yes: bool) -> Result<bool, Trouble> {
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        return Err(Trouble {
            problem: "nobody can be asked: the input is no terminal".to_owned(),
            remedy: "--yes goes ahead without a question, --dry-run only shows the call".to_owned(),
            exit: Exit::Usage,
        });
    }
    let wanted = if fix.cannot_be_taken_back() {
        print::progress(&format!(
            "This cannot simply be taken back. Type {secret} to go ahead:"
        ));
        secret
    } else {
        print::progress("Go ahead? Type yes:");
        "yes"
    };
    Ok(line().await.is_some_and(|typed| typed.trim() == wanted))
}

/// A line of the input. The thread is left behind if nobody types: a task of the runtime would keep the program from ending.
async fn line() -> Option<String> {
    let (typed, waits) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line);
        // Nobody waits any more after Ctrl-C.
        let _ = typed.send(read.is_ok().then_some(line));
    });
    waits.await.ok().flatten()
}
