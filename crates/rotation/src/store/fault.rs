//! What Secrets Manager refuses, and why.

use outbound::TrustError;
use std::borrow::Cow;
use std::error::Error as StdError;

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};

use crate::fault::{Fault, Kind, Prospect};
use crate::refusal::Refusal;

use super::roles::NOT_ASSUMED;

/// What a call to Secrets Manager came to, if not to an answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    /// There is no such secret, or it is in another region or account.
    #[error("secrets manager finds no secret {secret} with a current value")]
    SecretNotFound {
        /// The secret asked for.
        secret: String,
    },
    /// The secret is scheduled for deletion.
    #[error("the secret {secret} is marked for deletion")]
    SecretDeleted {
        /// The secret asked for.
        secret: String,
    },
    /// IAM or a resource policy says no.
    #[error("{operation} on {secret} is not permitted: {message}")]
    PermissionDenied {
        /// The call.
        operation: &'static str,
        /// The secret asked for.
        secret: String,
        /// AWS's words.
        message: String,
    },
    /// The function's own credentials are not accepted: no policy is asked.
    #[error("{operation} on {secret}: the function's credentials are not accepted: {message}")]
    CredentialsRefused {
        /// The call.
        operation: &'static str,
        /// The secret asked for.
        secret: String,
        /// AWS's code and words.
        message: String,
    },
    /// The call could not even be made: no region, no credentials, an endpoint that is none.
    #[error("{operation} could not be sent: {message}")]
    NotSent {
        /// The call.
        operation: &'static str,
        /// The SDK's words.
        message: String,
    },
    /// `AWS_CA_BUNDLE` is no file of certificates.
    #[error("AWS_CA_BUNDLE {problem}")]
    CaBundle {
        /// What is wrong with it.
        problem: TrustError,
    },
    /// The roles to assume are no roles.
    #[error("ASSUME_ROLE_ARN and ASSUME_ROLE_EXTERNAL_ID cannot be used: {problem}")]
    RoleInvalid {
        /// What is wrong with them.
        problem: String,
    },
    /// A role on the way to the secret's account could not be assumed.
    #[error("{operation} on {secret}: {message}")]
    RoleNotAssumed {
        /// The call.
        operation: &'static str,
        /// The secret asked for.
        secret: String,
        /// The role, and STS's words.
        message: String,
    },
    /// The secret's KMS key cannot be used.
    #[error("{operation} on {secret} cannot use the secret's KMS key: {message}")]
    KmsDenied {
        /// The call.
        operation: &'static str,
        /// The secret asked for.
        secret: String,
        /// AWS's words.
        message: String,
    },
    /// Too many calls, and retries did not help.
    #[error("{operation} on {secret} was throttled")]
    Throttled {
        /// The call.
        operation: &'static str,
        /// The secret asked for.
        secret: String,
    },
    /// No answer: name look-up, route, TLS, time.
    #[error("{operation} got no answer from secrets manager: {message}")]
    Unreachable {
        /// The call.
        operation: &'static str,
        /// What the connection came to.
        message: String,
    },
    /// Another error of the service.
    #[error("{operation} on {secret} failed: {message}")]
    Failed {
        /// The call.
        operation: &'static str,
        /// The secret asked for.
        secret: String,
        /// AWS's code and words.
        message: String,
    },
    /// The version holds SecretBinary.
    #[error("the value of {secret} is binary, not text")]
    Binary {
        /// The secret.
        secret: String,
    },
    /// AWSCURRENT moved between the reading and the swap.
    #[error("AWSCURRENT is no longer on the version it was read from")]
    PromoteConflict,
}

impl StoreFault {
    /// The code of [`StoreFault::Binary`].
    pub(crate) const BINARY: &str = "SecretIsBinary";
}

impl Fault for StoreFault {
    fn code(&self) -> &'static str {
        match self {
            Self::SecretNotFound { .. } => "SecretNotFound",
            Self::SecretDeleted { .. } => "SecretDeleted",
            Self::PermissionDenied { .. } | Self::CredentialsRefused { .. } => "PermissionDenied",
            Self::NotSent { .. } | Self::CaBundle { .. } | Self::RoleInvalid { .. } => "ConfigurationInvalid",
            Self::RoleNotAssumed { .. } => "RoleNotAssumed",
            Self::KmsDenied { .. } => "KmsDenied",
            Self::Throttled { .. } => "Throttled",
            Self::Unreachable { .. } => "SecretsManagerUnreachable",
            Self::Failed { .. } => "SecretsManagerFailed",
            Self::Binary { .. } => Self::BINARY,
            Self::PromoteConflict => "PromoteConflict",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::SecretNotFound { .. } | Self::SecretDeleted { .. } | Self::PromoteConflict => {
                Kind::Rotation
            }
            Self::PermissionDenied { .. }
            | Self::CredentialsRefused { .. }
            | Self::RoleNotAssumed { .. }
            | Self::KmsDenied { .. } => Kind::Permission,
            Self::NotSent { .. } | Self::CaBundle { .. } | Self::RoleInvalid { .. } => Kind::Configuration,
            Self::Throttled { .. } => Kind::Throttling,
            Self::Unreachable { .. } => Kind::Network,
            Self::Failed { .. } => Kind::Server,
            Self::Binary { .. } => Kind::Document,
        }
    }

    fn remedy(&self) -> Cow<'_, str> {
        match self {
            Self::SecretNotFound { .. } => {
                "check the ARN, the region and the account; a secret of another account needs its full ARN".into()
            }
            Self::SecretDeleted { .. } => "restore it (aws secretsmanager restore-secret); after that its rotation can be repeated or cancelled".into(),
            Self::PermissionDenied { operation, .. } => format!(
                "allow secretsmanager:{operation} on this secret in the function's role, and in the secret's resource policy if it has one"
            )
            .into(),
            Self::CredentialsRefused { .. } => {
                "check that the function's role still exists and is of the secret's partition; a new sandbox gets new credentials, and no policy is the cause".into()
            }
            Self::NotSent { .. } => {
                "give the function a region (AWS_REGION) and a role, as Lambda does; if an endpoint is set, check that it is a URL".into()
            }
            Self::CaBundle { .. } => "let it name a readable PEM file of certificates, or remove the variable".into(),
            Self::RoleInvalid { .. } => {
                "name whole ARNs of roles (arn:aws:iam::222222222222:role/rotator), separated by commas, and at most one external id for each".into()
            }
            Self::RoleNotAssumed { .. } => {
                "let that role's trust policy name the role before it (the function's own, if it is the first) and the external id of ASSUME_ROLE_EXTERNAL_ID, and let the role before it call sts:AssumeRole; in a VPC, STS needs a way too".into()
            }
            Self::KmsDenied { .. } => {
                "allow kms:Decrypt and kms:GenerateDataKey on the secret's key to the function's role, in the role and in the key's policy".into()
            }
            Self::Throttled { .. } => {
                "rotate fewer secrets at once: the account shares 50 writes a second; spread the schedules' windows".into()
            }
            Self::Unreachable { .. } => {
                "give the function a way to secrets manager: a VPC needs the interface endpoint or a NAT gateway, and the security groups must let port 443 through".into()
            }
            Self::Failed { .. } => "see the message; Secrets Manager tries the rotation again".into(),
            Self::Binary { .. } => "store the document as SecretString".into(),
            Self::PromoteConflict => "nothing: Secrets Manager tries the rotation again".into(),
        }
    }

    fn prospect(&self) -> Prospect {
        match self {
            Self::PromoteConflict => Prospect::Stale,
            _ => Prospect::Permanent,
        }
    }
}

/// Reads an error of the SDK.
pub(super) fn classify<E, R>(operation: &'static str, secret: &str, error: &SdkError<E, R>) -> StoreFault
where
    E: ProvideErrorMetadata + StdError + 'static,
    R: std::fmt::Debug,
{
    refusal(operation, secret, Refusal::of(error))
}

fn refusal(operation: &'static str, secret: &str, refusal: Refusal) -> StoreFault {
    let secret = secret.to_owned();
    match refusal {
        Refusal::NotSent(message) | Refusal::Unreachable(message) if message.contains(NOT_ASSUMED) => {
            let from = message.find("the role ").unwrap_or_default();
            StoreFault::RoleNotAssumed {
                operation,
                secret,
                message: message[from..].to_owned(),
            }
        }
        Refusal::NotSent(message) => StoreFault::NotSent { operation, message },
        Refusal::Unreachable(message) => StoreFault::Unreachable { operation, message },
        Refusal::Throttled => StoreFault::Throttled { operation, secret },
        Refusal::Denied(message) if message.to_ascii_lowercase().contains("kms") => StoreFault::KmsDenied {
            operation,
            secret,
            message,
        },
        Refusal::Denied(message) => StoreFault::PermissionDenied {
            operation,
            secret,
            message,
        },
        Refusal::Stranger(message) => StoreFault::CredentialsRefused {
            operation,
            secret,
            message,
        },
        Refusal::Unreadable => StoreFault::Failed {
            operation,
            secret,
            message: "the answer could not be read".to_owned(),
        },
        Refusal::Other { code, message } => other(operation, secret, code, message),
    }
}

/// The errors that are Secrets Manager's own.
fn other(operation: &'static str, secret: String, code: String, message: String) -> StoreFault {
    match code.as_str() {
        "ResourceNotFoundException" => StoreFault::SecretNotFound { secret },
        "InvalidRequestException"
            if message.contains("marked for deletion") || message.contains("marked deleted") =>
        {
            StoreFault::SecretDeleted { secret }
        }
        "DecryptionFailure" | "EncryptionFailure" => StoreFault::KmsDenied {
            operation,
            secret,
            message,
        },
        // A value that is refused could be quoted: of a write only the code is repeated.
        _ if operation == "PutSecretValue" => StoreFault::Failed {
            operation,
            secret,
            message: code,
        },
        _ => StoreFault::Failed {
            operation,
            secret,
            message: format!("{code}: {message}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_secretsmanager::error::ErrorMetadata;

    fn refused(operation: &'static str, code: &str, message: &str) -> StoreFault {
        let said = ErrorMetadata::builder().code(code).message(message).build();
        refusal(operation, "orders/db", Refusal::said(&said))
    }

    #[track_caller]
    fn check(code: &str, message: &str, expected: &str) {
        assert_eq!(refused("GetSecretValue", code, message).code(), expected);
    }

    #[test]
    fn refusals_are_told_apart() {
        check(
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret.",
            "SecretNotFound",
        );
        check(
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
            "SecretDeleted",
        );
        check(
            "InvalidRequestException",
            "something else",
            "SecretsManagerFailed",
        );
        check(
            "AccessDeniedException",
            "User: u is not authorized to perform: x",
            "PermissionDenied",
        );
        check(
            "AccessDeniedException",
            "Access to KMS is not allowed",
            "KmsDenied",
        );
        check("DecryptionFailure", "the key is disabled", "KmsDenied");
        check("ThrottlingException", "Rate exceeded", "Throttled");
        check("ExpiredTokenException", "expired", "PermissionDenied");
        check("InternalServiceError", "oops", "SecretsManagerFailed");
    }

    #[test]
    fn a_denial_names_the_action_to_allow() {
        let fault = refused(
            "PutSecretValue",
            "AccessDeniedException",
            "User: u is not authorized",
        );
        assert!(fault.remedy().starts_with("allow secretsmanager:PutSecretValue"));
        let stranger = refused(
            "PutSecretValue",
            "ExpiredTokenException",
            "The token has expired.",
        );
        assert!(!stranger.remedy().contains("allow"));
        assert_eq!(
            fault.to_string(),
            "PutSecretValue on orders/db is not permitted: User: u is not authorized"
        );
    }

    #[test]
    fn of_a_refused_write_only_the_code_is_repeated() {
        let fault = refused(
            "PutSecretValue",
            "ValidationException",
            "Value 'canary' at 'secretString'",
        );
        assert!(!fault.to_string().contains("canary"));
        assert!(fault.to_string().contains("ValidationException"));
    }

    #[test]
    fn a_message_is_one_line_of_bounded_length() {
        let fault = refused("GetSecretValue", "Odd", &format!("a\nb{}", "x".repeat(5000)));
        let words = fault.to_string();
        assert!(!words.contains('\n') && words.len() < 500);
    }
}
