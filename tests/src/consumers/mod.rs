//! Who reads the secrets: programs in the consumers' own languages (`tests/consumers`), with their secrets as their documentation
//! prints them, through rotations by the real functions. [`CONSUMERS`] lists them, [`postgres`] and [`keys`] rotate their secrets,
//! [`cache`] measures what a credential that is kept costs.

pub mod cache;
mod consumer;
mod form;
pub mod keys;
pub mod postgres;
mod program;

pub use consumer::{CONSUMERS, Consumer, Row, Strategy};
