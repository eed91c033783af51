//! `keywheel rotate`: begins a rotation, and follows that very one to its end.
//! The rotation itself is Secrets Manager's and the function's: nothing here moves a label.

mod ending;
mod follow;
mod local;
mod one;
mod progress;
mod report;
mod run;
mod secret;

pub(crate) use local::{Local, run as carry_on, settings_of};
pub(crate) use one::{Outcome, one};
pub(crate) use run::{Options, run};
