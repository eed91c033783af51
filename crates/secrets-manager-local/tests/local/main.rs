//! The server over HTTP, with real function processes.

mod client;
mod faults;
mod functions;
mod program;
mod protocol;
mod rotations;
mod schedules;
