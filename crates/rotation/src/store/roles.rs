//! The roles that the function assumes, in their order, to reach secrets of another AWS account.
//!
//! Secrets Manager proves a rotation through an assumed role by its RotationToken, which PutSecretValue passes on.

use std::fmt;

use aws_config::SdkConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

use super::fault::StoreFault;
use super::not_assumed::NotAssumed;

/// What the assumed sessions are called in `CloudTrail`.
const SESSION: &str = "keywheel";

/// A role, and the external id that its trust policy may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Role {
    arn: String,
    external_id: Option<String>,
}

/// The chain that `ASSUME_ROLE_ARN` and `ASSUME_ROLE_EXTERNAL_ID` name. Both are lists with commas, in the order in which the roles
/// are assumed. An external id may be empty, and the last ones may be missing.
///
/// # Errors
/// A name is not the ARN of a role, or there are more external ids than roles.
pub(super) fn from_env(set: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Role>, StoreFault> {
    let arns = set("ASSUME_ROLE_ARN").unwrap_or_default();
    let ids = set("ASSUME_ROLE_EXTERNAL_ID").unwrap_or_default();
    let mut ids = ids
        .split(',')
        .map(|id| Some(id.trim()).filter(|id| !id.is_empty()));
    let names = arns.split(',').map(str::trim).filter(|_| !arns.trim().is_empty());
    let roles: Vec<Role> = names
        .map(|arn| {
            is_role(arn)
                .then(|| Role {
                    arn: arn.to_owned(),
                    external_id: ids.next().flatten().map(str::to_owned),
                })
                .ok_or_else(|| invalid(format!("{arn:?} is no role's ARN")))
        })
        .collect::<Result<_, _>>()?;
    if ids.any(|id| id.is_some()) {
        return Err(invalid("there are more external ids than roles".to_owned()));
    }
    Ok(roles)
}

fn is_role(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts[..], ["arn", _, "iam", "", account, name]
        if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) && name.starts_with("role/"))
}

fn invalid(problem: String) -> StoreFault {
    StoreFault::RoleInvalid { problem }
}

/// Credentials of the last role of the chain; `None` if there is no chain. Makes no call yet.
pub(super) async fn assume(shared: &SdkConfig, roles: Vec<Role>) -> Option<SharedCredentialsProvider> {
    let mut before = shared.credentials_provider()?;
    let any = !roles.is_empty();
    for role in roles {
        let mut builder = AssumeRoleProvider::builder(&role.arn)
            .configure(shared)
            .session_name(SESSION);
        if let Some(id) = role.external_id {
            builder = builder.external_id(id);
        }
        let provider = builder.build_from_provider(before).await;
        before = SharedCredentialsProvider::new(Assumed {
            role: role.arn,
            provider,
        });
    }
    any.then_some(before)
}

/// A role's credentials, whose errors name the role.
struct Assumed {
    role: String,
    provider: AssumeRoleProvider,
}

impl fmt::Debug for Assumed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assumed")
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl ProvideCredentials for Assumed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let credentials = self.provider.provide_credentials().await;
            credentials.map_err(|source| {
                let role = self.role.clone();
                CredentialsError::provider_error(NotAssumed { role, source })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUB: &str = "arn:aws:iam::111111111111:role/hub";
    const ROTATOR: &str = "arn:aws:iam::222222222222:role/path/rotator";

    fn read(arns: &str, ids: &str) -> Result<Vec<Role>, String> {
        let get = |name: &str| match name {
            "ASSUME_ROLE_ARN" => Some(arns.to_owned()),
            "ASSUME_ROLE_EXTERNAL_ID" => Some(ids.to_owned()),
            _ => None,
        };
        from_env(&get).map_err(|fault| fault.to_string())
    }

    fn role(arn: &str, external_id: Option<&str>) -> Role {
        Role {
            arn: arn.to_owned(),
            external_id: external_id.map(str::to_owned),
        }
    }

    #[test]
    fn without_a_setting_no_role_is_assumed() {
        assert_eq!(from_env(&|_| None).unwrap(), []);
        assert_eq!(read("", ""), Ok(vec![]));
    }

    #[test]
    fn roles_and_external_ids_go_together_in_their_order() {
        assert_eq!(read(HUB, "id"), Ok(vec![role(HUB, Some("id"))]));
        let both = format!("{HUB}, {ROTATOR}");
        assert_eq!(
            read(&both, ",id"),
            Ok(vec![role(HUB, None), role(ROTATOR, Some("id"))])
        );
        assert_eq!(
            read(&both, "id"),
            Ok(vec![role(HUB, Some("id")), role(ROTATOR, None)])
        );
        assert_eq!(
            read(&both, "a,b,"),
            Ok(vec![role(HUB, Some("a")), role(ROTATOR, Some("b"))])
        );
    }

    #[test]
    fn what_is_no_role_is_told() {
        for wrong in [
            "rotator",
            "arn:aws:iam::222222222222:user/rotator",
            "arn:aws:iam::22222:role/rotator",
            "arn:aws:sts::222222222222:assumed-role/rotator/x",
            &format!("{HUB},"),
        ] {
            let told = read(wrong, "").unwrap_err();
            assert!(told.contains("is no role's ARN"), "{wrong}: {told}");
        }
    }

    #[test]
    fn an_external_id_without_a_role_is_told() {
        assert!(
            read(HUB, "a,b")
                .unwrap_err()
                .contains("more external ids than roles")
        );
        assert!(
            read("", "a")
                .unwrap_err()
                .contains("more external ids than roles")
        );
    }
}
