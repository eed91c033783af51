//! `keywheel doctor`: asks about a secret, and says what is the matter. What decides is in `diagnosis`.

mod login;
mod questions;
mod report;

use std::io::IsTerminal as _;

use futures_util::future::join_all;

use crate::aws::Session;
use crate::diagnosis::{Names, State, diagnose};
use crate::exit::{Exit, Trouble};
use crate::words::{print, time};

pub(crate) use login::Which;
pub(crate) use questions::ask;

/// How to ask.
pub(crate) struct Options<'a> {
    /// Log in from here.
    pub(crate) login: Option<Which>,
    /// One JSON document instead of the screen.
    pub(crate) json: bool,
    /// The flags that commands repeat.
    pub(crate) flags: &'a [String],
}

/// Asks about all of them, and prints the answers in their order.
pub(crate) async fn run(
    session: &Session,
    secrets: &[String],
    options: &Options<'_>,
) -> Result<Exit, Trouble> {
    if std::io::stderr().is_terminal() {
        print::progress(&format!("asking about {} …", secrets.join(", ")));
    }
    let asked = join_all(secrets.iter().map(|id| ask(session, id, options.login))).await;
    let now = time::now();
    let mut exit = Exit::Well;
    let mut documents = Vec::new();
    for (index, (id, answers)) in secrets.iter().zip(asked).enumerate() {
        let answers = answers?;
        let names = Names {
            secret: id,
            flags: options.flags,
        };
        let diagnosis = diagnose(&answers, names, now);
        if options.json {
            documents.push(report::json(id, &answers, &diagnosis));
        } else {
            if index > 0 {
                print::answer("");
            }
            for line in report::screen(id, &diagnosis) {
                print::answer(&line);
            }
        }
        exit = match (exit, diagnosis.state) {
            (_, State::NotFound | State::NotAnswered) => Exit::Unanswered,
            (Exit::Well, _) if diagnosis.word.needs_a_person() => Exit::Finding,
            (exit, _) => exit,
        };
    }
    if options.json {
        let document = serde_json::json!({ "version": 1, "secrets": documents });
        print::answer(&document.to_string());
    }
    Ok(exit)
}
