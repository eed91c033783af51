//! What a cell is played with: a secret, its function under two names, and a server behind something that can fail at any exchange.
//!
//! Roles and keys are two kinds of scene that look alike from outside: a person's acts, the causes, the question what works.

mod gate;
mod key;
mod part;
mod role;

pub(super) use part::Scene;
