//! What more than one of the questions about a secret at rest needs to know.

use staging_labels::Label;

use crate::diagnosis::actions::Action;
use crate::diagnosis::answers::Version;
use crate::diagnosis::finding::{Diagnosis, State, Word, Works};
use crate::diagnosis::story::{Failure, Story};
use crate::diagnosis::verdict::asked::Asked;
use crate::diagnosis::verdict::logins;

/// What several of these questions need to know.
pub(super) struct AtRest<'a> {
    pub(super) asked: &'a Asked<'a>,
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
    pub(super) fn of(asked: &'a Asked<'a>) -> Self {
        let lost = asked.answers.abandoned(asked.secret, asked.now);
        let lost_unset = lost.is_some_and(|version| never_reached_the_database(asked, version));
        let unconfirmed = is_unconfirmed(asked);
        let rotated = current_was_rotated(asked) && !unconfirmed;
        let logins = if lost_unset {
            logins::of_a_value_that_was_not_set(asked.answers)
        } else {
            logins::without_pending(
                asked.answers,
                asked.story,
                rotated && lost.is_none(),
                lost.is_some(),
            )
        };
        Self {
            asked,
            failure: asked.failure(),
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
        self.asked.answers.logins.current_works() == Some(true)
    }

    /// What removes the cause of the last failure.
    pub(super) fn repairs(&self) -> Vec<Action> {
        self.asked.repairs_after(self.failure)
    }
}

/// AWSCURRENT is older than the version that lost its label, and no setSecret changed anything: nobody wrote a value, and the password
/// is the old one.
fn never_reached_the_database(asked: &Asked<'_>, version: &Version) -> bool {
    let current = asked.answers.made(asked.secret.current());
    current < version.created && asked.story.is_some_and(Story::changed_nothing)
}

/// The labels show that a rotation made AWSCURRENT's version. AWSPENDING may be on it, or on none: AWS says both.
fn current_was_rotated(asked: &Asked<'_>) -> bool {
    let labels = &asked.secret.labels;
    if labels.carrier(&Label::Pending).is_some() {
        return true;
    }
    let current = asked.answers.made(asked.secret.current());
    let before = asked.answers.made(labels.carrier(&Label::Previous));
    // A value written by hand is newer than the last rotation; one that was moved back to is older than AWSPREVIOUS.
    before.is_some() && before <= current && current <= asked.secret.last_rotated
}

fn is_unconfirmed(asked: &Asked<'_>) -> bool {
    let made = asked.answers.made(asked.secret.labels.carrier(&Label::Pending));
    made.is_some_and(|made| asked.secret.last_rotated.is_none_or(|last| last < made))
}
