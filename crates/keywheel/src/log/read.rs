//! Whose line it is.

use jiff::Timestamp;

use super::entry::Entry;
use super::{keywheel, platform, templates};

/// Reads a line that was written at `at`; none if it says nothing about a rotation.
pub(crate) fn read(at: Timestamp, line: &str) -> Option<Entry> {
    let line = line.trim();
    let (version, event) = keywheel::read(line)
        .or_else(|| platform::read(line))
        .or_else(|| templates::read(line))?;
    Some(Entry { at, version, event })
}
