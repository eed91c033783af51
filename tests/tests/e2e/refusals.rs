//! Bad input: a clear error, and labels and database as they were.
//!
//! Everything about the document and the settings is found out in createSecret, before anything is written.

mod configuration;
mod documents;
mod permissions;
mod tokens;
