//! The error of a role that could not be assumed, and how it is found again in the error of a call.

use std::error::Error as StdError;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;

use crate::fault::{chain, sources};

/// A role that could not be assumed.
#[derive(thiserror::Error)]
#[error("the role {role} could not be assumed")]
pub(super) struct NotAssumed {
    pub(super) role: String,
    pub(super) source: CredentialsError,
}

/// As `Display`: the `Debug` of its source may hold the raw response of STS.
impl fmt::Debug for NotAssumed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which role could not be assumed, in STS's words, if that is why a call failed. In a chain of roles the innermost error is that
/// of the role that failed: the later roles only pass it on.
pub(super) fn not_assumed(error: &(dyn StdError + 'static)) -> Option<String> {
    let roles = sources(error).filter(|source| source.is::<NotAssumed>());
    roles.last().map(chain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUB: &str = "arn:aws:iam::111111111111:role/hub";
    const ROTATOR: &str = "arn:aws:iam::222222222222:role/path/rotator";

    #[test]
    fn of_a_chain_the_role_that_failed_is_named() {
        let failed = |role: &str, source| {
            let role = role.to_owned();
            CredentialsError::provider_error(NotAssumed { role, source })
        };
        let told = |error: &CredentialsError| not_assumed(error).unwrap();
        let first = failed(HUB, CredentialsError::provider_error("AccessDenied"));
        assert!(told(&first).starts_with(&format!("the role {HUB} could not be assumed: ")));
        let second = told(&failed(ROTATOR, first));
        assert!(
            second.starts_with(&format!("the role {HUB} could not be assumed: ")),
            "{second}"
        );
        assert_eq!(second.matches("could not be assumed").count(), 1, "{second}");
    }
}
