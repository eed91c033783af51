//! What Secrets Manager refuses, and why.

use std::error::Error as StdError;

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};

use crate::fault::{Advice, CallError, Fault, Kind, Prospect};

use super::not_assumed::not_assumed;

/// Why a call to Secrets Manager has no answer. `operation` is the call, `message` is in AWS's words.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
pub(crate) enum StoreFault {
    /// There is no such secret, or it is in another region or account.
    #[error("secrets manager finds no secret {secret} with a current value")]
    SecretNotFound { secret: String },
    /// The secret is scheduled for deletion.
    #[error("the secret {secret} is marked for deletion")]
    SecretDeleted { secret: String },
    /// IAM or a resource policy says no.
    #[error("{operation} on {secret} is not permitted: {message}")]
    PermissionDenied {
        operation: &'static str,
        secret: String,
        message: String,
    },
    /// AWS does not accept the function's own credentials. No policy was evaluated.
    #[error("{operation} on {secret}: the function's credentials are not accepted: {message}")]
    #[strum(serialize = "PermissionDenied")]
    CredentialsRefused {
        operation: &'static str,
        secret: String,
        message: String,
    },
    /// The call was not sent: no region, no credentials, or an endpoint that is no URL.
    #[error("{operation} could not be sent: {message}")]
    #[strum(serialize = "ConfigurationInvalid")]
    NotSent {
        operation: &'static str,
        message: String,
    },
    /// `AWS_CA_BUNDLE` is not a file of certificates.
    #[error("AWS_CA_BUNDLE cannot be used: {problem}")]
    #[strum(serialize = "ConfigurationInvalid")]
    CaBundle { problem: String },
    /// `ASSUME_ROLE_ARN` does not name roles, or there are more external ids than roles.
    #[error("ASSUME_ROLE_ARN and ASSUME_ROLE_EXTERNAL_ID cannot be used: {problem}")]
    #[strum(serialize = "ConfigurationInvalid")]
    RoleInvalid { problem: String },
    /// A role on the way to the secret's account could not be assumed. `message` names the role.
    #[error("{operation} on {secret}: {message}")]
    RoleNotAssumed {
        operation: &'static str,
        secret: String,
        message: String,
    },
    /// The secret's KMS key cannot be used.
    #[error("{operation} on {secret} cannot use the secret's KMS key: {message}")]
    KmsDenied {
        operation: &'static str,
        secret: String,
        message: String,
    },
    /// Too many calls, and the SDK's retries did not help.
    #[error("{operation} on {secret} was throttled")]
    Throttled { operation: &'static str, secret: String },
    /// No answer: name look-up, route, TLS or time limit.
    #[error("{operation} got no answer from secrets manager: {message}")]
    SecretsManagerUnreachable {
        operation: &'static str,
        message: String,
    },
    /// Another error of the service.
    #[error("{operation} on {secret} failed: {message}")]
    SecretsManagerFailed {
        operation: &'static str,
        secret: String,
        message: String,
    },
    /// The version holds SecretBinary.
    #[error("the value of {secret} is binary, not text")]
    SecretIsBinary { secret: String },
    /// AWSCURRENT moved between the reading and the swap.
    #[error("AWSCURRENT is no longer on the version it was read from")]
    PromoteConflict,
}

impl Fault for StoreFault {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn advice(&self) -> Advice<'_> {
        match self {
            Self::SecretNotFound { .. } => Advice::new(
                Kind::Rotation,
                "check the ARN, the region and the account; a secret of another account needs its full ARN",
            ),
            Self::SecretDeleted { .. } => Advice::new(
                Kind::Rotation,
                "restore it (aws secretsmanager restore-secret); after that its rotation can be repeated or cancelled",
            ),
            Self::PermissionDenied { operation, .. } => Advice::new(
                Kind::Permission,
                format!(
                    "allow secretsmanager:{operation} on this secret in the function's role, and in the secret's resource policy if it has one"
                ),
            ),
            Self::CredentialsRefused { .. } => Advice::new(
                Kind::Permission,
                "check that the function's role still exists and is of the secret's partition; a new sandbox gets new credentials, and no policy is the cause",
            ),
            Self::NotSent { .. } => Advice::new(
                Kind::Configuration,
                "give the function a region (AWS_REGION) and a role, as Lambda does; if an endpoint is set, check that it is a URL",
            ),
            Self::CaBundle { .. } => Advice::new(
                Kind::Configuration,
                "let it name a readable PEM file of certificates, or remove the variable",
            ),
            Self::RoleInvalid { .. } => Advice::new(
                Kind::Configuration,
                "name whole ARNs of roles (arn:aws:iam::222222222222:role/rotator), separated by commas, and at most one external id for each",
            ),
            Self::RoleNotAssumed { .. } => Advice::new(
                Kind::Permission,
                "let that role's trust policy name the role before it (the function's own, if it is the first) and the external id of ASSUME_ROLE_EXTERNAL_ID, and let the role before it call sts:AssumeRole; in a VPC, STS needs a way too",
            ),
            Self::KmsDenied { .. } => Advice::new(
                Kind::Permission,
                "allow kms:Decrypt and kms:GenerateDataKey on the secret's key to the function's role, in the role and in the key's policy",
            ),
            Self::Throttled { .. } => Advice::new(
                Kind::Throttling,
                "rotate fewer secrets at once: the account shares 50 writes a second; spread the schedules' windows",
            ),
            Self::SecretsManagerUnreachable { .. } => Advice::new(
                Kind::Network,
                "give the function a way to secrets manager: a VPC needs the interface endpoint or a NAT gateway, and the security groups must let port 443 through",
            ),
            Self::SecretsManagerFailed { .. } => Advice::new(
                Kind::Server,
                "see the message; Secrets Manager tries the rotation again",
            ),
            Self::SecretIsBinary { .. } => Advice::new(Kind::Document, "store the document as SecretString"),
            Self::PromoteConflict => Advice::new(
                Kind::Rotation,
                "nothing: Secrets Manager tries the rotation again",
            )
            .with(Prospect::Stale),
        }
    }
}

/// Reads an error of the SDK.
pub(super) fn classify<E, R>(operation: &'static str, secret: &str, error: &SdkError<E, R>) -> StoreFault
where
    E: ProvideErrorMetadata + StdError + 'static,
    R: std::fmt::Debug + 'static,
{
    match not_assumed(error) {
        Some(message) => StoreFault::RoleNotAssumed {
            operation,
            secret: secret.to_owned(),
            message,
        },
        None => of_call(operation, secret.to_owned(), CallError::of(error)),
    }
}

fn of_call(operation: &'static str, secret: String, error: CallError) -> StoreFault {
    match error {
        CallError::NotSent(message) => StoreFault::NotSent { operation, message },
        CallError::Unreachable(message) => StoreFault::SecretsManagerUnreachable { operation, message },
        CallError::Throttled => StoreFault::Throttled { operation, secret },
        // Secrets Manager has no code of its own for a key that it may not use: only the message names KMS.
        CallError::Denied(message) if message.to_ascii_lowercase().contains("kms") => StoreFault::KmsDenied {
            operation,
            secret,
            message,
        },
        CallError::Denied(message) => StoreFault::PermissionDenied {
            operation,
            secret,
            message,
        },
        CallError::CredentialsRefused(message) => StoreFault::CredentialsRefused {
            operation,
            secret,
            message,
        },
        CallError::Unreadable => StoreFault::SecretsManagerFailed {
            operation,
            secret,
            message: "the answer could not be read".to_owned(),
        },
        CallError::Other { code, message } => other(operation, secret, code, message),
    }
}

/// The errors that only Secrets Manager has.
fn other(operation: &'static str, secret: String, code: String, message: String) -> StoreFault {
    match code.as_str() {
        "ResourceNotFoundException" => StoreFault::SecretNotFound { secret },
        // The code says only that the call does not fit the secret's state; the message says which state.
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
        // AWS may quote the value that it refuses to store, so only the code goes into the text.
        _ if operation == "PutSecretValue" => StoreFault::SecretsManagerFailed {
            operation,
            secret,
            message: code,
        },
        _ => StoreFault::SecretsManagerFailed {
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
        of_call(operation, "orders/db".to_owned(), CallError::said(&said))
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
        assert!(
            fault
                .advice()
                .remedy
                .starts_with("allow secretsmanager:PutSecretValue")
        );
        let stranger = refused(
            "PutSecretValue",
            "ExpiredTokenException",
            "The token has expired.",
        );
        assert!(!stranger.advice().remedy.contains("allow"));
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
