//! What the server remembers for its tests: the calls that it got, and the rotations that it ran.
//!
//! Secrets are in `state`; what functions wrote is in `lambda`.

mod calls;
mod runs;
mod sessions;

pub use calls::CallRecord;
pub(crate) use calls::{CallKinds, CallLog};
pub(crate) use runs::RunLog;
pub use runs::{Attempt, RotationOutcome, RotationRun, StepRun};
pub(crate) use sessions::Sessions;
