//! What is new since the last look: each line of the log once.

use crate::log::{Entry, Event};

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

    /// The last line.
    pub(super) fn last(&self) -> Option<&Entry> {
        self.entries.last()
    }

    /// Whether there was none.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
