//! How keys change hands: for each class of providers, its part in the steps of a rotation. How a provider is asked for
//! something, and whether a key works, is known below.

pub(crate) mod chosen;
mod ended;
pub(crate) mod in_place;
pub(crate) mod overlap;
pub(crate) mod staged;

use rotation::Cause;
use rotation::secrets::KeyDocument;

/// What a class does in each step. A step in which a class has nothing to do succeeds.
pub(crate) trait Steps {
    /// createSecret: the value to store as AWSPENDING. If it is stored already, that value.
    async fn propose(&self, current: &KeyDocument) -> Result<KeyDocument, Cause>;

    /// createSecret, if `proposal` was not stored: `staged` is what another createSecret stored, if it did.
    async fn discard(&self, _proposal: &KeyDocument, _staged: Option<&KeyDocument>) -> Result<(), Cause> {
        Ok(())
    }

    /// setSecret: makes the provider accept the pending key.
    async fn apply(&self, _pending: &KeyDocument) -> Result<(), Cause> {
        Ok(())
    }

    /// testSecret, and finishSecret before AWSCURRENT moves: uses the pending key.
    async fn verify(&self, pending: &KeyDocument) -> Result<(), Cause>;

    /// finishSecret, once AWSCURRENT has moved.
    async fn finished(&self) -> Result<(), Cause> {
        Ok(())
    }
}
