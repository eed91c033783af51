//! The server over HTTP, with real function processes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod client;
mod faults;
mod functions;
mod program;
mod protocol;
mod questions;
mod regions;
mod remote;
mod rotations;
mod schedules;
mod tools;
mod web_pages;
