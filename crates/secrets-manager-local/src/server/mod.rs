//! The server as a value: how it is set up, started, asked and stopped.
//!
//! What it answers over HTTP is in `wire`; what it does is in `engine`.

mod builder;
mod in_memory;
mod local;

pub use builder::Builder;
pub use in_memory::InMemory;
pub use local::LocalSecretsManager;
