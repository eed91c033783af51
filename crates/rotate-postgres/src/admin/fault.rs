//! What can be wrong with an admin, in addition to what can be wrong with any login.

use std::fmt;

use postgres_protocol::escape::escape_identifier;
use rotation::{Advice, Fault, Kind};
use strum::VariantNames;

use crate::fault::Said;
use crate::settings::iam_hosts::Hosts;
use crate::settings::superuser_secrets::SuperuserSecrets;

/// Every code of an `AdminFault`.
pub const CODES: &[&str] = AdminFault::VARIANTS;

/// Why there is no admin's session. `server` is `host:port`.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
pub(crate) enum AdminFault {
    /// The environment names an admin that logs in with a token, and does not say that it may go to this host.
    #[error("the environment does not allow a login token of {role:?} for {server}")]
    #[strum(serialize = "SuperuserHostNotAllowed")]
    HostNotAllowed { role: String, server: String },
    /// The environment names the very role as the admin.
    #[error("ADMIN_IAM_USERNAME names the very role {role:?} that is to be rotated")]
    #[strum(serialize = "SuperuserIsTheUser")]
    IsTheUser { role: String },
    /// The server looked at the admin's credential, and refused it. `secret` is none for a token.
    #[error("the superuser role {role:?} {} cannot log in at {server}: {said}", With(secret.as_deref()))]
    #[strum(serialize = "SuperuserLoginRefused")]
    LoginRefused {
        secret: Option<String>,
        role: String,
        server: String,
        said: Said,
    },
    /// The secret names a superuser secret that the environment does not list. It was not read.
    #[error(
        "`masterarn` names {secret}, which {} of the function does not allow",
        SuperuserSecrets::NAME
    )]
    #[strum(serialize = "SuperuserSecretNotAllowed")]
    SecretNotAllowed { secret: String },
    /// The superuser secret itself is wrong. Of its value nothing is shown.
    #[error("the superuser secret {secret} cannot be used: its value is wrong ({code})")]
    #[strum(serialize = "SuperuserSecretUnusable")]
    SecretUnusable {
        secret: String,
        code: &'static str,
        remedy: String,
    },
    /// The proxy has a list of passwords of its own.
    #[error("{server} is an RDS Proxy, which knows the current password only and would refuse the new one")]
    ProxyInTheWay { server: String },
}

/// By what the admin logs in.
struct With<'a>(Option<&'a str>);

impl fmt::Display for With<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(secret) => write!(f, "of the secret {secret}"),
            None => f.write_str("of ADMIN_IAM_USERNAME"),
        }
    }
}

impl Fault for AdminFault {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn advice(&self) -> Advice<'_> {
        match self {
            Self::HostNotAllowed { .. } => Advice::new(
                Kind::Configuration,
                format!(
                    "add the host to {}, or the end of the names of your account's endpoints, such as *abcdefghijkl.eu-central-1.rds.amazonaws.com; or name a superuser secret in `masterarn`",
                    Hosts::NAME
                ),
            ),
            Self::IsTheUser { .. } => Advice::new(
                Kind::Configuration,
                "let ADMIN_IAM_USERNAME name another role, one that may alter this one",
            ),
            Self::LoginRefused { secret: Some(_), .. } => Advice::new(
                Kind::Login,
                "write the superuser role's right password into its secret, or rotate that secret; if it is right, let pg_hba.conf admit the function's subnets",
            ),
            Self::LoginRefused { role, .. } => Advice::new(
                Kind::Login,
                format!(
                    "GRANT rds_iam TO {}; allow rds-db:connect on this role of this database (its resource id) to the function's role; and turn IAM database authentication on for the cluster or instance",
                    escape_identifier(role)
                ),
            ),
            Self::SecretNotAllowed { .. } => Advice::new(
                Kind::Configuration,
                format!(
                    "if every secret of this function may use that superuser secret, add its ARN to {} (SuperuserSecretArn of the template); otherwise correct `masterarn` or remove it",
                    SuperuserSecrets::NAME
                ),
            ),
            Self::SecretUnusable { remedy, .. } => {
                Advice::new(Kind::Secret, format!("in the superuser secret: {remedy}"))
            }
            Self::ProxyInTheWay { .. } => Advice::new(
                Kind::Secret,
                "let `host` name the endpoint of the cluster or instance behind the proxy, and let applications reach the proxy by a setting of their own; the proxy learns the new password by itself from this secret, which must be registered with it",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(secret: Option<&str>) -> AdminFault {
        AdminFault::LoginRefused {
            secret: secret.map(str::to_owned),
            role: "ad\"min".to_owned(),
            server: "db:5432".to_owned(),
            said: Said::plain("28000", "no"),
        }
    }

    #[test]
    fn a_refusal_says_by_what_the_admin_logged_in_and_what_that_needs() {
        let by_secret = refused(Some("arn:x"));
        assert_eq!(
            by_secret.to_string(),
            "the superuser role \"ad\\\"min\" of the secret arn:x cannot log in at db:5432: \"no\" (SQLSTATE 28000)"
        );
        let by_token = refused(None);
        assert!(
            by_token
                .to_string()
                .contains("of ADMIN_IAM_USERNAME cannot log in")
        );
        for needed in [
            "GRANT rds_iam TO \"ad\"\"min\"",
            "rds-db:connect",
            "IAM database authentication",
        ] {
            assert!(by_token.advice().remedy.contains(needed), "{needed}");
            assert!(!by_secret.advice().remedy.contains(needed), "{needed}");
        }
    }

    #[test]
    fn every_code_has_its_page_in_the_runbook() {
        for code in CODES {
            let page = format!("{}/../../docs/runbook/{code}.md", env!("CARGO_MANIFEST_DIR"));
            let page = std::fs::read_to_string(page).unwrap_or_else(|error| panic!("{code}.md: {error}"));
            assert!(page.starts_with(&format!("# {code}\n")), "{code}");
        }
    }
}
