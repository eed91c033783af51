//! Can Secrets Manager run the function? What says no is decided in `function::state`.

use super::facts::AtRest;
use crate::diagnosis::actions::Action;
use crate::diagnosis::cause::Cause;
use crate::diagnosis::finding::{Diagnosis, State, Word};
use crate::diagnosis::function;

pub(super) fn verdict(rest: &AtRest<'_>) -> Option<Diagnosis> {
    let asked = rest.asked;
    let cause = function::state::trouble(asked.answers)?;
    let mut actions = asked.repairs(Some(cause), None);
    if cause == Cause::FunctionGone {
        actions.push(asked.attach());
    } else {
        actions.push(Action::run("Try it. This changes nothing.", asked.names.test()));
        actions
            .push(asked.rotate("Rotate, if one was due meanwhile: what could not begin is not made up for."));
    }
    Some(Diagnosis {
        cause: Some(cause),
        ..rest.found(Word::Broken, state(cause), cause.meaning(), actions)
    })
}

const fn state(cause: Cause) -> State {
    match cause {
        Cause::FunctionGone => State::FunctionGone,
        Cause::NotInvocable => State::NotInvocable,
        Cause::FunctionAsleep => State::FunctionAsleep,
        Cause::TooLittleConcurrency => State::TooLittleConcurrency,
        _ => State::FunctionBroken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::notation::{Given, first_command};
    use crate::diagnosis::{Answer, Permission};

    #[test]
    fn the_function_can_be_in_the_way() {
        let diagnosis = Given::of("v1:CP").gone().check(State::FunctionGone, "yes");
        assert!(first_command(&diagnosis).contains("--rotation-lambda-arn \"$FUNCTION_ARN\""));
        let mut given = Given::of("v1:CP");
        given.0.permission = Answer::Said(Permission::OtherAccount("2".to_owned()));
        let diagnosis = given.check(State::NotInvocable, "yes");
        assert!(first_command(&diagnosis).ends_with("--source-account 111111111111"));
        Given::of("v1:CP")
            .function(|state| state.state = "Inactive".to_owned())
            .check(State::FunctionAsleep, "yes");
        Given::of("v1:CP")
            .function(|state| state.update_failed = true)
            .check(State::FunctionBroken, "yes");
        let mut given = Given::of("v1:CP");
        given.0.concurrency = Answer::Said(Some(1));
        given.check(State::TooLittleConcurrency, "yes");
    }
}
