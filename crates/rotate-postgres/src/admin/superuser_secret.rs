//! Which superuser secret a secret leads to, as far as the function's environment allows it. Pure.

use rotation::secrets::PostgresSecret;

use super::fault::AdminFault;
use crate::settings::Settings;

/// The ARN of the superuser secret of the secret `own`: the one that it names, or else the function's. Every use of `masterarn` goes
/// through here: the secret's value decides nothing that the environment does not allow, and a secret that is not allowed is not
/// even read. The function's superuser secret, which may be rotated as well, is not its own.
///
/// # Errors
/// `SuperuserSecretNotAllowed`.
pub(super) fn of<'a>(
    secret: &'a PostgresSecret,
    own: &str,
    settings: &'a Settings,
) -> Result<Option<&'a str>, AdminFault> {
    match secret.masterarn() {
        Some(arn) if !settings.superuser_secrets.allow(arn) => Err(AdminFault::SecretNotAllowed {
            secret: arn.to_owned(),
        }),
        None => Ok(settings.superuser_secret.as_deref().filter(|arn| *arn != own)),
        named => Ok(named),
    }
}
