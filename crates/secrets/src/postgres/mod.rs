//! The credentials of a PostgreSQL user, in each form in which they are stored: JSON or a URL.
//! API keys are next door, in `key.rs`; JSON as such, and TLS modes, are not specific to PostgreSQL.

mod account;
mod copies;
mod document;
mod fields;
mod reference;
mod secret;
mod url;

pub(crate) use url::is_url;

pub use copies::{CopyMode, CopyRules, Doubt};
pub use reference::FIELDS;
pub use secret::{PostgresSecret, Rotated};
