//! Panics: where, never what.

use std::panic;

/// Has a panic logged by its place in the source alone: its text may hold a value.
pub(crate) fn silence() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, ToString::to_string);
        tracing::error!(panic.location = place, "keywheel panicked at {place}");
    }));
}
