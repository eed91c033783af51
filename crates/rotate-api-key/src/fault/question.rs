//! What decisions ask of a cause. Each answer names variants, and none looks at a code or a text.

use rotation::{Cause, Prospect};

use super::provider_fault::ProviderFault as F;

/// Whether the provider refused the key that was checked.
pub(crate) fn is_key_refused(cause: &Cause) -> bool {
    matches!(cause.as_fault(), Some(F::KeyRefused { .. } | F::KeyGone { .. }))
}

/// Whether a request could not even be written, such as with a placeholder in the place of a key.
pub(crate) fn is_request_unfit(cause: &Cause) -> bool {
    matches!(cause.as_fault(), Some(F::RequestUnfit { .. }))
}

/// Whether the provider knows who is asking, and refuses what is asked for.
pub(crate) fn is_refused(cause: &Cause) -> bool {
    matches!(
        cause.as_fault(),
        Some(F::ProviderRefused { .. } | F::NotThere { .. } | F::ErrorInside { .. })
    )
}

/// Whether the provider does not accept the credential of the call.
pub(crate) fn is_credential_refused(cause: &Cause) -> bool {
    matches!(cause.as_fault(), Some(F::ProviderCredentialRefused { .. }))
}

/// Whether AWS says that what the call is about is not there.
pub(crate) fn is_not_there(cause: &Cause) -> bool {
    matches!(cause.as_fault(), Some(F::NotThere { .. }))
}

/// Whether the key is another account's than the secret says.
pub(crate) fn is_key_elsewhere(cause: &Cause) -> bool {
    matches!(cause.as_fault(), Some(F::KeyOfAnotherAccount { .. }))
}

/// Whether a check says neither that a key works nor that it is refused, and would say the same again.
pub(crate) fn shows_nothing(cause: &Cause) -> bool {
    let unclear = matches!(
        cause.as_fault(),
        Some(F::KeyOfAnotherAccount { .. } | F::KeyCheckUnclear { .. } | F::RequestUnfit { .. })
    );
    unclear && cause.prospect() != Prospect::Transient
}
