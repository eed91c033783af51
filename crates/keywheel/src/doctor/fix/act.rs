//! The one call.

use std::time::Duration;

use outbound::Budget;
use rotation::{CallError, Cause, SecretId, Store};

use super::proof::Proof;
use crate::aws::{self, Session};
use crate::diagnosis::{Fix, Names, Secret};
use crate::exit::{Exit, Trouble};
use crate::rotate;
use crate::words::names::{name_of, short};

const PATIENCE: Duration = Duration::from_secs(20);
/// How long a rotation is followed.
const FOLLOWED: Duration = Duration::from_mins(15);

/// Carries it out, and says what has changed.
pub(super) async fn act(
    session: &Session,
    names: Names<'_>,
    secret: &Secret,
    fix: &Fix,
    proof: Option<Proof>,
    json: bool,
) -> Result<String, Trouble> {
    let store = Store::new(session.secrets());
    let of_call = |call: &str, error: &CallError, permission: &str| of_call(call, error, permission, names);
    let arn = || SecretId::parse(&secret.arn).map_err(|error| Trouble::new(error.to_string(), "see --json"));
    let budget = Budget::lasting(PATIENCE);
    match (fix, proof) {
        (Fix::Promote { from, to }, Some(Proof::Login(verified))) => {
            let moved = store.promote(&arn()?, to, Some(from), verified, budget).await;
            moved.map_err(|cause| of_store(&cause))?;
            Ok(format!("AWSCURRENT moved from {} to {}", short(from), short(to)))
        }
        (Fix::Unpend(pending), Some(Proof::NotInUse)) => {
            let released = store.release_pending(&arn()?, pending, budget).await;
            released.map_err(|cause| of_store(&cause))?;
            Ok(format!(
                "AWSPENDING is off version {}. Nothing is rotated yet: {}",
                short(pending),
                names.rotate()
            ))
        }
        (Fix::Promote { .. } | Fix::Unpend(_), _) => Err(Trouble::new(
            "there is no proof for this change of labels",
            "report this: it is an error in keywheel",
        )),
        (Fix::Nudge, _) => {
            let options = rotate::Options {
                test: false,
                no_wait: false,
                timeout: FOLLOWED,
                retry_within: None,
                json,
            };
            // The diagnosis has just been made.
            match rotate::run(session, names.secret, &options, async || Ok(None)).await? {
                Exit::Interrupted => Err(Trouble {
                    problem: "interrupted".to_owned(),
                    remedy: "the rotation goes on".to_owned(),
                    exit: Exit::Interrupted,
                }),
                _ => Ok("a rotation was asked for".to_owned()),
            }
        }
        (Fix::Restore, _) => {
            let done = aws::restore(session, &secret.arn).await;
            done.map_err(|error| of_call("RestoreSecret", &error, "secretsmanager:RestoreSecret"))?;
            Ok("the secret is no longer marked for deletion".to_owned())
        }
        (Fix::Allow { function, account }, _) => {
            let done = aws::allow(session, function, account).await;
            done.map_err(|error| of_call("AddPermission", &error, "lambda:AddPermission"))?;
            Ok(format!("Secrets Manager may invoke {}", name_of(function)))
        }
        (Fix::Concurrency(function), _) => {
            let done = aws::reserve(session, function).await;
            done.map_err(|error| of_call("PutFunctionConcurrency", &error, "lambda:PutFunctionConcurrency"))?;
            Ok(format!(
                "10 invocations at once are reserved for {}",
                name_of(function)
            ))
        }
        (Fix::TimeLimit { function, seconds }, _) => {
            let done = aws::set_time_limit(session, function, *seconds).await;
            done.map_err(|error| {
                of_call(
                    "UpdateFunctionConfiguration",
                    &error,
                    "lambda:UpdateFunctionConfiguration",
                )
            })?;
            Ok(format!("the time limit of {} is {seconds} s", name_of(function)))
        }
    }
}

/// Whether it was carried out is known of a refusal only.
fn of_call(call: &str, error: &CallError, permission: &str, names: Names<'_>) -> Trouble {
    let mut trouble = Trouble::of_call(call, error, permission);
    if matches!(error, CallError::Unreachable(_) | CallError::Unreadable) {
        trouble.remedy = format!("it may have been carried out; this tells: {}", names.doctor());
    }
    trouble
}

fn of_store(cause: &Cause) -> Trouble {
    Trouble::new(format!("{}: {}", cause.code(), cause.problem()), cause.remedy())
}
