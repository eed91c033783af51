//! What the faults make of one call.

use std::time::Duration;

use super::fault::Effect;
use crate::state::{ApiError, ErrorCode};

/// What is to happen to one call: the effects of all faults that hit it.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Wait so long first.
    pub(crate) delay: Duration,
    /// Then end without the work.
    pub(crate) before: Option<Cut>,
    /// Or answer this, without the work.
    pub(crate) error: Option<ApiError>,
    /// Do the work on what was before the last writes.
    pub(crate) stale: bool,
    /// After the work, end without an answer.
    pub(crate) after: Option<Cut>,
    /// The effects' names, for the log of calls.
    pub(crate) names: Vec<&'static str>,
}

/// How a call ends that gets no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The connection is closed.
    HangUp,
    /// The caller's process is killed first.
    Kill,
}

impl Plan {
    pub(super) fn add(&mut self, effect: &Effect) {
        self.names.push(effect.name());
        match effect {
            Effect::Error { code, message } => {
                self.error = Some(ApiError::new(ErrorCode::named(code), message));
            }
            Effect::Throttle => self.error = Some(throttled()),
            Effect::DelayMs(by) => self.delay += Duration::from_millis(*by),
            Effect::StaleRead => self.stale = true,
            Effect::DropAnswer => self.after = self.after.or(Some(Cut::HangUp)),
            Effect::DropRequest => self.before = self.before.or(Some(Cut::HangUp)),
            Effect::KillBefore => self.before = Some(Cut::Kill),
            Effect::KillAfter => self.after = Some(Cut::Kill),
        }
    }
}

/// `ThrottlingException` as Secrets Manager words it.
pub(crate) fn throttled() -> ApiError {
    ApiError::new(ErrorCode::Throttling, "Rate exceeded")
}
