//! What more than one of the questions about a secret at rest needs to know.

use staging_labels::Label;

use crate::diagnosis::actions::Action;
use crate::diagnosis::answers::Version;
use crate::diagnosis::finding::{Diagnosis, State, Word, Works};
use crate::diagnosis::story::{Failure, Story};
use crate::diagnosis::verdict::case::Case;
use crate::diagnosis::verdict::logins;

/// What several of these questions need to know.
pub(super) struct AtRest<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) failure: Option<Failure<'a>>,
    /// A version that lost AWSPENDING before it became AWSCURRENT.
    pub(super) lost: Option<&'a Version>,
    /// That version's value never reached the database.
    pub(super) lost_unset: bool,
    /// AWSCURRENT is on the rotation's version, and Secrets Manager has recorded no success since that version was made.
    pub(super) unconfirmed: bool,
    pub(super) logins: Works,
}

impl<'a> AtRest<'a> {
    pub(super) fn of(case: &'a Case<'a>) -> Self {
        let lost = case.answers.abandoned(case.secret, case.now);
        let lost_unset = lost.is_some_and(|version| never_reached_the_database(case, version));
        let unconfirmed = is_unconfirmed(case);
        let rotated = current_was_rotated(case) && !unconfirmed;
        let logins = if lost_unset {
            logins::of_a_value_that_was_not_set(case.answers)
        } else {
            logins::without_pending(
                case.answers,
                case.story,
                rotated && lost.is_none(),
                lost.is_some(),
            )
        };
        Self {
            case,
            failure: case.failure(),
            lost,
            lost_unset,
            unconfirmed,
            logins,
        }
    }

    pub(super) fn found(
        &self,
        word: Word,
        state: State,
        summary: impl Into<String>,
        actions: Vec<Action>,
    ) -> Diagnosis {
        Diagnosis {
            logins: self.logins,
            actions,
            ..Diagnosis::new(word, state, summary)
        }
    }

    /// The same, if the last failure led there.
    pub(super) fn found_after_the_failure(
        &self,
        word: Word,
        state: State,
        summary: impl Into<String>,
        actions: Vec<Action>,
    ) -> Diagnosis {
        self.found(word, state, summary, actions)
            .after(self.failure.map(|failure| failure.code))
    }

    /// A login has shown that AWSCURRENT works.
    pub(super) fn current_works(&self) -> bool {
        self.case.answers.logins.current_works() == Some(true)
    }

    /// What removes the cause of the last failure.
    pub(super) fn repairs(&self) -> Vec<Action> {
        self.case.repairs_after(self.failure)
    }
}

/// AWSCURRENT is older than the version that lost its label, and no setSecret changed anything: nobody wrote a value, and the password
/// is the old one.
fn never_reached_the_database(case: &Case<'_>, version: &Version) -> bool {
    let current = case.answers.made(case.secret.current());
    current < version.created && case.story.is_some_and(Story::changed_nothing)
}

/// The labels show that a rotation made AWSCURRENT's version. AWSPENDING may be on it, or on none: AWS says both.
fn current_was_rotated(case: &Case<'_>) -> bool {
    let labels = &case.secret.labels;
    if labels.carrier(&Label::Pending).is_some() {
        return true;
    }
    let current = case.answers.made(case.secret.current());
    let before = case.answers.made(labels.carrier(&Label::Previous));
    // A value written by hand is newer than the last rotation; one that was moved back to is older than AWSPREVIOUS.
    before.is_some() && before <= current && current <= case.secret.last_rotated
}

fn is_unconfirmed(case: &Case<'_>) -> bool {
    let made = case.answers.made(case.secret.labels.carrier(&Label::Pending));
    made.is_some_and(|made| case.secret.last_rotated.is_none_or(|last| last < made))
}
