//! What a person can do about the cause of a failure, beside having the rotation attempted again.

use super::actions::{Action, Fix, Names};
use super::answers::{Answers, Function, FunctionState, Secret};
use super::cause::Cause;
use super::story::Failure;

/// A function's time limit, where nobody said.
const USUAL_LIMIT: u32 = 30;

/// What removes the cause.
pub(super) fn repairs(
    answers: &Answers,
    secret: &Secret,
    names: Names<'_>,
    cause: Option<Cause>,
    failure: Option<Failure<'_>>,
) -> Vec<Action> {
    let function = || secret.function.clone().unwrap_or_default();
    let works = answers.logins.current_works() == Some(true);
    let mut actions = match cause {
        Some(Cause::NotInvocable) => vec![Action::fix(
            "Let Secrets Manager invoke the function, if nobody took that away on purpose.",
            Fix::Allow {
                function: function(),
                account: secret.account().to_owned(),
            },
            names,
        )],
        Some(Cause::TooLittleConcurrency) => vec![Action::fix(
            "Give the function room, if nobody stopped it on purpose.",
            Fix::Concurrency(function()),
            names,
        )],
        Some(Cause::TimeLimit) => vec![match raised(time_limit(answers)) {
            Some(seconds) => {
                let function = function();
                let fix = Fix::TimeLimit { function, seconds };
                Action::fix("Raise the time limit.", fix, names)
            }
            None => Action::by_hand("Find out what takes so long: Lambda has no longer time limit."),
        }],
        Some(Cause::PendingForeign) => vec![Action::by_hand(
            "Have the function pass the event's RotationToken to PutSecretValue, as Keywheel's functions do.",
        )],
        Some(Cause::FunctionBroken) => vec![Action::by_hand(
            "Repair what Lambda names as the reason, or deploy the function again.",
        )],
        Some(Cause::CredentialWrong) if works => return Vec::new(),
        Some(Cause::CredentialWrong) => vec![set_by_hand(names)],
        _ => Vec::new(),
    };
    if let Some(failure) = failure.filter(|failure| crate::offline::explain::page(failure.code).is_some()) {
        actions.push(Action::run(
            format!("Remove the cause: {}.", Cause::of(failure.code).meaning()),
            names.explain(failure.code),
        ));
    }
    actions
}

/// What nobody but a person with a login can do.
pub(super) fn set_by_hand(names: Names<'_>) -> Action {
    Action::run(
        "If nobody locked the role on purpose: read AWSCURRENT's value, and set the role's password to it (\\password in psql). Any login \
         of the role will do, or an administrator's.",
        names.value(),
    )
}

/// The function's time limit, in seconds.
pub(super) fn time_limit(answers: &Answers) -> u32 {
    match answers.function.said() {
        Some(Function::There(FunctionState { timeout, .. })) => *timeout,
        _ => USUAL_LIMIT,
    }
}

/// The next time limit to try, in seconds: twice the present one, within what a rotation needs and Lambda allows.
fn raised(limit: u32) -> Option<u32> {
    const NEEDED: u32 = 60;
    const LONGEST: u32 = 900;
    (limit < LONGEST).then(|| (limit * 2).clamp(NEEDED, LONGEST))
}
