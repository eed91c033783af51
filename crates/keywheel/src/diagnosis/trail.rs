//! What `CloudTrail` adds: whether Secrets Manager has given up, and who else changed the secret.

use jiff::Timestamp;

use super::answers::{Answers, Function, TrailEvent};
use super::cause::Cause;

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
    last(answers, "RotationFailed").filter(|event| last_line.is_none_or(|line| event.at >= line))
}

/// A write by somebody who is not the function's role. Not known if the role is not.
pub(super) fn other_writer(answers: &Answers) -> Option<&TrailEvent> {
    let role = match answers.function.said()? {
        Function::There(state) => name_of_role(state.role.as_deref()?)?,
        Function::Gone => return None,
    };
    let events = answers.events.said()?;
    events.iter().find(|event| {
        let by = event.by.as_deref();
        WRITES.contains(&event.name.as_str()) && by.is_some_and(|by| assumed(by) != Some(role))
    })
}

/// What the events alone say of the cause.
pub(super) fn cause(answers: &Answers) -> Option<Cause> {
    let message = last(answers, "RotationFailed")?.message.as_deref()?;
    message
        .contains("was not created by Lambda")
        .then_some(Cause::PendingForeign)
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
    use crate::diagnosis::Answer;
    use crate::diagnosis::notation::{Given, event};

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
        let mut case = Given::pending().log("create ok, set LoginRefused");
        case.0.events = Answer::Said(vec![event(
            "RotationFailed",
            1,
            None,
            Some("Pending secret version v2 was not created by Lambda rotate"),
        )]);
        assert_eq!(case.diagnosis().cause, Some(Cause::PendingForeign));
    }

    #[test]
    fn another_writer_is_somebody_who_is_not_the_functions_role() {
        let own = "arn:aws:sts::111111111111:assumed-role/rotate/s";
        let other = "arn:aws:sts::111111111111:assumed-role/terraform/s";
        let told = |by: &str, role: Option<&str>| {
            let mut case = Given::pending()
                .function(|state| state.role = role.map(|name| format!("arn:aws:iam::1:role/{name}")));
            case.0.events = Answer::Said(vec![event("PutSecretValue", 1, Some(by), None)]);
            let diagnosis = case.diagnosis();
            diagnosis.reasons.iter().any(|reason| reason.text.contains(by))
        };
        assert!(told(other, Some("rotate")));
        assert!(!told(own, Some("rotate")));
        assert!(!told(other, None), "without the role nobody can be told apart");
    }
}
