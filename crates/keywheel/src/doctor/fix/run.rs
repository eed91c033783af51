//! From the offer to what was changed.

use std::time::Duration;

use staging_labels::{Label, Objection};

use super::super::questions::ask;
use super::act::act;
use super::agree::agree;
use super::choose::choose;
use super::proof::{Doubt, Proof, prove};
use crate::aws::{self, Session};
use crate::diagnosis::{Answer, Answers, Diagnosis, Fix, FixName, Names, Secret, Unasked};
use crate::exit::{Exit, Trouble, unless_interrupted};
use crate::words::print;

/// How often the labels are read until they show the change.
const LOOKS: usize = 15;
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// `--fix` and what belongs to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Which; the first that is offered, if not set.
    pub(crate) name: Option<FixName>,
    /// Without a question.
    pub(crate) yes: bool,
    /// Only show the call.
    pub(crate) dry_run: bool,
    /// For programs.
    pub(crate) json: bool,
}

/// How it ended.
pub(crate) enum Ended {
    /// Nothing was changed, and why.
    Nothing(String),
    /// What was changed, and whether a login with the value that is AWSCURRENT's now has just worked.
    Changed(String, bool),
}

/// Carries out what is wanted. Up to the call itself Ctrl-C leaves everything as it is.
pub(crate) async fn run(
    session: &Session,
    names: Names<'_>,
    answers: &Answers,
    diagnosis: &Diagnosis,
    wanted: Wanted,
) -> Result<Ended, Trouble> {
    let Some(secret) = answers.secret.said().and_then(Option::as_ref) else {
        return Ok(Ended::Nothing("there is no such secret to change".to_owned()));
    };
    let login_was_tried = answers.logins.current != Answer::NotAsked(Unasked::Flag("--login"));
    let fix = match choose(diagnosis, wanted.name, login_was_tried) {
        Ok(fix) => fix,
        Err(reason) => return Ok(Ended::Nothing(reason)),
    };
    let command = names.command(fix);
    print::progress(&format!("{}: {command}", fix.name().text()));
    if wanted.dry_run {
        return Ok(Ended::Nothing("--dry-run: this would be called".to_owned()));
    }
    let prepared = async {
        if !agree(fix, names.secret, wanted.yes).await? {
            return Ok(Err("not agreed".to_owned()));
        }
        let now = Box::pin(ask(session, names.secret, None)).await?;
        if !is_the_same(answers, &now) {
            return Ok(Err(
                "something has changed since the diagnosis, or could not be read again".to_owned(),
            ));
        }
        let refused_before = answers.logins.one_was_refused();
        let proof = match fix.repair() {
            None => None,
            Some(repair) => match prove(session, secret, &now, &repair, refused_before).await {
                Ok(proof) => Some(proof),
                Err(doubt) => return Err(doubted(&doubt, &command, names)),
            },
        };
        Ok(Ok(proof))
    };
    let proof = match unless_interrupted(prepared, "nothing was changed").await? {
        Ok(proof) => proof,
        Err(reason) => return Ok(Ended::Nothing(reason)),
    };
    let logged_in = matches!(proof, Some(Proof::Login(_)));
    let call = act(session, names, secret, fix, proof, wanted.json);
    let said = if matches!(fix, Fix::Nudge) {
        // It follows the rotation, and has its own answer to Ctrl-C.
        call.await?
    } else {
        let then = format!(
            "the call was on its way; this tells whether it was carried out: {}",
            names.doctor()
        );
        Box::pin(unless_interrupted(call, &then)).await?
    };
    settle(session, secret, fix).await;
    Ok(Ended::Changed(said, logged_in))
}

/// Reads may be a moment behind the write.
async fn settle(session: &Session, secret: &Secret, fix: &Fix) {
    for _ in 0..LOOKS {
        let labels = match aws::describe(session, &secret.arn).await {
            Ok(Some(secret)) => secret.labels,
            Ok(None) | Err(_) => return,
        };
        let shown = match fix {
            Fix::Promote { to, .. } => labels.carrier(&Label::Current) == Some(to),
            Fix::Unpend(pending) => labels.carrier(&Label::Pending) != Some(pending),
            _ => true,
        };
        if shown {
            return;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Whether the secret, its versions, its function and that one's log are as they were. `CloudTrail` is minutes late, and proves nothing.
fn is_the_same(before: &Answers, now: &Answers) -> bool {
    before.secret == now.secret
        && before.versions == now.versions
        && before.function == now.function
        && before.permission == now.permission
        && before.concurrency == now.concurrency
        && before.log == now.log
}

fn doubted(doubt: &Doubt, command: &str, names: Names<'_>) -> Trouble {
    match doubt {
        Doubt::Objection(objection) => Trouble {
            problem: format!("nothing was changed: {objection}"),
            remedy: match objection {
                Objection::LabelsMoved => format!("look again: {}", names.doctor()),
                Objection::Unproven | Objection::OnlyPassword => {
                    format!("this says which value works: {}", names.login(None))
                }
            },
            exit: Exit::Finding,
        },
        Doubt::NoAccess(why) => Trouble {
            problem: format!("nothing was changed: which value works could not be tried: {why}"),
            remedy: format!("log in where you can reach the database; if it is safe: {command}"),
            exit: Exit::Unanswered,
        },
    }
}
