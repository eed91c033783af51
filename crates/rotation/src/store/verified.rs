//! The proof that a promotion asks for.

use std::future::Future;

/// Proof that the target accepted the pending value in this very run: [`Store::promote`](super::Store::promote)
/// cannot be called without it.
#[derive(Debug)]
pub struct Verified(());

impl Verified {
    /// Runs `check`, a use of the pending value. The only way to a proof.
    ///
    /// # Errors
    /// Those of `check`.
    pub async fn by<E>(check: impl Future<Output = Result<(), E>>) -> Result<Self, E> {
        check.await.map(Self)
    }
}
