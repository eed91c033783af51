//! What a fault is matched against.

use crate::api::Operation;

/// A call, as far as faults look at it.
pub(crate) struct Call<'a> {
    pub(crate) operation: Operation,
    pub(crate) function: Option<&'a str>,
    pub(crate) step: Option<&'a str>,
    /// Names and ARNs of the secrets that the call concerns.
    pub(crate) secrets: &'a [&'a str],
}
