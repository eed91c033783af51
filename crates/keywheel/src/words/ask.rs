//! Asks a person.

use std::io::{self, IsTerminal as _};

use tokio::sync::oneshot;

use super::print;
use crate::exit::{Exit, Trouble};

/// Whether the person types `wanted`. Without a terminal nobody can be asked.
pub(crate) async fn typed(question: &str, wanted: &str) -> Result<bool, Trouble> {
    if !io::stdin().is_terminal() {
        return Err(Trouble {
            problem: "nobody can be asked: the input is no terminal".to_owned(),
            remedy: "--yes goes ahead without a question, --dry-run only shows what would happen".to_owned(),
            exit: Exit::Usage,
        });
    }
    print::progress(&format!("{question} Type {wanted} to go ahead:"));
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
