//! The calls: parameters in, the state changed, the members of the answer out. Still pure.
//!
//! The protocol on the wire is in `wire`; what a call does to a secret is in `state`.

mod answer;
mod args;
mod describe;
mod lifecycle;
mod lists;
mod operation;
mod paging;
mod password;
mod perform;
mod policies;
mod rotation;
mod values;
mod versions;

pub(crate) use answer::{Answer, Context};
pub(crate) use operation::{Operation, Quota, UnknownOperation};
pub(crate) use perform::perform;
