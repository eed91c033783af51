//! The secret documents: what a secret's text says, and the same text with another password.
//!
//! A document belongs to its user. [`PostgresSecret::parse`] reads it strictly, so that a bad document is refused before anything
//! is written. [`PostgresSecret::with_password`] changes the bytes of the password and no others: key order, unknown keys, number
//! spelling, escapes and white space stay.
//!
//! ```text
//!             parse                         with_password
//! text ────────────────▶ PostgresSecret ────────────────▶ PostgresSecret ──▶ text()
//!  JSON object            username, host, …                the same form, the same bytes
//!  postgres:// URL        DocumentError                    but for the password's
//!  bare password
//! ```
//!
//! [`KeyDocument`] does the same for an API key: the bare string, or members of a JSON object.
//!
//! # What it is not
//! It has no logger, performs no I/O and knows neither AWS nor a database. No `Debug`, no `Display` and no error shows a password, or
//! quotes the text around it.
//!
//! # Where to start
//! [`PostgresSecret`] and [`KeyDocument`] are the two kinds of document; [`DocumentError`] is all that can be wrong with one.
//!
//! ```
//! use password::Password;
//! use secrets::PostgresSecret;
//!
//! let text = r#"{"username": "app", "password": "old", "port": 5432, "note": "\u00fc"}"#;
//! let current = PostgresSecret::parse(&text.into())?;
//! let pending = current.with_password(&Password::from("new\"".to_owned()))?;
//! assert_eq!(pending.username(), "app");
//! pending.same_account_as(&current)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod binary;
mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod json;
mod key;
mod percent;
mod postgres;
mod shown;
mod text;
mod tls;

pub use binary::text_of_binary;
pub use error::{DocumentError, MAX_BYTES, Mismatch, NotJson, UrlProblem, codes};
pub use key::KeyDocument;
pub use postgres::{CopyMode, CopyRules, Declared, Doubt, FIELDS, Login, PostgresSecret, Rotated};
pub use tls::TlsMode;
