//! Words for people and for shells: times, names, quoting, and how lines reach the screen.
//! Nothing here decides anything.

pub(crate) mod ask;
pub(crate) mod help;
pub(crate) mod names;
pub(crate) mod print;
pub(crate) mod shell;
pub(crate) mod time;
