//! The secrets as plain data, and the operations on them as functions of data, time and ids.
//!
//! No clock, no chance, no I/O: every function is reproducible from its arguments. Parameters and answers as JSON
//! are in `api`. The numbered facts are those of the crate's README.

mod error;
pub(crate) mod labels;
pub(crate) mod lifecycle;
mod regions;
mod replica;
pub(crate) mod rotate;
mod rotation;
mod schedule;
mod secret;
mod secrets;
mod trail;
mod value;
pub(crate) mod versions;

pub use error::{ApiError, ErrorCode};
pub use labels::PendingRemoval;
pub(crate) use regions::Regions;
pub(crate) use replica::Replica;
pub(crate) use rotation::{ExternalRotation, MetadataItem, RotationKind, Unfinished};
pub(crate) use schedule::Rules;
pub(crate) use secret::{Secret, Version};
pub(crate) use secrets::State;
pub use trail::{TrailEvent, TrailEventName};
pub(crate) use value::{MAX_BYTES, Value};
