//! Whose line it is.

use jiff::Timestamp;

use super::entry::Entry;
use super::{keywheel, platform, templates};

/// Reads a line that was written at `at`; none if it says nothing about a rotation.
pub(crate) fn read(at: Timestamp, line: &str) -> Option<Entry> {
    let line = line.trim();
    if let Some(line) = keywheel::read(line) {
        return Some(Entry {
            at,
            version: line.version,
            strategy: line.strategy,
            event: line.event,
        });
    }
    let (event, strategy) = match platform::read(line) {
        Some(event) => (event, None),
        None => templates::read(line)?,
    };
    Some(Entry {
        at,
        version: None,
        strategy,
        event,
    })
}
