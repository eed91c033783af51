//! The proof that a promotion asks for.

use std::future::Future;

use crate::fault::Cause;

/// Proof that the target accepted the pending value in this very invocation: [`Store::promote`](super::Store::promote)
/// cannot be called without it.
#[derive(Debug)]
pub(crate) struct Verified(());

impl Verified {
    /// Runs `check`, a use of the pending value. The only way to a proof.
    ///
    /// # Errors
    /// Those of `check`.
    pub(crate) async fn by(check: impl Future<Output = Result<(), Cause>>) -> Result<Self, Cause> {
        check.await.map(Self)
    }
}
