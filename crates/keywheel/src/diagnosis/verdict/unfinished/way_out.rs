//! What leads out of an unfinished rotation, and what makes it worse.

use super::facts::{Retry, Unfinished};
use crate::diagnosis::actions::{Action, Fix, Names};
use crate::diagnosis::finding::{State, Works};

/// The state in a sentence.
pub(super) const fn summary(state: State, unfinished: &Unfinished<'_>) -> &'static str {
    match (state, unfinished.logins) {
        (State::PendingBeforeSet, Works::Yes(_) | Works::NotKnown(_))
            if matches!(unfinished.retry, Retry::Foreign) =>
        {
            "AWSPENDING has a value that the function did not store, and the database does not have it"
        }
        (State::PendingUnclear, Works::NotKnown(_)) if matches!(unfinished.retry, Retry::Foreign) => {
            "AWSPENDING has a value that the function did not store; whether the database has it is not known"
        }
        (State::PendingEmpty, _) => "a rotation began and stored no password; the next one waits for it",
        (State::SwitchedOff, _) => {
            "rotation is off, and AWSPENDING of the last one is left and blocks the next"
        }
        (State::PendingBeforeSet, Works::No(_)) => {
            "a rotation began, and the database accepts neither password"
        }
        (State::PendingBeforeSet, _) => {
            "a rotation stored a password in AWSPENDING, and the database does not have it yet"
        }
        (State::PendingAfterSet, Works::Yes(_)) => {
            "the database has AWSPENDING's password, and the rotation has not finished"
        }
        (State::PendingAfterSet, _) => {
            "the database has AWSPENDING's password, and applications read AWSCURRENT"
        }
        (State::PendingOtherAccount, _) => "AWSPENDING is for another user, host, port or database",
        (State::CancelledMidway, _) => "rotation was switched off while one was under way",
        (_, Works::Yes(_)) => "a rotation stored a password in AWSPENDING, and has not finished",
        (_, _) => "a rotation stored a password in AWSPENDING; whether the database has it is not known",
    }
}

/// The way out.
pub(super) fn actions(state: State, unfinished: &Unfinished<'_>, names: Names<'_>) -> Vec<Action> {
    let steps = Steps { unfinished, names };
    let by_labels = match unfinished.retry {
        Retry::Possible => None,
        Retry::FunctionGone | Retry::Foreign => by_the_labels(state, &steps),
    };
    by_labels.unwrap_or_else(|| match state {
        State::SwitchedOff | State::PendingOtherAccount => steps.then_rotate(steps.unpend()),
        State::PendingEmpty | State::PendingBeforeSet => {
            vec![steps.retry("Have the rotation attempted again."), steps.give_up()]
        }
        State::PendingAfterSet => after_set(&steps),
        State::CancelledMidway => cancelled_midway(&steps),
        _ if matches!(unfinished.logins, Works::Yes(_)) => vec![steps.retry(GOES_ON), steps.give_up()],
        _ => vec![steps.ask(), steps.retry(GOES_ON).otherwise()],
    })
}

/// The function is gone, or AWSPENDING's value is not its own: the labels alone lead out.
fn by_the_labels(state: State, steps: &Steps<'_>) -> Option<Vec<Action>> {
    match state {
        State::PendingUnclear => Some(vec![steps.ask()]),
        State::PendingEmpty | State::PendingBeforeSet => Some(steps.then_rotate(steps.unpend())),
        State::PendingAfterSet => Some(steps.then_rotate(steps.promote(LET_IN))),
        _ => None,
    }
}

fn after_set(steps: &Steps<'_>) -> Vec<Action> {
    match steps.unfinished.logins {
        Works::No(_) => vec![
            steps.promote(LET_IN),
            steps.retry("Rotate: a rotation that has not finished goes on where it stands."),
        ],
        Works::Yes(_) => vec![steps.retry(GOES_ON), steps.give_up()],
        Works::NotKnown(_) => vec![
            steps.retry(GOES_ON),
            steps
                .promote("If applications cannot wait: let them in, as finishSecret would have.")
                .otherwise(),
        ],
    }
}

fn cancelled_midway(steps: &Steps<'_>) -> Vec<Action> {
    match steps.unfinished.logins {
        Works::Yes(_) => steps.then_rotate(steps.unpend()),
        Works::No(_) if steps.unfinished.pending_logs_in => steps.then_rotate(steps.promote(LET_IN)),
        Works::No(_) | Works::NotKnown(_) => vec![steps.ask()],
    }
}

const LET_IN: &str = "Let applications in, as finishSecret would have.";
const GOES_ON: &str = "Have the rotation attempted again: it goes on where it stands.";

/// The steps that ways out are made of.
struct Steps<'a> {
    unfinished: &'a Unfinished<'a>,
    names: Names<'a>,
}

impl Steps<'_> {
    fn unpend(&self) -> Action {
        let fix = Fix::Unpend(self.unfinished.pending.clone());
        Action::fix("Take AWSPENDING off: its value is not in use.", fix, self.names)
    }

    /// Where the value is not in use, or not the only one that works.
    fn give_up(&self) -> Action {
        let fix = Fix::Unpend(self.unfinished.pending.clone());
        let text = "If it fails again: take AWSPENDING off, and rotate again.";
        Action::fix(text, fix, self.names).otherwise()
    }

    fn promote(&self, text: &str) -> Action {
        let Unfinished { pending, current, .. } = *self.unfinished;
        let (from, to) = (current.clone(), pending.clone());
        Action::fix(text, Fix::Promote { from, to }, self.names)
    }

    fn retry(&self, text: &str) -> Action {
        Action::fix(text, Fix::Nudge, self.names)
    }

    fn ask(&self) -> Action {
        let refused = matches!(self.unfinished.logins, Works::No(_));
        Action::run(
            "Find out which password works. It changes nothing.",
            self.names.login(refused.then_some("AWSPENDING")),
        )
    }

    /// Nothing is half done any more.
    fn then_rotate(&self, first: Action) -> Vec<Action> {
        let next = if self.unfinished.retry == Retry::FunctionGone {
            Action::run(
                "Set FUNCTION_ARN to the function that is to rotate it, and attach that.",
                self.names.attach(),
            )
        } else {
            self.retry(if self.unfinished.enabled {
                "Rotate."
            } else {
                "Rotate. This also switches rotation on."
            })
        };
        vec![first, next]
    }
}

/// What makes it worse.
pub(super) fn never(state: State, unfinished: &Unfinished<'_>) -> Vec<&'static str> {
    match (state, unfinished.logins) {
        (State::PendingOtherAccount, _) => vec!["move AWSCURRENT to AWSPENDING's version"],
        (_, Works::Yes(_)) => vec![],
        (State::PendingAfterSet, Works::No(_)) => {
            vec!["take AWSPENDING off, cancel the rotation, or write a value: it is the only password"]
        }
        (State::PendingAfterSet, Works::NotKnown(_)) => {
            vec!["take AWSPENDING off, cancel the rotation, or write a value: it may be the only password"]
        }
        (State::CancelledMidway, _) if unfinished.pending_logs_in => {
            vec!["take AWSPENDING off or write a value: it is the only password"]
        }
        (State::PendingUnclear | State::CancelledMidway, _) => {
            vec!["take AWSPENDING off before you know that AWSCURRENT logs in: it may be the only password"]
        }
        _ => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::FixName;
    use crate::diagnosis::notation::{Given, NAMES, commands, first_command, refused};
    use crate::diagnosis::{Answer, Cause, LoginAnswer, Unasked};
    use staging_labels::CurrentMoves;

    /// Each of these cost a person on call a wrong turn.
    #[test]
    fn what_has_been_done_is_not_asked_for_again_and_what_has_not_is() {
        // One refused login more does not make a log less clear that says that both were refused.
        let mut both = Given::pending().log("create ok, set LoginRefused");
        both.0.logins.current = Answer::Said(refused());
        both.0.logins.pending = Answer::NotAsked(Unasked::OneRefused);
        let diagnosis = both.check(State::PendingBeforeSet, "no");
        assert!(commands(&diagnosis).contains("get-secret-value"));
        // Somebody has set the password since.
        let mut mended = Given::pending().log("create ok, set LoginRefused");
        mended.0.logins.current = Answer::Said(LoginAnswer::Accepted);
        mended.0.logins.pending = Answer::Said(LoginAnswer::Outdated);
        let diagnosis = mended.check(State::PendingBeforeSet, "yes");
        assert_eq!(first_command(&diagnosis), "keywheel rotate orders/db");
    }

    #[test]
    fn applications_that_are_locked_out_come_first() {
        let log = "create ok, set applied, test ok, finish PermissionDenied";
        let given = Given::pending().moves(CurrentMoves::InFinishSecret).log(log);
        let diagnosis = given.check(State::PendingAfterSet, "no");
        let all = commands(&diagnosis);
        let places = [
            "AWSCURRENT --move-to",
            "explain PermissionDenied",
            "keywheel rotate",
        ]
        .map(|part| all.find(part));
        assert!(places.is_sorted() && places[0].is_some(), "{all}");
    }

    #[test]
    fn nobody_logs_in() {
        let diagnosis = Given::pending()
            .log("create ok, set LoginRefused")
            .check(State::PendingBeforeSet, "no");
        assert_eq!(diagnosis.cause, Some(Cause::CredentialWrong));
        assert!(diagnosis.actions[0].text.contains("\\password"));
    }

    #[test]
    fn a_rotation_that_was_switched_off_depends_on_how_far_it_got() {
        let empty = Given::pending()
            .off()
            .without_value("v2")
            .check(State::SwitchedOff, "yes");
        assert!(first_command(&empty).contains("--remove-from-version-id v2"));
        Given::pending()
            .off()
            .log("create ok, set HostUnreachable")
            .check(State::SwitchedOff, "yes");
        let unknown = Given::pending()
            .off()
            .log("create ok")
            .check(State::CancelledMidway, "not known");
        assert_eq!(first_command(&unknown), "keywheel doctor orders/db --login");
        let after = Given::pending()
            .off()
            .logins(LoginAnswer::Outdated, LoginAnswer::Accepted)
            .check(State::CancelledMidway, "no");
        assert!(first_command(&after).contains("--version-stage AWSCURRENT --move-to-version-id v2"));
        assert!(!commands(&after).contains("AWSPENDING"));
    }

    #[test]
    fn with_a_function_that_is_gone_the_way_out_goes_by_the_labels() {
        let empty = Given::pending()
            .gone()
            .without_value("v2")
            .check(State::PendingEmpty, "yes");
        assert_eq!(empty.cause, Some(Cause::FunctionGone));
        let commands: Vec<_> = empty
            .actions
            .iter()
            .filter_map(|action| action.command.as_deref())
            .collect();
        assert!(commands[0].contains("--remove-from-version-id v2"));
        assert!(commands[1].contains("FUNCTION_ARN"));
        let after = Given::pending()
            .gone()
            .log("create ok, set one")
            .check(State::PendingAfterSet, "no");
        assert!(first_command(&after).contains("--move-to-version-id v2"));
    }

    #[test]
    fn what_is_offered_to_fix_is_what_the_command_says() {
        let diagnosis = Given::pending()
            .logins(refused(), LoginAnswer::Accepted)
            .check(State::PendingAfterSet, "no");
        let offered: Vec<_> = diagnosis
            .actions
            .iter()
            .filter_map(|action| action.fix.as_ref())
            .collect();
        assert!(
            offered.iter().any(|fix| fix.name() == FixName::Promote),
            "{offered:?}"
        );
        for action in &diagnosis.actions {
            if let Some(fix) = &action.fix {
                assert_eq!(action.command.as_deref(), Some(NAMES.command(fix).as_str()));
            }
        }
    }
}
