//! The service model: names, types, limits and patterns of what the operations take and answer, and what violates them.
//!
//! `service.json` is derived from the model that botocore publishes, by `scripts/service-model`.

mod check;
mod shape;

#[cfg(test)]
pub(crate) use check::answer_violations;
pub(crate) use check::{check, violation};
#[cfg(test)]
pub(crate) use shape::{MODEL, Shape};
