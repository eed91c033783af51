//! The next password and value of a secret, and what the log says of copies of the credential in it. What a copy is, `secrets` decides.

use rotation::Cause;
use rotation::password::Password;
use rotation::secrets::{DocumentError, PostgresSecret};

use crate::fault::PostgresFault;
use crate::settings::Settings;

/// A password that the secret's form can hold.
///
/// # Errors
/// The policy leaves none, or there are no random numbers.
pub(crate) fn next_password(current: &PostgresSecret, settings: &Settings) -> Result<Password, Cause> {
    let policy = settings.policy.without(current.unfit_characters())?;
    Ok(policy.generate_from_os().map_err(PostgresFault::from)?)
}

/// The value with another credential. Copies of the old one are changed with it, or warned of.
///
/// # Errors
/// The value cannot hold the credential, or a member of `COPY_MEMBERS` is no copy.
pub(crate) fn rotated(
    current: &PostgresSecret,
    user: &str,
    password: &Password,
    settings: &Settings,
) -> Result<PostgresSecret, DocumentError> {
    let rotated = current.rotated(user, password, &settings.copies)?;
    if !rotated.changed.is_empty() {
        tracing::info!(
            "copies that change with the credential: {}",
            rotated.changed.join(", ")
        );
    }
    for doubt in &rotated.doubts {
        tracing::warn!("the secret's {doubt}; a rotation leaves it as it is");
    }
    Ok(rotated.secret)
}
