//! Whether a key works, and whether it belongs to the account that the secret names. Nothing here changes a key.

pub mod check;
pub mod ownership;

pub use check::{HOPELESS, Health, gone, settled};
