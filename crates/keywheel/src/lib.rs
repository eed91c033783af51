//! The operator's command line: `keywheel`.
//!
//! ```text
//! command_line ─▶ doctor, rotate, status ─▶ aws        the questions, at the edge
//!                          │
//!                          ▼
//!                      diagnosis ◀── log               answers in, findings out: pure
//! ```
//!
//! `provider` and `rotate --local` run the functions' own code; `local` starts a Secrets Manager on this machine.
//!
//! # What it is not
//! It is no part of a rotation function, and no function contains any of it. Of an account, `rotate`, `rotate-all`, `pause`,
//! `resume` and `doctor --fix` change something: by the calls of AWS, or `rotate --local` by the function's own code. `provider try`
//! makes a key and revokes it. A secret value is read for those two, for a login and for `rotate-all --per-database`, and never shown.
//!
//! # Where to start
//! `diagnosis/decide.rs` has the order in which states are told apart; `diagnosis/tests.rs` is the table of them.
//! `doctor/fix/run.rs` has what must hold before anything is changed.

mod aws;
mod command_line;
mod diagnosis;
mod doctor;
mod exit;
mod fleet;
mod local;
mod log;
mod offline;
mod provider;
mod rotate;
mod run;
mod status;
mod words;

pub use run::main;
