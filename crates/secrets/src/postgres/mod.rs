//! The credentials of a PostgreSQL user, in each form in which they are stored: JSON, a URL, or the bare password.
//! API keys are next door, in `key.rs`; JSON as such, and TLS modes, are not specific to PostgreSQL.

mod account;
mod bare;
mod base64;
mod copies;
mod declared;
mod document;
mod fields;
mod reference;
mod secret;
mod url;

pub(crate) use url::is_url;

pub use copies::{CopyMode, CopyRules, Doubt};
pub use declared::{Declared, Login};
pub use reference::FIELDS;
pub use secret::{PostgresSecret, Rotated};
