//! What the log tells of one rotation.

use jiff::Timestamp;
use rotation::Strategy;
use staging_labels::Step;

use super::answers::Answers;
use super::cause::leaves_the_database_unclear;
use crate::log::{Denied, Did, End, Entry, Event};

/// The steps of one rotation as the log has them, in order of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Story {
    entries: Vec<Entry>,
}

/// What the log says of setSecret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SetSecret {
    /// One ended well.
    Succeeded(Did),
    /// None ended well, and none can have changed anything.
    ChangedNothing,
    /// One may have changed the value and not have told.
    Unclear,
}

/// A step that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failure<'a> {
    /// When.
    pub(crate) at: Timestamp,
    /// Which step, if that is known.
    pub(crate) step: Option<Step>,
    /// The code.
    pub(crate) code: &'a str,
    /// The function's words.
    pub(crate) message: Option<&'a str>,
}

impl<'a> Failure<'a> {
    /// The call that the role may not make, if that is why.
    pub(super) fn denied(&self) -> Option<Denied<'a>> {
        Denied::read(self.message?)
    }
}

impl Story {
    /// Puts the lines in order.
    pub(crate) fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_by_key(|entry| entry.at);
        Self { entries }
    }

    /// Whether the log has nothing.
    pub(super) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether a step's line is one of AWS's templates, which name no version.
    pub(super) fn is_of_a_template(&self) -> bool {
        let of_a_step = |entry: &&Entry| matches!(entry.event, Event::Step { .. });
        let mut steps = self.entries.iter().filter(of_a_step);
        steps.any(|entry| entry.version.is_none())
    }

    /// When the last line was written.
    pub(super) fn last_at(&self) -> Option<Timestamp> {
        self.entries.last().map(|entry| entry.at)
    }

    /// The last line, if it tells a failure.
    pub(crate) fn last_failure(&self) -> Option<Failure<'_>> {
        let entry = self.entries.last()?;
        failure(entry)
    }

    /// The last end of each step, and how often it failed.
    pub(super) fn steps(&self) -> Vec<(Step, &Entry, usize)> {
        let of = |step: Step| {
            let mut ends = self.ends(step).collect::<Vec<_>>();
            let failed = ends.iter().filter(|entry| failure(entry).is_some()).count();
            ends.pop().map(|last| (step, last, failed))
        };
        Step::ALL.into_iter().filter_map(of).collect()
    }

    fn ends(&self, wanted: Step) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(move |entry| matches!(&entry.event, Event::Step { step, .. } if *step == wanted))
    }

    /// Whose credential is changed, if the lines say it, and say the same: another function may have been attached since.
    pub(super) fn strategy(&self) -> Option<Strategy> {
        let mut said = self.entries.iter().filter_map(|entry| entry.strategy);
        let first = said.next()?;
        said.all(|other| other == first).then_some(first)
    }

    /// Whether a setSecret ended well.
    pub(crate) fn has_set(&self) -> bool {
        matches!(self.set_secret(), SetSecret::Succeeded(_))
    }

    /// Whether no setSecret can have changed anything.
    pub(super) fn changed_nothing(&self) -> bool {
        self.set_secret() == SetSecret::ChangedNothing
    }

    /// Whether setSecret has changed the value. Each attempt begins with createSecret: one that is not followed by a line of setSecret
    /// may have ended in the middle of it. A log without the lines of success (its level is WARN) shows no createSecret.
    pub(super) fn set_secret(&self) -> SetSecret {
        let ends = |step| {
            self.ends(step).filter_map(|entry| match &entry.event {
                Event::Step { end, .. } => Some(end),
                Event::TimedOut | Event::ModuleMissing(_) => None,
            })
        };
        let succeeded = ends(Step::Set).filter_map(|end| match end {
            End::Succeeded(did) => Some(*did),
            End::Failed { .. } => None,
        });
        if let Some(did) = succeeded.last() {
            return SetSecret::Succeeded(did);
        }
        let begun = ends(Step::Create)
            .filter(|end| matches!(end, End::Succeeded(_)))
            .count();
        let unclear = ends(Step::Set)
            .any(|end| matches!(end, End::Failed { code, .. } if leaves_the_database_unclear(code)));
        let later = ends(Step::Test).chain(ends(Step::Finish)).count();
        if begun > 0 && ends(Step::Set).count() >= begun && !unclear && later == 0 {
            SetSecret::ChangedNothing
        } else {
            SetSecret::Unclear
        }
    }
}

/// Whose credential a rotation changes: by the users that the values name, or by the log.
pub(super) fn strategy(answers: &Answers, story: Option<&Story>) -> Option<Strategy> {
    let of_values = answers.logins.strategy;
    of_values.or_else(|| story.and_then(Story::strategy))
}

fn failure(entry: &Entry) -> Option<Failure<'_>> {
    let failed = |step, code, message| {
        Some(Failure {
            at: entry.at,
            step,
            code,
            message,
        })
    };
    match &entry.event {
        Event::Step {
            step,
            end: End::Failed { code, message },
            ..
        } => failed(Some(*step), code.as_str(), message.as_deref()),
        Event::Step { .. } => None,
        Event::TimedOut => failed(None, "TimeLimit", None),
        Event::ModuleMissing(why) => failed(None, "ModuleMissing", Some(why)),
    }
}
