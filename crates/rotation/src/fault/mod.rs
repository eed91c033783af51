//! What an error says to a person on call and to a program: code, kind, prospect and remedy.
//! The faults themselves are defined where they happen; here are only those of foreign and of pure crates.

mod advice;
mod cause;
mod pure_crates;
mod sdk_call;

pub use advice::{Advice, Kind, Prospect};
pub use cause::{Cause, Fault};
pub use sdk_call::CallError;
pub(crate) use sdk_call::{chain, sources};
