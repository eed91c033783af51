//! The descriptions that are inside the function, by provider.

/// Provider and text, sorted.
pub const SHIPPED: &[(&str, &str)] = &[("aws-iam", include_str!("../providers/aws-iam.toml"))];
