//! What is new since the last look: each line of the log once.

use crate::log::{End, Entry, Event};

/// The lines that were told already.
#[derive(Debug, Default)]
pub(super) struct Told {
    entries: Vec<Entry>,
}

impl Told {
    /// The steps that were not told yet, in order of time. Lambda's own lines tell no step.
    pub(super) fn news(&mut self, mut entries: Vec<Entry>) -> Vec<Entry> {
        entries.sort_by_key(|entry| entry.at);
        entries.retain(|entry| matches!(entry.event, Event::Step { .. }) && !self.entries.contains(entry));
        self.entries.extend(entries.iter().cloned());
        entries
    }

    /// Whether an earlier attempt failed in the same way, word for word.
    pub(super) fn is_said_again(&self, entry: &Entry) -> bool {
        let failure = |entry: &Entry| match &entry.event {
            Event::Step {
                step,
                end: end @ End::Failed { .. },
                ..
            } => Some((*step, end.clone())),
            _ => None,
        };
        let said = failure(entry);
        said.is_some()
            && self
                .entries
                .iter()
                .any(|other| other.at < entry.at && failure(other) == said)
    }

    /// The last line.
    pub(super) fn last(&self) -> Option<&Entry> {
        self.entries.last()
    }

    /// Whether there was none.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use staging_labels::Step;

    use super::*;

    fn failed(minute: i64, message: &str) -> Entry {
        Entry {
            at: Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute),
            version: None,
            strategy: None,
            event: Event::Step {
                step: Step::Finish,
                end: End::Failed {
                    code: "PermissionDenied".to_owned(),
                    message: Some(message.to_owned()),
                },
                milliseconds: Some(1),
            },
        }
    }

    #[test]
    fn a_message_is_said_again_only_if_it_is_the_same() {
        let mut told = Told::default();
        let lines = [failed(0, "one"), failed(1, "one"), failed(2, "another")];
        told.news(lines.to_vec());
        assert_eq!(lines.map(|line| told.is_said_again(&line)), [false, true, false]);
    }
}
