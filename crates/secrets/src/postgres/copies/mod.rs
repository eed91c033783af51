//! Copies of the credential beside `username` and `password` of a JSON object: connection URLs, libpq strings, `.pgpass` lines, `PGPASSWORD`.
//! `walk` finds the strings, `decide` says what each one is, and the others read and write one form each.

mod connection;
mod conninfo;
mod decide;
mod doubt;
mod encoded;
mod forms;
mod names;
mod pgpass;
mod rules;
mod url;
mod walk;

pub(super) use decide::decide;
pub use doubt::Doubt;
pub(super) use rules::Known;
pub use rules::{CopyMode, CopyRules};
