//! What is wrong with a secret, from what was answered about it: answers in, findings out. Every combination of answers has a diagnosis.
//!
//! Nothing here asks anybody, or reads a clock.

mod actions;
mod answers;
mod cause;
mod finding;
mod function;
#[cfg(test)]
mod notation;
mod reasons;
mod repairs;
mod schedule;
mod story;
mod trail;
mod verdict;
mod versions;

pub(crate) use actions::{Action, Fix, FixName, Names};
pub(crate) use answers::{
    Answer, Answers, Function, FunctionState, LoginAnswer, Logins, RoleCheck, Secret, TrailEvent, Unasked,
    Version,
};
pub(crate) use cause::Cause;
pub(crate) use finding::{Diagnosis, Mark, Reason, State, Word, Works};
pub(crate) use function::network::{
    Acl, Caller, Database, Endpoint, Entry, Group, Network, Obstacle, Place, Route, Rule, Subnet, Target, Vpc,
};
pub(crate) use function::permission::{Permission, judge};
pub(crate) use function::policy::{CALLS, one_or_many};
pub(crate) use schedule::{Due, interval};
pub(crate) use story::Story;
pub(crate) use verdict::diagnose;
