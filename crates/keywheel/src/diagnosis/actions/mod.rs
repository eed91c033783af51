//! What a diagnosis says to do: the sentence, the command to paste, and whether `doctor --fix` can carry it out.
//! Nothing here carries anything out.

mod action;
mod commands;
mod fix;

pub(crate) use action::Action;
pub(crate) use commands::Names;
pub(crate) use fix::{Fix, FixName};
