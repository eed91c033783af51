//! What can go wrong with a PostgreSQL server: the causes, their codes, and what to do about each.
//!
//! What can go wrong with a superuser secret, with the RDS API or between two users is in `admin`, `rds` and `alternating`.

mod advice;
mod postgres;
mod said;

pub use self::postgres::CODES;
pub(crate) use self::postgres::PostgresFault;
pub(crate) use self::said::{Attempts, Hint, Said, Tried};

#[cfg(test)]
mod tests;
