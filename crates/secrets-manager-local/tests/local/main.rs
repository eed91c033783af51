//! The server over HTTP, with real function processes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod browser;
mod client;
mod faults;
mod functions;
mod page;
mod program;
mod protocol;
mod questions;
mod regions;
mod remote;
mod rotations;
mod schedules;
mod tools;
mod web_pages;
