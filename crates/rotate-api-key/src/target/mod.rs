//! The target of the function, which chooses each class's part in each step; and, for the command line alone, the trial of a
//! definition by the same code. What a class does is in `class`.

mod api_key;
#[cfg(feature = "trial")]
pub mod trial;

pub use api_key::ApiKey;
