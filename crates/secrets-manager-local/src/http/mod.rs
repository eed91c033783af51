//! HTTP below the APIs: a listener of its own, and what it refuses because a web page made a browser send it.

mod listener;
mod same_origin;

pub(crate) use listener::{hang_up, reachable, serve};
pub(crate) use same_origin::Hosts;
