//! The switch: AWSCURRENT moves while the change of the password is open, and the commit follows.
//!
//! The order of the calls and what comes of each answer are here. How a change is held open is the target's business
//! ([`Prepared`](crate::Prepared)).

mod fault;
mod procedure;

pub(crate) use fault::SwitchFault;
pub(crate) use procedure::Switch;
