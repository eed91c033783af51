//! Begins a rotation, and says how it ended.

use std::time::Duration;

use jiff::SignedDuration;
use rotation::CallError;
use uuid::Uuid;

use crate::aws::{self, Rotated, Session};
use crate::diagnosis::{Answer, Cause, Function, Names, Secret};
use crate::exit::{Exit, Trouble};
use crate::words::time;

use super::ending::Ending;
use super::follow::Follow;
use super::report::{Out, Report};
use super::secret::{describe, steps};

/// A function's time limit, where nobody said.
const USUAL_LIMIT: Duration = Duration::from_secs(30);
/// How long Secrets Manager may take beside that, until it attempts a step again.
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(30);

/// Older lines of an earlier attempt are not asked for again.
const RECENT: SignedDuration = SignedDuration::from_mins(10);

/// How to rotate.
pub(crate) struct Options {
    /// testSecret alone, which changes nothing.
    pub(crate) test: bool,
    /// Return as soon as the rotation has begun.
    pub(crate) no_wait: bool,
    /// Longest time to follow it.
    pub(crate) timeout: Duration,
    /// How long to wait for the next step or a retry; the function's time limit and 30 seconds, if not set.
    pub(crate) retry_within: Option<Duration>,
    /// A JSON object a line instead of text.
    pub(crate) json: bool,
}

/// Rotates, and says how it ended. `cause` is asked what keeps an unfinished rotation from going on.
pub(crate) async fn run(
    session: &Session,
    id: &str,
    options: &Options,
    cause: impl AsyncFnOnce() -> Result<Option<Cause>, Trouble>,
) -> Result<Exit, Trouble> {
    let before = describe(session, id).await?;
    // Before the next attempt adds to it.
    let earlier = match before.pending() {
        Some(pending) => {
            let since = time::now().checked_sub(RECENT).ok();
            let said = steps(session, &before, pending.as_str(), since).await;
            said.said().cloned()
        }
        None => None,
    };
    let token = Uuid::new_v4().to_string();
    let names = session.names(id);
    let report = Report {
        names,
        out: if options.json { Out::Json } else { Out::Screen },
    };
    let begun = aws::rotate(session, id, &token, options.test)
        .await
        .map_err(|error| refused(&error, &before, names))?;
    let version = match begun {
        Rotated::Begun => token,
        Rotated::Unfinished if options.test => {
            report.refused("an earlier rotation has not finished, and a test would wait for it");
            return Ok(Exit::Finding);
        }
        Rotated::Unfinished => {
            let Some(pending) = describe(session, id).await?.pending().map(ToString::to_string) else {
                return Err(Trouble::new(
                    "an earlier rotation was unfinished, and has ended just now",
                    format!("run it again: {}", names.rotate()),
                ));
            };
            // There is no rotation to attempt again, and nothing to wait for.
            if cause().await? == Some(Cause::PendingForeign) {
                report.refused(
                    "the function did not store AWSPENDING's value, so nothing is attempted before it is off",
                );
                return Ok(Exit::Finding);
            }
            pending
        }
    };
    report.begun(&before, &version, begun == Rotated::Unfinished, options.test);
    if options.no_wait {
        report.left_running(&version, "--no-wait");
        return Ok(Exit::Well);
    }
    let follow = Follow {
        session,
        before: &before,
        version: &version,
        test: options.test,
        earlier: earlier.unwrap_or_default(),
        retry_within: retry_within(session, &before, options.retry_within).await,
        report: &report,
    };
    tokio::select! {
        ending = follow.to_the_end() => Ok(conclude(&report, ending?, &version)),
        () = tokio::time::sleep(options.timeout) => {
            report.left_running(&version, "--timeout");
            Ok(Exit::StillRunning)
        }
        _ = tokio::signal::ctrl_c() => {
            report.left_running(&version, "Ctrl-C");
            Ok(Exit::Interrupted)
        }
    }
}

fn conclude(report: &Report<'_>, ending: Ending, version: &str) -> Exit {
    let well = matches!(ending, Ending::Rotated(_) | Ending::Tested);
    report.ended(ending, version);
    if well { Exit::Well } else { Exit::Finding }
}

/// RotateSecret said no.
pub(super) fn refused(error: &CallError, before: &Secret, names: Names<'_>) -> Trouble {
    let mut trouble = Trouble::of_call("RotateSecret", error, "secretsmanager:RotateSecret");
    if let CallError::Denied(words) = error {
        let function = before.function.as_deref().unwrap_or("the rotation function");
        trouble.remedy = if words.contains("cannot invoke") {
            format!(
                "{function} does not exist, or does not let Secrets Manager invoke it; this says which: {}",
                names.doctor()
            )
        } else {
            format!(
                "you need secretsmanager:RotateSecret, and lambda:InvokeFunction on {function}; keywheel explain you-may-not"
            )
        };
    } else if matches!(error, CallError::Other { .. }) {
        trouble.remedy = format!("this says why, and what to do: {}", names.doctor());
    }
    if trouble.exit == Exit::Unanswered {
        trouble.exit = Exit::Finding;
    }
    trouble
}

pub(super) async fn retry_within(session: &Session, secret: &Secret, asked: Option<Duration>) -> Duration {
    if let Some(time) = asked {
        return time;
    }
    let limit = match &secret.function {
        Some(function) => match aws::configuration(session, function).await {
            Answer::Said(Function::There(state)) => Duration::from_secs(u64::from(state.timeout)),
            Answer::Said(Function::Gone) | Answer::NotAsked(_) => USUAL_LIMIT,
        },
        None => USUAL_LIMIT,
    };
    limit + BETWEEN_ATTEMPTS
}
