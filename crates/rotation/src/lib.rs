//! Runs one step of a rotation against Secrets Manager. Of a function, it is the only crate that calls Secrets Manager, or knows
//! Lambda's runtime.
//!
//! ```text
//! payload ─▶ Event ─▶ labels (read) ─▶ plan(step, labels, token) ─▶ one action ─▶ one log line, one metric
//!                                       in staging-labels           │
//!                            Target: read · check_pair · propose · apply or prepare · verify
//! ```
//!
//! # What it is not
//! It does not know what it rotates: a [`Target`] does. A target sees no staging label: it gets a current and a pending document,
//! and asks its [`Context`] for anything more. It decides nothing about labels either: `staging-labels` does.
//!
//! # Where to start
//! - [`run`] is a step: read, plan, act. [`Store`] has the calls that it makes, and none that can lock somebody out.
//! - [`Target`] is what a new kind of credential implements.
//! - [`Fault`] is an error with a stable code, a kind and a remedy; [`Cause`] is any of them; [`codes`] lists the codes.
//! - [`Budget`] bounds each wait by what is left of Lambda's time limit.
//! - `lambda::main` is the whole `main` of a function. It is behind the default feature `lambda`: a command line tool leaves it out.

mod budget;
mod context;
mod driver;
mod error;
mod event;
mod fault;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
#[cfg(feature = "lambda")]
pub mod lambda;
mod prepared;
mod progress;
mod reference;
mod store;
mod switch;
mod target;

pub use budget::retry;
pub use context::{Context, Past};
pub use driver::run;
pub use error::Error;
pub use event::{Event, Malformed, SecretId};
pub use fault::{Advice, CallError, Cause, Fault, Kind, Prospect};
pub use outbound::{Budget, TimedOut};
pub use prepared::{Applied, LEAST_TIME, Landed, NoTransaction, Prepared};
pub use reference::{VARIABLES, Variable, codes};
pub use staging_labels::{CurrentMoves, Step, VersionId};
pub use store::{Store, Tags, Verified};
pub use target::{Strategy, Target};
pub use {password, secrets};
