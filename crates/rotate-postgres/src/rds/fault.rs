//! What the RDS API refuses, and why.

use rotation::{Advice, CallError, Fault, Kind};
use strum::VariantNames;

/// Every code of an `RdsFault`.
pub const CODES: &[&str] = RdsFault::VARIANTS;

/// What a question to the RDS API came to, if not to a server. `what` is such as `the cluster orders`.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
pub(crate) enum RdsFault {
    /// No such cluster or instance.
    #[error("RDS knows no {what} in {region}")]
    #[strum(serialize = "RdsNotFound")]
    NotFound { what: String, region: String },
    /// There is one of this identifier, with other endpoints: the name is another account's, or an old one.
    #[error("{what} of this account has no endpoint {host}")]
    #[strum(serialize = "RdsNotFound")]
    NotItsEndpoint { what: String, host: String },
    /// It cannot be reached yet, or any more.
    #[error("{what} has no endpoint at present; its state is {state}")]
    #[strum(serialize = "RdsNotFound")]
    NoEndpoint { what: String, state: String },
    /// The primary of a replica in another region.
    #[error("{what} is a read replica of {source_arn}, in another region")]
    #[strum(serialize = "ReadOnlyStandby")]
    SourceElsewhere { what: String, source_arn: String },
    /// IAM says no.
    #[error("{operation} on {what} is not permitted: {message}")]
    #[strum(serialize = "PermissionDenied")]
    Denied {
        operation: &'static str,
        what: String,
        message: String,
    },
    /// The function's own credentials are not accepted.
    #[error("{operation} on {what}: the function's credentials are not accepted: {message}")]
    #[strum(serialize = "PermissionDenied")]
    CredentialsRefused {
        operation: &'static str,
        what: String,
        message: String,
    },
    /// No region, no credentials, an endpoint that is none.
    #[error("{operation} could not be sent: {message}")]
    #[strum(serialize = "ConfigurationInvalid")]
    NotSent {
        operation: &'static str,
        message: String,
    },
    /// Too many calls.
    #[error("{operation} on {what} was throttled")]
    Throttled { operation: &'static str, what: String },
    /// No answer.
    #[error("{operation} got no answer from RDS: {message}")]
    #[strum(serialize = "RdsUnreachable")]
    Unreachable {
        operation: &'static str,
        message: String,
    },
    /// Another error of the service.
    #[error("{operation} on {what} failed: {message}")]
    #[strum(serialize = "RdsFailed")]
    Failed {
        operation: &'static str,
        what: String,
        message: String,
    },
    /// The SDK could not sign a token.
    #[error("no login token could be made for {what}: {message}")]
    #[strum(serialize = "ConfigurationInvalid")]
    NoToken { what: String, message: String },
}

impl RdsFault {
    /// What `operation` on `what` was refused for.
    pub(super) fn of(operation: &'static str, what: &str, region: &str, refusal: CallError) -> Self {
        let what = what.to_owned();
        match refusal {
            CallError::Denied(message) => Self::Denied {
                operation,
                what,
                message,
            },
            CallError::CredentialsRefused(message) => Self::CredentialsRefused {
                operation,
                what,
                message,
            },
            CallError::Throttled => Self::Throttled { operation, what },
            CallError::Unreachable(message) => Self::Unreachable { operation, message },
            CallError::NotSent(message) => Self::NotSent { operation, message },
            CallError::Unreadable => Self::Failed {
                operation,
                what,
                message: "the answer could not be read".to_owned(),
            },
            CallError::Other { code, .. }
                if code.starts_with("DBInstanceNotFound") || code.starts_with("DBClusterNotFound") =>
            {
                Self::not_found(&what, region)
            }
            CallError::Other { code, message } => Self::Failed {
                operation,
                what,
                message: format!("{code}: {message}"),
            },
        }
    }

    pub(super) fn not_found(what: &str, region: &str) -> Self {
        // The article belongs to what is there.
        let what = what.strip_prefix("the ").unwrap_or(what).to_owned();
        let region = region.to_owned();
        Self::NotFound { what, region }
    }
}

impl Fault for RdsFault {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn advice(&self) -> Advice<'_> {
        match self {
            Self::NotFound { .. } | Self::NotItsEndpoint { .. } => Advice::new(
                Kind::Secret,
                "check `host` in the secret: it must name an endpoint of a cluster or instance in the function's own account and region",
            ),
            Self::NoEndpoint { .. } => Advice::new(
                Kind::Server,
                "wait until it is available, or start it; Secrets Manager tries the rotation again",
            ),
            Self::SourceElsewhere { .. } => Advice::new(
                Kind::Server,
                "rotate in the region of the primary, with a secret that names it (RDS: the source instance)",
            ),
            Self::Denied { operation, .. } => Advice::new(
                Kind::Permission,
                format!("allow rds:{operation} to the function's role, on this resource or on all"),
            ),
            Self::CredentialsRefused { .. } => Advice::new(
                Kind::Permission,
                "check that the function's role still exists and is of the database's partition; no policy is the cause",
            ),
            Self::NotSent { .. } | Self::NoToken { .. } => Advice::new(
                Kind::Configuration,
                "give the function a region (AWS_REGION) and a role, as Lambda does; if an endpoint is set (AWS_ENDPOINT_URL_RDS), check that it is a URL",
            ),
            Self::Throttled { .. } => Advice::new(
                Kind::Throttling,
                "rotate fewer secrets at once, or spread the schedules' windows; the RDS API is shared by the whole account",
            ),
            Self::Unreachable { .. } => Advice::new(
                Kind::Network,
                "give the function network access to the RDS API: a VPC needs the interface endpoint com.amazonaws.REGION.rds or a NAT gateway; or write `host` into the secret and its superuser secret, so that nobody needs to be asked",
            ),
            Self::Failed { .. } => Advice::new(
                Kind::Server,
                "see the message; Secrets Manager tries the rotation again",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str, message: &str) -> RdsFault {
        let refusal = match code {
            "AccessDenied" => CallError::Denied(message.to_owned()),
            "Throttling" => CallError::Throttled,
            _ => CallError::Other {
                code: code.to_owned(),
                message: message.to_owned(),
            },
        };
        RdsFault::of("DescribeDBClusters", "the cluster orders", "us-east-1", refusal)
    }

    #[test]
    fn refusals_are_told_apart() {
        for (code, expected) in [
            ("AccessDenied", "PermissionDenied"),
            ("Throttling", "Throttled"),
            ("DBClusterNotFoundFault", "RdsNotFound"),
            ("DBInstanceNotFound", "RdsNotFound"),
            ("DBInstanceNotFoundFault", "RdsNotFound"),
            ("InternalFailure", "RdsFailed"),
        ] {
            assert_eq!(refused(code, "words").code(), expected, "{code}");
        }
    }

    #[test]
    fn a_denial_names_the_action_to_allow() {
        let fault = refused("AccessDenied", "User: u is not authorized");
        assert!(fault.advice().remedy.contains("allow rds:DescribeDBClusters"));
        assert_eq!(
            fault.to_string(),
            "DescribeDBClusters on the cluster orders is not permitted: User: u is not authorized"
        );
    }

    #[test]
    fn what_is_not_there_is_named_with_its_region() {
        let fault = refused("DBClusterNotFoundFault", "gone");
        assert_eq!(fault.to_string(), "RDS knows no cluster orders in us-east-1");
    }
}
