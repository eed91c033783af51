//! The operator's command line: `keywheel`.
//!
//! ```text
//! command_line ─▶ doctor, rotate, status ─▶ aws        the questions, at the edge
//!                          │
//!                          ▼
//!                      diagnosis ◀── log               answers in, findings out: pure
//! ```
//!
//! # What it is not
//! It is no part of a rotation function, and no function contains any of it. It reads; only `rotate` and
//! `doctor --fix` change something. A secret value is read for a login only, and never shown.
//!
//! # Where to start
//! `diagnosis/decide.rs` has the order in which states are told apart; `diagnosis/tests.rs` is the table of them.
//! `doctor/fix/run.rs` has what must hold before anything is changed.

mod aws;
mod command_line;
mod diagnosis;
mod doctor;
mod exit;
mod log;
mod offline;
mod rotate;
mod run;
mod status;
mod words;

pub use run::main;
