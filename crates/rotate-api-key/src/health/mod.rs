//! Whether a key works, and whether it belongs to the account that the secret names. Nothing here changes a key.

pub(crate) mod check;
pub(crate) mod ownership;

pub(crate) use check::{HOPELESS, Health, Pauses, gone, settled};
