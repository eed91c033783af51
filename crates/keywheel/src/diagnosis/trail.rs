//! What `CloudTrail` adds: whether Secrets Manager has given up, and who else changed the secret.

use jiff::{SignedDuration, Timestamp};

use super::answers::{Answers, Function, Secret, TrailEvent};
use super::cause::Cause;
use super::story::Story;

/// Calls that change what a version has, or which version has a label.
const WRITES: [&str; 3] = ["PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage"];

/// The last event of this name.
pub(super) fn last<'a>(answers: &'a Answers, name: &str) -> Option<&'a TrailEvent> {
    let events = answers.events.said()?;
    events
        .iter()
        .filter(|event| event.name == name)
        .max_by_key(|event| event.at)
}

/// When Secrets Manager gave up: after all that the log has. It tells nobody else.
pub(super) fn gave_up(answers: &Answers, last_line: Option<Timestamp>) -> Option<&TrailEvent> {
    failed(answers).filter(|event| last_line.is_none_or(|line| event.at >= line))
}

/// The rotation's end, and not that of an earlier one. `CloudTrail` leaves out the parts of a second.
fn failed(answers: &Answers) -> Option<&TrailEvent> {
    const SECOND: SignedDuration = SignedDuration::from_secs(1);
    let secret = answers.secret.said().and_then(Option::as_ref);
    let made = answers.made(secret.and_then(Secret::pending));
    last(answers, "RotationFailed").filter(|event| made.is_none_or(|made| event.at >= made - SECOND))
}

/// A write by somebody who is not the function's role. Not known if the role is not.
pub(super) fn other_writer(answers: &Answers) -> Option<&TrailEvent> {
    other_writers(answers).next()
}

/// The same of a value.
pub(super) fn other_value(answers: &Answers) -> Option<&TrailEvent> {
    other_writers(answers).find(|event| event.name != "UpdateSecretVersionStage")
}

fn other_writers(answers: &Answers) -> impl Iterator<Item = &TrailEvent> {
    let role = match answers.function.said() {
        Some(Function::There(state)) => state.role.as_deref().and_then(name_of_role),
        Some(Function::Gone) | None => None,
    };
    let events = answers.events.said().filter(|_| role.is_some());
    events.into_iter().flatten().filter(move |event| {
        let by = event.by.as_deref();
        WRITES.contains(&event.name.as_str()) && by.is_some_and(|by| assumed(by) != role)
    })
}

/// Whether AWSPENDING's value is not the function's: Secrets Manager says so, or somebody else stored it and the function wrote no line.
pub(super) fn cause(answers: &Answers, story: Option<&Story>) -> Option<Cause> {
    let message = failed(answers).and_then(|event| event.message.as_deref());
    let refused = message.is_some_and(|message| message.contains("was not created by Lambda"));
    let by_hand = || story.is_some_and(Story::is_empty) && stored_by_somebody_else(answers);
    (refused || by_hand()).then_some(Cause::PendingForeign)
}

fn stored_by_somebody_else(answers: &Answers) -> bool {
    let pending = answers
        .secret
        .said()
        .and_then(|secret| secret.as_ref()?.pending());
    let stores = |event: &TrailEvent| pending.is_some_and(|id| event.version.as_deref() == Some(id.as_str()));
    other_writers(answers).any(|event| event.name == "PutSecretValue" && stores(event))
}

/// The last part of a role's ARN, which may have a path.
fn name_of_role(arn: &str) -> Option<&str> {
    arn.split_once(":role/")
        .map(|(_, path)| path.rsplit('/').next().unwrap_or(path))
}

/// The role of `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
fn assumed(arn: &str) -> Option<&str> {
    arn.split_once(":assumed-role/")
        .and_then(|(_, rest)| rest.split('/').next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::notation::{Given, commands, event, young};
    use crate::diagnosis::{Answer, Fix, FixName, LoginAnswer, State};

    #[test]
    fn a_role_is_known_by_its_last_name() {
        assert_eq!(name_of_role("arn:aws:iam::1:role/service/rotate"), Some("rotate"));
        assert_eq!(
            assumed("arn:aws:sts::1:assumed-role/rotate/session"),
            Some("rotate")
        );
        assert_eq!(assumed("arn:aws:iam::1:user/me"), None);
    }

    #[test]
    fn a_foreign_pending_value_is_known_by_the_event() {
        let mut given = Given::pending().log("create ok, set LoginRefused");
        given.0.events = Answer::Said(vec![event(
            "RotationFailed",
            1,
            None,
            Some("Pending secret version v2 was not created by Lambda rotate"),
        )]);
        assert_eq!(given.diagnosis().cause, Some(Cause::PendingForeign));
    }

    #[test]
    fn the_end_of_an_earlier_rotation_is_not_this_ones() {
        let ended = |minutes_ago| {
            let mut given = young(Given::pending().log("create ok"));
            given.0.events = Answer::Said(vec![event("RotationFailed", minutes_ago, None, None)]);
            given
        };
        ended(1).check(State::Running, "not known");
        ended(0).check(State::PendingUnclear, "not known");
    }

    /// There is no rotation to attempt again, and none to wait for, however young the version is.
    #[test]
    fn a_value_that_a_person_stored_is_foreign() {
        let stored = |log| young(Given::pending().log(log)).stored_by_a_person();
        let by_hand = || stored("");
        let diagnosis = by_hand().check(State::PendingUnclear, "not known");
        assert_eq!(diagnosis.cause, Some(Cause::PendingForeign));
        assert!(
            !commands(&diagnosis).contains("keywheel rotate"),
            "{diagnosis:#?}"
        );
        let tried = by_hand().logins(LoginAnswer::Accepted, LoginAnswer::Outdated);
        let diagnosis = tried.check(State::PendingBeforeSet, "yes");
        let fix = diagnosis.actions.iter().find_map(|action| action.fix.as_ref());
        assert_eq!(fix.map(Fix::name), Some(FixName::Unpend));
        stored("create ok").check(State::Running, "not known");
        let mut another = by_hand();
        let mut own = by_hand();
        let role = "arn:aws:sts::1:assumed-role/rotate/s".to_owned();
        if let Answer::Said(events) = &mut own.0.events {
            events[0].by = Some(role);
        }
        own.check(State::Running, "not known");
        // It was another version that the person stored.
        if let Answer::Said(events) = &mut another.0.events {
            events[0].version = Some("v1".to_owned());
        }
        another.check(State::Running, "not known");
    }

    #[test]
    fn another_writer_is_somebody_who_is_not_the_functions_role() {
        let own = "arn:aws:sts::111111111111:assumed-role/rotate/s";
        let other = "arn:aws:sts::111111111111:assumed-role/terraform/s";
        let told = |by: &str, role: Option<&str>| {
            let mut given = Given::pending()
                .function(|state| state.role = role.map(|name| format!("arn:aws:iam::1:role/{name}")));
            given.0.events = Answer::Said(vec![event("PutSecretValue", 1, Some(by), None)]);
            let diagnosis = given.diagnosis();
            diagnosis.reasons.iter().any(|reason| reason.text.contains(by))
        };
        assert!(told(other, Some("rotate")));
        assert!(!told(own, Some("rotate")));
        assert!(!told(other, None), "without the role nobody can be told apart");
    }
}
