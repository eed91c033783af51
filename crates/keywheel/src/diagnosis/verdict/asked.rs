//! One secret, what was answered about it, and what more than one question needs to know.

use jiff::{SignedDuration, Timestamp};
use staging_labels::VersionId;

use crate::diagnosis::actions::{Action, Fix, Names};
use crate::diagnosis::answers::{Answers, Secret};
use crate::diagnosis::cause::Cause;
use crate::diagnosis::finding::{Diagnosis, State, Word, Works};
use crate::diagnosis::function::network::Found;
use crate::diagnosis::repairs::{self, time_limit};
use crate::diagnosis::story::{Failure, Story};

/// A rotation is taken to be under way for so long after its last sign of life, beside the function's time limit.
const PATIENCE: SignedDuration = SignedDuration::from_secs(30);

pub(super) struct Asked<'a> {
    pub(super) answers: &'a Answers,
    pub(super) secret: &'a Secret,
    /// The log of the rotation that is looked at.
    pub(super) story: Option<&'a Story>,
    /// What the network's answers come to.
    pub(super) network: &'a [Found],
    pub(super) names: Names<'a>,
    pub(super) now: Timestamp,
}

impl<'a> Asked<'a> {
    /// How the log ends, if it ends with a failure.
    pub(super) fn failure(&self) -> Option<Failure<'a>> {
        self.story.and_then(Story::last_failure)
    }

    /// Whether a rotation to this version shows signs of life.
    pub(super) fn runs(&self, version: &VersionId) -> bool {
        let made = self.answers.made(Some(version));
        // An empty version is in no list: the secret's own last change tells when it was made.
        let sign = made
            .max(self.story.and_then(Story::last_at))
            .or(self.secret.changed);
        let limit = SignedDuration::from_secs(i64::from(time_limit(self.answers)));
        sign.is_some_and(|sign| self.now.duration_since(sign) < PATIENCE + limit)
    }

    /// The verdict on one that does.
    pub(super) fn running(logins: Works) -> Diagnosis {
        Diagnosis {
            logins,
            ..Diagnosis::new(
                Word::Running,
                State::Running,
                "a rotation is under way; ask again in a minute",
            )
        }
    }

    /// Begins a rotation, or has one attempted again.
    pub(super) fn rotate(&self, text: &str) -> Action {
        Action::fix(text, Fix::Nudge, self.names)
    }

    /// Gives the secret a function.
    pub(super) fn attach(&self) -> Action {
        Action::run(
            "Set FUNCTION_ARN to the function that is to rotate it, and attach that.",
            self.names.attach(),
        )
    }

    /// What removes this cause.
    pub(super) fn repairs(&self, cause: Option<Cause>, failure: Option<Failure<'_>>) -> Vec<Action> {
        let ways = repairs::ways(self.answers, self.network, self.names);
        repairs::repairs(self.answers, self.secret, self.names, cause, failure, ways)
    }

    /// What removes the cause of this failure.
    pub(super) fn repairs_after(&self, failure: Option<Failure<'_>>) -> Vec<Action> {
        self.repairs(failure.map(|failure| Cause::of(failure.code)), failure)
    }
}
