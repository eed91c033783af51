//! Many secrets at once: `keywheel rotate-all`, `pause`, `resume` and `migrate`. Which secrets are meant, and which of them are left
//! out, is decided in `choose` and `queue`; no rotation that has begun is touched.

mod choose;
mod consent;
mod filter;
mod migrate;
mod pause;
mod queue;
mod report;
mod resume;
mod rotate_all;
mod saved;

pub(crate) use filter::Filter;
pub(crate) use migrate::{Options as MigrateOptions, migrate};
pub(crate) use pause::{Options as PauseOptions, pause};
pub(crate) use resume::{Options as ResumeOptions, resume};
pub(crate) use rotate_all::{Options as RotateAllOptions, rotate_all};
