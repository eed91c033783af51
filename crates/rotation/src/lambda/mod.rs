//! What only a Lambda function needs: Lambda's runtime, its log, its metrics, and what happens to a panic.
//! Nothing here decides what a step does: a tool without the runtime leaves this folder out (feature `lambda`).

mod function;
mod logging;
mod metrics;
mod panics;

pub use function::main;
pub(crate) use panics::CODE as PANICKED;
