//! Hosts functions as Lambda does: the Invoke API in front, the Runtime API behind.
//!
//! One process is one sandbox. It has a Runtime API listener of its own, is reused while it
//! lives, and runs one invocation at a time; a further concurrent invocation starts a further one.

mod environment;
mod function;
mod host;
mod logs;
mod outcome;
mod process;
mod remote;
mod runtime_api;
mod sandbox;

pub(crate) use environment::Variables;
pub use function::{Function, InvalidFunction};
pub(crate) use host::{Host, HostSettings};
pub use outcome::{FunctionError, Invocation};
pub(crate) use sandbox::{Event, Sandbox};
