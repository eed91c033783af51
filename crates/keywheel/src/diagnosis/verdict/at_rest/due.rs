//! Is a rotation late? If not, nothing is the matter.

use super::facts::AtRest;
use crate::diagnosis::finding::{Diagnosis, State, Word};
use crate::diagnosis::schedule::Due;
use crate::words::time;

pub(super) fn overdue(rest: &AtRest<'_>) -> Option<Diagnosis> {
    let late = Due::of(rest.case.secret, rest.case.now).overdue?;
    let mut actions = rest.repairs();
    actions.push(rest.case.rotate("Rotate."));
    let summary = format!(
        "the rotation that was due {} ago has not been",
        time::lasting(late)
    );
    Some(rest.found_after_the_failure(Word::Overdue, State::Overdue, summary, actions))
}

pub(super) fn finished(rest: &AtRest<'_>) -> Diagnosis {
    let (secret, now) = (rest.case.secret, rest.case.now);
    let last = secret.last_rotated.map_or_else(
        || "rotation is on, and has not rotated it yet".to_owned(),
        |last| format!("rotated {}", time::ago(last, now)),
    );
    let next = Due::of(secret, now).at;
    let next = next.map(|at| format!(", next by {}", time::day(at)));
    let summary = format!("{last}{}", next.unwrap_or_default());
    rest.found(Word::Well, State::Finished, summary, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Answer;
    use crate::diagnosis::notation::{Given, hours_ago};

    #[test]
    fn a_finished_rotation_is_well() {
        let diagnosis = Given::of("v1:O v2:CP").check(State::Finished, "yes");
        assert_eq!(diagnosis.word, Word::Well);
        assert!(diagnosis.actions.is_empty() && diagnosis.never.is_empty());
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
        let with_old_version = |mut case: Given| {
            if let Answer::Said(versions) = &mut case.0.versions {
                versions[0].created = Some(hours_ago(2000));
            }
            case
        };
        with_old_version(late(740)).check(State::Finished, "yes");
        with_old_version(late(745)).check(State::Overdue, "yes");
    }
}
