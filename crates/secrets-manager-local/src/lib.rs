//! x
pub mod api;
mod calls;
mod clock;
mod control;
mod core;
mod driver;
mod faults;
mod http;
mod invoke_api;
mod lambda;
mod local;
mod runs;
pub mod schedule;
mod secrets_api;
pub mod state;
mod sync;
mod throttle;

pub use calls::CallRecord;
pub use clock::Clock;
pub use faults::{Calls, Effect, Fault, FaultId, Faults, InjectedFault};
pub use lambda::{Function, FunctionError, InvalidFunction, Invocation};
pub use local::{Builder, LocalSecretsManager};
pub use runs::{Attempt, RotationOutcome, RotationRun, StepRun};

/// The region of every ARN.
pub const REGION: &str = "us-east-1";
/// The account of every ARN.
pub const ACCOUNT: &str = "000000000000";

/// The ARN of a hosted function.
pub fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}
