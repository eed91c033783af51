//! Hosts functions as Lambda does: their processes, the Runtime API that these talk to, and what they write.
//!
//! One process is one sandbox. It has its own Runtime API listener, is reused while it lives, and runs one
//! invocation at a time. A concurrent invocation starts another sandbox. The Invoke API is in `wire`.

mod environment;
mod function;
mod handler;
mod host;
mod logs;
mod outcome;
mod process;
mod program;
mod remote;
mod rules;
mod runtime_api;
mod sandbox;

pub(crate) use environment::Variables;
pub use function::{Function, InvalidFunction};
pub(crate) use host::{Host, HostSettings};
pub use outcome::{FunctionError, Invocation};
pub(crate) use rules::{Network, Statement};
pub(crate) use sandbox::{Event, Sandbox};
