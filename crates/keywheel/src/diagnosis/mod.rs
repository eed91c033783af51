//! What is wrong with a secret, from what was answered about it: answers in, findings out. Every combination of answers has a diagnosis.
//!
//! Nothing here asks anybody, or reads a clock.

mod abandoned;
mod actions;
mod answers;
mod cause;
mod decide;
mod finding;
mod outlook;
mod pending;
mod permission;
mod reasons;
mod schedule;
mod story;
#[cfg(test)]
mod tests;

pub(crate) use abandoned::abandoned;
pub(crate) use actions::{Action, Fix, FixName, Names};
pub(crate) use answers::{
    Answer, Answers, Function, FunctionState, LoginAnswer, Logins, Secret, Unasked, Version,
};
pub(crate) use cause::Cause;
pub(crate) use decide::diagnose;
pub(crate) use finding::{Diagnosis, Mark, Reason, State, Word};
pub(crate) use permission::{Permission, judge};
pub(crate) use schedule::{Due, interval};
pub(crate) use story::Story;
