//! `keywheel doctor`: asks about a secret, and says what is the matter. What decides is in `diagnosis`, and only `fix` changes anything.

mod bundle;
mod fix;
mod limit;
mod login;
mod network;
mod questions;
mod report;

use std::io::{self, IsTerminal as _};
use std::path::Path;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::aws::Session;
use crate::diagnosis::{Answers, Cause, Diagnosis, State, diagnose};
use crate::exit::{Exit, Trouble, unless_interrupted};
use crate::words::{print, time};
use fix::Ended;

pub(crate) use fix::Wanted;
pub(crate) use login::Which;
pub(crate) use questions::ask;

/// How to ask.
pub(crate) struct Options<'a> {
    /// Log in from here.
    pub(crate) login: Option<Which>,
    /// One JSON document instead of the screen.
    pub(crate) json: bool,
    /// Write all that was asked and answered into this file.
    pub(crate) bundle: Option<&'a Path>,
    /// Carry one thing out.
    pub(crate) fix: Option<Wanted>,
}

/// Asks about all of them, and prints the answers in their order. Then carries out what `--fix` wants.
pub(crate) async fn run(
    session: &Session,
    secrets: &[String],
    options: &Options<'_>,
) -> Result<Exit, Trouble> {
    if options.fix.is_some() && secrets.len() != 1 {
        return Err(Trouble {
            problem: "--fix is for one secret".to_owned(),
            remedy: "name one".to_owned(),
            exit: Exit::Usage,
        });
    }
    let looked = look(session, secrets, options.login);
    let asked = unless_interrupted(looked, "nothing was changed").await?;
    // After a fix the diagnosis is another one: of the present one, the verdict is enough.
    match options.fix {
        Some(_) if options.json => {}
        Some(wanted) if !wanted.dry_run => show_verdict(&asked),
        _ => show(session, &asked, options),
    }
    if let Some(path) = options.bundle {
        let all: Vec<_> = asked
            .iter()
            .map(|looked| (looked.json(), &looked.answers))
            .collect();
        bundle::write(path, &bundle::document(&all, time::now()))?;
        print::progress(&format!("written: {}", path.display()));
    }
    match (options.fix, asked.as_slice()) {
        (Some(wanted), [looked]) => Box::pin(fix(session, looked, wanted, options)).await,
        _ => Ok(exit(&asked)),
    }
}

/// Why a secret's rotation does not go on, if that is known.
pub(crate) async fn cause(session: &Session, id: &str) -> Result<Option<Cause>, Trouble> {
    let answers = Box::pin(ask(session, id, None)).await?;
    Ok(diagnose(&answers, session.names(id), time::now()).cause)
}

/// A secret, what was answered about it, and what that means.
struct Looked<'a> {
    id: &'a str,
    answers: Answers,
    diagnosis: Diagnosis,
}

impl Looked<'_> {
    fn json(&self) -> Value {
        report::json(self.id, &self.answers, &self.diagnosis)
    }
}

async fn look<'a>(
    session: &Session,
    secrets: &'a [String],
    login: Option<Which>,
) -> Result<Vec<Looked<'a>>, Trouble> {
    if io::stderr().is_terminal() {
        print::progress(&format!("asking about {} …", secrets.join(", ")));
    }
    let told = io::stderr().is_terminal();
    let asked = join_all(secrets.iter().map(|id| async move {
        let first = |answers: &Answers| {
            if told {
                let diagnosis = diagnose(answers, session.names(id), time::now());
                print::progress(&report::first(id, &diagnosis));
            }
        };
        Box::pin(questions::ask_telling(session, id, login, &first)).await
    }))
    .await;
    let now = time::now();
    let looked = secrets.iter().zip(asked).map(|(id, answers)| {
        let answers = answers?;
        let diagnosis = diagnose(&answers, session.names(id), now);
        Ok(Looked {
            id,
            answers,
            diagnosis,
        })
    });
    looked.collect()
}

fn show(session: &Session, asked: &[Looked<'_>], options: &Options<'_>) {
    if options.json {
        let documents: Vec<Value> = asked.iter().map(Looked::json).collect();
        print::answer(&json!({ "version": 1, "secrets": documents }).to_string());
        return;
    }
    for (index, looked) in asked.iter().enumerate() {
        if index > 0 {
            print::answer("");
        }
        let login = options.login.is_some();
        for line in report::screen(session.names(looked.id), &looked.diagnosis, login) {
            print::answer(&line);
        }
    }
}

/// The verdict and why, of each.
fn show_verdict(asked: &[Looked<'_>]) {
    for looked in asked {
        for line in report::verdict(looked.id, &looked.diagnosis) {
            print::answer(&line);
        }
    }
}

fn exit(asked: &[Looked<'_>]) -> Exit {
    asked
        .iter()
        .fold(Exit::Well, |exit, looked| match (exit, looked.diagnosis.state) {
            (_, State::NotFound | State::NotAnswered) => Exit::Unanswered,
            (Exit::Well, _) if looked.diagnosis.needs_a_person() => Exit::Finding,
            (exit, _) => exit,
        })
}

/// Carries one thing out, and looks again.
async fn fix(
    session: &Session,
    looked: &Looked<'_>,
    wanted: Wanted,
    options: &Options<'_>,
) -> Result<Exit, Trouble> {
    let ended = Box::pin(fix::run(
        session,
        session.names(looked.id),
        &looked.answers,
        &looked.diagnosis,
        wanted,
    ))
    .await?;
    let (changed, logged_in, text) = match &ended {
        Ended::Nothing(why) => (false, false, format!("nothing was changed: {why}")),
        Ended::Changed(what, logged_in) => (true, *logged_in, format!("done: {what}")),
    };
    print::progress(&text);
    let login = options
        .login
        .or(logged_in.then_some(Which::Current))
        .filter(|_| !looked.answers.logins.one_was_refused());
    let id = [looked.id.to_owned()];
    let again = look(session, &id, login);
    let after = unless_interrupted(again, &text).await?;
    if options.json {
        let documents: Vec<Value> = after.iter().map(Looked::json).collect();
        let fix = json!({ "changed": changed, "text": text });
        print::answer(&json!({ "version": 1, "secrets": documents, "fix": fix }).to_string());
    } else if changed || !wanted.dry_run {
        print::answer("");
        show(session, &after, options);
    }
    Ok(exit(&after))
}
