//! Panics: the log says where, never what.

use std::panic;

use crate::fault::{Advice, Fault, Kind};

/// Lets a panic be logged by its place in the source alone: its text may hold a secret value.
pub(super) fn silence() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, ToString::to_string);
        tracing::error!(panic.location = place, "keywheel panicked at {place}");
    }));
}

/// A panic. Says nothing about it: the text of a panic may hold a secret value.
#[derive(Debug, thiserror::Error)]
#[error("keywheel panicked; the log says where")]
pub(super) struct Panicked;

/// The code of [`Panicked`].
pub(crate) const CODE: &str = "Internal";

impl Fault for Panicked {
    fn code(&self) -> &'static str {
        CODE
    }

    fn advice(&self) -> Advice<'_> {
        Advice::new(
            Kind::Internal,
            "report it, with the log line; Secrets Manager tries the rotation again",
        )
    }
}
