//! How far did the rotation get? A login says it for certain; else the versions and the log.

use staging_labels::VersionId;

use super::facts::Unfinished;
use crate::diagnosis::answers::Answers;
use crate::diagnosis::cause::{Cause, says_current_is_refused};
use crate::diagnosis::finding::State;
use crate::diagnosis::story::{SetSecret, Story};
use crate::log::Did;

/// How far a rotation got.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// AWSPENDING has no value.
    Nothing,
    /// It has one, and the database does not have it.
    Value,
    /// The database has it.
    Set,
    /// It has one, and nothing tells the rest.
    Unclear,
}

fn reached(answers: &Answers, story: Option<&Story>, pending: &VersionId) -> Reached {
    let logins = &answers.logins;
    if answers.has_value(pending) == Some(false) {
        return Reached::Nothing;
    }
    if logins.pending_works() == Some(true) {
        return Reached::Set;
    }
    if logins.pending_works() == Some(false) {
        return Reached::Value;
    }
    let last = story.and_then(Story::last_failure);
    let both_refused = last.is_some_and(|failure| says_current_is_refused(failure.code));
    if logins.current_works() == Some(false) && !both_refused {
        return Reached::Unclear;
    }
    match story.filter(|story| !story.is_empty()).map(Story::set_secret) {
        // A switch that was moved back, or AWSCURRENT moved by hand.
        Some(SetSecret::Succeeded(Did::Switched) | SetSecret::Unclear) | None => Reached::Unclear,
        Some(SetSecret::Succeeded(_)) => Reached::Set,
        Some(SetSecret::ChangedNothing) => Reached::Value,
    }
}

/// The state that this makes.
pub(super) fn state(
    answers: &Answers,
    story: Option<&Story>,
    cause: Option<Cause>,
    unfinished: &Unfinished<'_>,
) -> State {
    let reached = reached(answers, story, unfinished.pending);
    let another = answers.logins.same_place == Some(false) || cause == Some(Cause::PendingOtherAccount);
    match reached {
        Reached::Value | Reached::Unclear if another => State::PendingOtherAccount,
        Reached::Nothing | Reached::Value if !unfinished.enabled => State::SwitchedOff,
        Reached::Set | Reached::Unclear if !unfinished.enabled => State::CancelledMidway,
        Reached::Nothing => State::PendingEmpty,
        Reached::Value => State::PendingBeforeSet,
        Reached::Set => State::PendingAfterSet,
        Reached::Unclear => State::PendingUnclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::notation::{Given, commands, first_command, refused};
    use crate::diagnosis::{Answer, LoginAnswer, Unasked};

    #[test]
    fn an_empty_version_never_reached_the_database() {
        let diagnosis = Given::pending()
            .without_value("v2")
            .log("create PermissionDenied")
            .check(State::PendingEmpty, "yes");
        assert_eq!(diagnosis.cause, Some(Cause::RoleMayNot));
        assert!(commands(&diagnosis).contains("keywheel explain PermissionDenied"));
        assert!(commands(&diagnosis).contains("--remove-from-version-id v2"));
        let old = Given::pending()
            .without_value("v2")
            .check(State::PendingEmpty, "yes");
        assert_eq!(old.cause, None);
    }

    #[test]
    fn a_set_secret_that_changed_nothing_leaves_awscurrent() {
        let diagnosis = Given::pending()
            .log("create ok, set HostUnreachable, create ok, set HostUnreachable")
            .check(State::PendingBeforeSet, "yes");
        assert_eq!(diagnosis.cause, Some(Cause::NoWayToDatabase));
        assert!(diagnosis.never.is_empty());
    }

    #[test]
    fn a_set_secret_that_may_have_ended_unheard_leaves_a_doubt() {
        for log in [
            "",
            "create ok",
            "create ok, create ok, set HostUnreachable",
            "create ok, set ConnectionLost",
            "create ok, set ConnectionLost, create ok, set HostUnreachable",
            "create ok, timeout",
            "timeout",
            // The log's level leaves out what succeeded.
            "finish PermissionDenied",
            "set HostUnreachable",
            "set SomethingNew",
        ] {
            let diagnosis = Given::pending()
                .log(log)
                .check(State::PendingUnclear, "not known");
            let first = diagnosis
                .actions
                .iter()
                .filter_map(|action| action.command.as_deref());
            let mut first =
                first.filter(|command| !command.contains(" explain ") && !command.contains("--timeout"));
            assert_eq!(first.next(), Some("keywheel doctor orders/db --login"), "{log}");
            assert!(!commands(&diagnosis).contains("AWSPENDING --remove"), "{log}");
            assert_eq!(diagnosis.never.len(), 1, "{log}");
        }
        let mut silent = Given::pending();
        silent.0.log = Answer::NotAsked(Unasked::Needs("logs:FilterLogEvents"));
        silent.check(State::PendingUnclear, "not known");
    }

    #[test]
    fn a_login_decides_whatever_the_log_says() {
        for log in ["", "create ok, set applied", "create ok, set HostUnreachable"] {
            let after = Given::pending()
                .log(log)
                .logins(LoginAnswer::Outdated, LoginAnswer::Accepted)
                .check(State::PendingAfterSet, "no");
            assert!(!commands(&after).contains("AWSPENDING"), "{log}");
            Given::pending()
                .log(log)
                .logins(LoginAnswer::Accepted, LoginAnswer::Outdated)
                .check(State::PendingBeforeSet, "yes");
        }
        let mut one = Given::pending();
        one.0.logins.current = Answer::Said(refused());
        one.0.logins.pending = Answer::NotAsked(Unasked::OneRefused);
        let diagnosis = one.check(State::PendingUnclear, "no");
        assert_eq!(
            first_command(&diagnosis),
            "keywheel doctor orders/db --login=AWSPENDING"
        );
    }

    #[test]
    fn the_pending_value_can_be_of_another_server() {
        let mut given = Given::pending().log("create ok, set HostUnreachable");
        given.0.logins.same_place = Some(false);
        let diagnosis = given.check(State::PendingOtherAccount, "yes");
        assert_eq!(diagnosis.never, ["move AWSCURRENT to AWSPENDING's version"]);
        Given::pending()
            .log("create ok, set PendingNamesAnotherTarget")
            .check(State::PendingOtherAccount, "yes");
    }
}
