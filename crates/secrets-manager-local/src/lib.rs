//! x
pub mod api;
pub mod schedule;
pub mod state;

/// The region of every ARN.
pub const REGION: &str = "us-east-1";
/// The account of every ARN.
pub const ACCOUNT: &str = "000000000000";
