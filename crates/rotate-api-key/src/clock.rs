//! The time of day.

use std::time::SystemTime;

/// Now: for expiries, signatures, and how long a key has lived.
#[expect(
    clippy::disallowed_methods,
    reason = "the edge: from here on time is an argument"
)]
pub fn now() -> SystemTime {
    SystemTime::now()
}
