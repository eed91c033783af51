//! What makes a call fail on purpose: injected faults, and the account's quotas.
//!
//! This folder decides what happens to a call. `wire` and `engine` carry it out.

mod call;
mod fault;
mod injected;
mod plan;
mod throttle;

pub(crate) use call::Call;
pub use fault::{Calls, Effect, Fault};
pub use injected::{FaultId, Faults, InjectedFault};
pub(crate) use plan::{Cut, Plan, throttled};
pub(crate) use throttle::Throttle;
