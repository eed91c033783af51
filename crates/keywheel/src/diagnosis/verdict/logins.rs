//! Whether new logins with AWSCURRENT's value work: tried, or concluded from the log and the labels.

use rotation::Strategy;
use staging_labels::{CurrentMoves, VersionId};

use crate::diagnosis::answers::{Answers, Function, FunctionState, LoginAnswer};
use crate::diagnosis::cause::says_current_is_refused;
use crate::diagnosis::finding::Works;
use crate::diagnosis::story::{SetSecret, Story, strategy};
use crate::log::Did;

const TRIED: &str = "tried just now";
const BY_LOG: &str = "by the function's log; --login tries it";
const BY_LABELS: &str = "by the labels; --login tries it";
const UNTRIED: &str = "--login tries it";

/// Of a secret whose AWSPENDING is on another version, `pending`.
pub(super) fn with_pending(answers: &Answers, story: Option<&Story>, pending: &VersionId) -> Works {
    tried(answers).unwrap_or_else(|| match answers.has_value(pending) {
        Some(false) => Works::Yes(BY_LABELS),
        // Whatever the log says: the database has the new password.
        _ if answers.logins.pending_works() == Some(true) => Works::NotKnown("--login=AWSCURRENT tries it"),
        _ => by_log(answers, story),
    })
}

/// Of a secret without one. `ended_well` says that the labels show a rotation's end, `abandoned` that a version lost AWSPENDING before.
pub(super) fn without_pending(
    answers: &Answers,
    story: Option<&Story>,
    ended_well: bool,
    abandoned: bool,
) -> Works {
    let refused = last_code(story).is_some_and(says_current_is_refused);
    let untouched = abandoned && strategy(answers, story) == Some(Strategy::AlternatingUsers);
    tried(answers).unwrap_or(match (refused, ended_well) {
        (true, _) => Works::No(BY_LOG),
        (false, _) if untouched => Works::Yes(BY_LOG),
        (false, true) => Works::Yes(BY_LABELS),
        (false, false) => Works::NotKnown(UNTRIED),
    })
}

/// Of a secret whose last rotation left AWSCURRENT and the database as they were.
pub(super) fn of_a_value_that_was_not_set(answers: &Answers) -> Works {
    tried(answers).unwrap_or(Works::Yes(BY_LOG))
}

fn tried(answers: &Answers) -> Option<Works> {
    answers.logins.current.said().map(|answer| match answer {
        LoginAnswer::Accepted => Works::Yes(TRIED),
        LoginAnswer::Refused(_) => Works::No(TRIED),
        LoginAnswer::Outdated => Works::No("AWSPENDING's password was tried just now, and is the role's"),
    })
}

fn by_log(answers: &Answers, story: Option<&Story>) -> Works {
    let Some(story) = story.filter(|story| !story.is_empty()) else {
        return Works::NotKnown(UNTRIED);
    };
    if last_code(Some(story)).is_some_and(says_current_is_refused) {
        return Works::No(BY_LOG);
    }
    match story.set_secret() {
        SetSecret::ChangedNothing => Works::Yes(BY_LOG),
        _ if strategy(answers, Some(story)) == Some(Strategy::AlternatingUsers) => Works::Yes(BY_LOG),
        SetSecret::Succeeded(Did::Applied) if changes_the_one_user(answers, story) => Works::No(BY_LOG),
        SetSecret::Succeeded(_) | SetSecret::Unclear => Works::NotKnown(UNTRIED),
    }
}

/// Only a single user's function reads the setting, so only that one has it.
fn changes_the_one_user(answers: &Answers, story: &Story) -> bool {
    match strategy(answers, Some(story)) {
        Some(strategy) => strategy == Strategy::SingleUser,
        None => moves(answers) == Some(CurrentMoves::InFinishSecret),
    }
}

/// The function's own setting, if it has one.
fn moves(answers: &Answers) -> Option<CurrentMoves> {
    match answers.function.said()? {
        Function::There(FunctionState { moves, .. }) => *moves,
        Function::Gone => None,
    }
}

fn last_code(story: Option<&Story>) -> Option<&str> {
    Some(story?.last_failure()?.code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Answer;
    use crate::diagnosis::finding::State;
    use crate::diagnosis::notation::{Given, commands, hours_ago};

    #[test]
    fn after_set_secret_the_order_says_who_can_log_in() {
        let log = "create ok, set applied, test ok, finish PermissionDenied";
        let classic = Given::pending()
            .moves(CurrentMoves::InFinishSecret)
            .log(log)
            .check(State::PendingAfterSet, "no");
        assert!(classic.never[0].starts_with("take AWSPENDING off"));
        assert!(
            !commands(&classic).contains("AWSPENDING"),
            "{}",
            commands(&classic)
        );
        assert!(commands(&classic).contains("--move-to-version-id v2 --remove-from-version-id v1"));
        // Alternating users, an API key, or a switch that kept to the old order: the log does not tell which.
        Given::pending()
            .log(log)
            .check(State::PendingAfterSet, "not known");
        Given::pending()
            .moves(CurrentMoves::InSetSecret)
            .log(log)
            .check(State::PendingAfterSet, "not known");
        Given::pending()
            .log("create ok, set one, test ok")
            .check(State::PendingAfterSet, "no");
        let other = Given::pending()
            .log("create ok, set other")
            .check(State::PendingAfterSet, "yes");
        assert!(other.never.is_empty());
    }

    /// Keywheel's functions say whose password they change in every line.
    #[test]
    fn what_the_function_says_of_itself_makes_the_verdict_definite() {
        let by = |strategy| {
            move |given: Given| {
                let mut given = given;
                if let Answer::Said(entries) = &mut given.0.log {
                    for entry in entries {
                        entry.strategy = Some(strategy);
                    }
                }
                given
            }
        };
        let (one, two) = (by(Strategy::SingleUser), by(Strategy::AlternatingUsers));
        let log = "create ok, set applied, test ok, finish PermissionDenied";
        let locked_out = one(Given::pending().log(log)).check(State::PendingAfterSet, "no");
        assert!(locked_out.never[0].ends_with("it is the only password"));
        // Whatever the setting says now: it may have been changed since.
        let moved = Given::pending().moves(CurrentMoves::InSetSecret).log(log);
        one(moved).check(State::PendingAfterSet, "no");
        for (log, state) in [
            (log, State::PendingAfterSet),
            ("create ok, timeout", State::PendingUnclear),
            ("create ok, set HostUnreachable", State::PendingBeforeSet),
        ] {
            let diagnosis = two(Given::pending().log(log)).check(state, "yes");
            assert!(diagnosis.never.is_empty(), "{diagnosis:#?}");
            assert!(!commands(&diagnosis).contains("--login"), "{diagnosis:#?}");
            let lines = diagnosis.reasons.iter();
            assert_eq!(lines.filter(|line| line.topic == "strategy").count(), 1);
            two(Given::pending().off().log(log)).check(
                if state == State::PendingBeforeSet {
                    State::SwitchedOff
                } else {
                    State::CancelledMidway
                },
                "yes",
            );
        }
        let lost = two(Given::of("v1:C v2:")
            .secret(|secret| secret.last_rotated = Some(hours_ago(700)))
            .log(log));
        let lost = lost.check(State::Abandoned, "yes");
        assert!(
            lost.never.is_empty() && !lost.summary.contains("may have"),
            "{lost:#?}"
        );
        // AWSCURRENT was refused all the same: that counts.
        two(Given::pending().log("create ok, set CurrentRefused")).check(State::PendingBeforeSet, "no");
        // Two functions in one log: nobody knows.
        let mut both = one(Given::pending().log(log));
        if let Answer::Said(entries) = &mut both.0.log {
            entries[0].strategy = Some(Strategy::AlternatingUsers);
        }
        both.check(State::PendingAfterSet, "not known");
    }

    /// Of a function that does not say it, such as one of AWS's templates, the values do.
    #[test]
    fn the_users_of_the_values_say_it_too() {
        let given = |strategy| {
            let mut given = Given::pending().log("create ok, set applied");
            given.0.logins.strategy = Some(strategy);
            given
        };
        given(Strategy::AlternatingUsers).check(State::PendingAfterSet, "yes");
        given(Strategy::SingleUser).check(State::PendingAfterSet, "no");
    }
}
