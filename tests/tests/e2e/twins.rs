//! The same step delivered twice, at once and again.
