//! Is a rotation late? If not, nothing is the matter.

use super::facts::AtRest;
use crate::diagnosis::finding::{Diagnosis, State, Word};
use crate::diagnosis::schedule::Due;
use crate::words::time;

pub(super) fn overdue(rest: &AtRest<'_>) -> Option<Diagnosis> {
    let late = Due::of(rest.asked.secret, rest.asked.now).overdue?;
    let mut actions = rest.repairs();
    actions.push(rest.asked.rotate("Rotate."));
    let summary = format!(
        "the rotation that was due {} ago has not been",
        time::lasting(late)
    );
    Some(rest.found_after_the_failure(Word::Overdue, State::Overdue, summary, actions))
}

pub(super) fn finished(rest: &AtRest<'_>) -> Diagnosis {
    let asked = rest.asked;
    let (secret, now) = (asked.secret, asked.now);
    let last = secret.last_rotated.map_or_else(
        || "rotation is on, and has not rotated it yet".to_owned(),
        |last| format!("rotated {}", time::ago(last, now)),
    );
    let next = Due::of(secret, now).at;
    let next = next.map(|at| format!(", next by {}", time::day(at)));
    let summary = format!("{last}{}", next.unwrap_or_default());
    // Somebody finished the rotation by hand. Nobody has shown that the next one gets further.
    if rest.failure.is_some() {
        let mut actions = rest.repairs();
        actions.push(
            asked.rotate("Once the cause is gone: rotate. Until then, rotating can lock applications out."),
        );
        let summary = format!(
            "{summary}; but the last step in its log failed, and the next rotation may fail in the same way"
        );
        return rest.found_after_the_failure(Word::Well, State::Finished, summary, actions);
    }
    rest.found(Word::Well, State::Finished, summary, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Answer;
    use crate::diagnosis::LoginAnswer;
    use crate::diagnosis::notation::{Given, commands, first_command, hours_ago};

    #[test]
    fn a_finished_rotation_is_well() {
        let diagnosis = Given::of("v1:O v2:CP").check(State::Finished, "yes");
        assert_eq!(diagnosis.word, Word::Well);
        assert!(diagnosis.actions.is_empty() && diagnosis.never.is_empty());
        assert!(!diagnosis.needs_a_person());
        Given::of("v1:C").check(State::Finished, "not known");
    }

    #[test]
    fn a_rotation_that_left_awspending_nowhere_is_as_well_finished() {
        let rotated = || Given::of("v1:O v2:C");
        rotated().check(State::Finished, "yes");
        let by_hand = rotated().secret(|secret| secret.last_rotated = Some(hours_ago(24)));
        by_hand.check(State::Finished, "not known");
        Given::of("v1:C v2:O").check(State::Finished, "not known");
    }

    #[test]
    fn a_rotation_is_overdue_a_day_after_its_time() {
        let late = |hours| {
            Given::of("v1:CP").secret(move |secret| {
                secret.next = None;
                secret.last_rotated = Some(hours_ago(hours));
            })
        };
        let with_old_version = |mut given: Given| {
            if let Answer::Said(versions) = &mut given.0.versions {
                versions[0].created = Some(hours_ago(2000));
            }
            given
        };
        with_old_version(late(740)).check(State::Finished, "yes");
        with_old_version(late(745)).check(State::Overdue, "yes");
    }

    /// Otherwise the next rotation locks applications out again, and nobody has been told.
    #[test]
    fn a_rotation_that_was_finished_by_hand_still_has_its_cause() {
        let promoted = Given::of("v1:O v2:CP")
            .secret(|secret| secret.last_rotated = Some(hours_ago(700)))
            .log("create ok, set applied, test ok, finish PermissionDenied")
            .logins(LoginAnswer::Accepted, LoginAnswer::Outdated);
        let diagnosis = promoted.check(State::Finished, "yes");
        assert_eq!(diagnosis.code.as_deref(), Some("PermissionDenied"));
        assert!(diagnosis.word == Word::Well && diagnosis.needs_a_person());
        assert_eq!(first_command(&diagnosis), "keywheel explain PermissionDenied");
        assert!(commands(&diagnosis).ends_with("keywheel rotate orders/db"));
    }
}
