//! Is a rotation half done? AWSPENDING is on another version than AWSCURRENT then: how far did that rotation get, and what leads out?

mod facts;
mod reached;
mod way_out;

use super::asked::Asked;
use crate::diagnosis::actions::{Action, Fix};
use crate::diagnosis::cause::Cause;
use crate::diagnosis::finding::{Diagnosis, State, Word, Works};
use crate::diagnosis::story::Story;
use crate::diagnosis::{function, trail};
use facts::Unfinished;

pub(super) fn verdict(asked: &Asked<'_>) -> Option<Diagnosis> {
    let unfinished = Unfinished::of(asked)?;
    let Unfinished { logins, .. } = unfinished;
    let failure = asked.failure();
    let of_log = failure.map(|failure| Cause::of(failure.code));
    let cause = function::state::trouble(asked.answers)
        .or_else(|| trail::cause(asked.answers, asked.story))
        .or(of_log);
    let gave_up = trail::gave_up(asked.answers, asked.story.and_then(Story::last_at)).is_some();
    if unfinished.enabled && cause.is_none() && !gave_up && asked.runs(unfinished.pending) {
        return Some(Asked::running(logins));
    }
    let state = reached::state(asked.answers, asked.story, of_log, &unfinished);
    let mut actions = way_out::actions(state, &unfinished, asked.names);
    // Another password does not get further, where the role may not go on, and this one is set.
    if state == State::PendingAfterSet && matches!(of_log, Some(Cause::RoleMayNot | Cause::KeyDenied)) {
        actions.retain(|action| !action.otherwise || !matches!(action.fix, Some(Fix::Unpend(_))));
    }
    // Applications first, if they are known to be locked out and there is a way to let them in.
    let urgent = matches!(logins, Works::No(_)) && starts_with_promote(&actions);
    let place = usize::from(urgent);
    actions.splice(place..place, asked.repairs(cause, failure));
    let word = if state == State::SwitchedOff {
        Word::Off
    } else {
        Word::Stuck
    };
    let diagnosis = Diagnosis {
        logins,
        actions,
        never: way_out::never(state, &unfinished),
        ..Diagnosis::new(word, state, way_out::summary(state, &unfinished))
    };
    Some(Diagnosis {
        cause,
        ..diagnosis.after(failure.map(|failure| failure.code))
    })
}

fn starts_with_promote(actions: &[Action]) -> bool {
    let first = actions.first().and_then(|action| action.fix.as_ref());
    matches!(first, Some(Fix::Promote { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::notation::{Given, commands, event, young};
    use crate::diagnosis::{Answer, LoginAnswer};

    #[test]
    fn a_young_rotation_is_under_way() {
        let diagnosis = young(Given::pending()).check(State::Running, "not known");
        assert_eq!(diagnosis.word, Word::Running);
        young(Given::pending())
            .log("create ok, set LoginRefused")
            .check(State::PendingBeforeSet, "no");
        young(Given::pending())
            .off()
            .check(State::CancelledMidway, "not known");
    }

    #[test]
    fn what_secrets_manager_gave_up_does_not_run_any_more() {
        let fresh = || young(Given::pending().log(""));
        fresh().check(State::Running, "not known");
        let mut ended = fresh();
        ended.0.events = Answer::Said(vec![event(
            "RotationFailed",
            0,
            None,
            Some("during setSecret step"),
        )]);
        let diagnosis = ended.check(State::PendingUnclear, "not known");
        let told = diagnosis
            .reasons
            .iter()
            .any(|reason| reason.topic == "events" && reason.text.contains("given up"));
        assert!(told, "{diagnosis:#?}");
    }

    #[test]
    fn a_password_that_is_set_is_not_thrown_away_for_a_permission() {
        let is_offered = |log| {
            let given = Given::pending().log(log);
            let diagnosis = given
                .logins(LoginAnswer::Accepted, LoginAnswer::Accepted)
                .check(State::PendingAfterSet, "yes");
            commands(&diagnosis).contains("--remove-from-version-id")
        };
        assert!(is_offered("set ok, test ok, finish ServerError"));
        assert!(!is_offered("set ok, test ok, finish PermissionDenied"));
    }
}
