//! What happens behind the APIs: a call is carried out, a rotation runs, a schedule begins one.
//!
//! `core` holds what the server shares. HTTP is in `wire`, the processes of functions are in `lambda`.

mod core;
mod perform;
mod rotations;
mod scheduler;
mod token;

pub(crate) use core::{Core, Settings};
pub(crate) use perform::perform;
pub(crate) use scheduler::run_schedule;
pub(crate) use token::Token;
