//! How a rotation begins, goes on and ends: changes of a secret and its labels.
//!
//! Functions are not invoked here; that is `engine`.

mod begin;
mod due;
mod end;
mod status;

pub(crate) use begin::{Begun, RotationRequest, begin, configure_external, rotation_function, stage_pending};
pub(crate) use due::{reschedule_after_manual_write, take_due};
pub(crate) use end::{abandon_for, cancel, fail, give_up, succeed};
pub(crate) use status::{RotationStatus, status};
