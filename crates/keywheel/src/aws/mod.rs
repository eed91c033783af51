//! The calls to AWS. Each answers a question with plain data; none decides what it means.

mod function;
mod log;
mod permissions;
mod secret;
mod session;

pub(crate) use function::{concurrency, configuration, environment, permission};
pub(crate) use log::entries;
pub(crate) use permissions::policy;
pub(crate) use secret::{
    Rotated, Rules, cancel_rotation, configure_rotation, current_value, describe, list, rotate,
    rotation_rules, value, versions,
};
pub(crate) use session::{Place, Session};
