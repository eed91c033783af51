//! Which superuser secret a secret leads to, as far as the function's environment allows it. Pure.

use rotation::secrets::PostgresSecret;

use super::fault::AdminFault;
use crate::settings::Settings;

/// The ARN of the superuser secret that a secret names. Every use of `masterarn` goes through here: the secret's value decides nothing
/// that the environment does not allow, and a secret that is not allowed is not even read.
///
/// # Errors
/// `SuperuserSecretNotAllowed`.
pub(super) fn named_in<'a>(
    secret: &'a PostgresSecret,
    settings: &Settings,
) -> Result<Option<&'a str>, AdminFault> {
    match secret.masterarn() {
        Some(arn) if !settings.superuser_secrets.allow(arn) => Err(AdminFault::SecretNotAllowed {
            secret: arn.to_owned(),
        }),
        named => Ok(named),
    }
}
