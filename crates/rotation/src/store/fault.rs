//! What Secrets Manager refuses, and why.

use outbound::TrustError;
use std::error::Error as StdError;
use std::fmt;

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};

use crate::fault::{Advice, CallError, Fault, Kind, Prospect};

use super::not_assumed::not_assumed;

/// A call, as `GetSecretValue on orders/db`.
#[derive(Debug)]
pub(crate) struct Call {
    operation: &'static str,
    secret: String,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.operation, self.secret)
    }
}

/// Why a call to Secrets Manager has no answer, in AWS's words where it has some.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
pub(crate) enum StoreFault {
    /// There is no such secret, or it is in another region or account.
    #[error("secrets manager finds no secret {secret} with a current value")]
    SecretNotFound { secret: String },
    /// The secret is scheduled for deletion.
    #[error("the secret {secret} is marked for deletion")]
    SecretDeleted { secret: String },
    /// IAM or a resource policy says no.
    #[error("{0} is not permitted: {1}")]
    PermissionDenied(Call, String),
    /// AWS does not accept the function's own credentials. No policy was evaluated.
    #[error("{0}: the function's credentials are not accepted: {1}")]
    #[strum(serialize = "PermissionDenied")]
    CredentialsRefused(Call, String),
    /// The call was not sent: no region, no credentials, or an endpoint that is no URL.
    #[error("{operation} could not be sent: {1}", operation = .0.operation)]
    #[strum(serialize = "ConfigurationInvalid")]
    NotSent(Call, String),
    /// `AWS_CA_BUNDLE` is not a file of certificates.
    #[error("AWS_CA_BUNDLE {problem}")]
    #[strum(serialize = "ConfigurationInvalid")]
    CaBundle { problem: TrustError },
    /// `ASSUME_ROLE_ARN` does not name roles, or there are more external ids than roles.
    #[error("ASSUME_ROLE_ARN and ASSUME_ROLE_EXTERNAL_ID cannot be used: {problem}")]
    #[strum(serialize = "ConfigurationInvalid")]
    RoleInvalid { problem: String },
    /// `REPLICA_WAIT` is no number of seconds.
    #[error("the environment variable REPLICA_WAIT is {shown}")]
    #[strum(serialize = "ConfigurationInvalid")]
    ReplicaWait { shown: String },
    /// A role on the way to the secret's account could not be assumed. The text names the role.
    #[error("{0}: {1}")]
    RoleNotAssumed(Call, String),
    /// The secret's KMS key cannot be used.
    #[error("{0} cannot use the secret's KMS key: {1}")]
    KmsDenied(Call, String),
    /// Too many calls, and the SDK's retries did not help.
    #[error("{0} was throttled")]
    Throttled(Call),
    /// No answer: name look-up, route, TLS or time limit.
    #[error("{operation} got no answer from secrets manager: {1}", operation = .0.operation)]
    SecretsManagerUnreachable(Call, String),
    /// Another error of the service.
    #[error("{0} failed: {1}")]
    SecretsManagerFailed(Call, String),
    /// The version holds SecretBinary that is no text of a secret.
    #[error("the value of {secret} is binary, and neither a JSON object nor a postgres:// URL in UTF-8")]
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
                "if nobody deleted it on purpose, restore it (aws secretsmanager restore-secret); after that its rotation can be retried or cancelled",
            ),
            Self::PermissionDenied(call, _) => Advice::new(
                Kind::Permission,
                format!(
                    "allow secretsmanager:{} on this secret in the function's role, and in the secret's resource policy if it has one",
                    call.operation
                ),
            ),
            Self::CredentialsRefused(..) => Advice::new(
                Kind::Permission,
                "check that the function's role still exists and is of the secret's partition; a new sandbox gets new credentials, and no policy is the cause",
            ),
            Self::NotSent(..) => Advice::new(
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
            Self::ReplicaWait { .. } => Advice::new(
                Kind::Configuration,
                "set REPLICA_WAIT to seconds, 0 to 900, or remove it",
            ),
            Self::RoleNotAssumed(..) => Advice::new(
                Kind::Permission,
                "let that role's trust policy name the role before it (the function's own, if it is the first) and the external id of ASSUME_ROLE_EXTERNAL_ID, and let the role before it call sts:AssumeRole; in a VPC, STS needs a way too",
            ),
            Self::KmsDenied(..) => Advice::new(
                Kind::Permission,
                "allow kms:Decrypt and kms:GenerateDataKey on the secret's key to the function's role, in the role and in the key's policy",
            ),
            Self::Throttled(_) => Advice::new(
                Kind::Throttling,
                "rotate fewer secrets at once: the account shares 50 writes a second; spread the schedules' windows",
            ),
            Self::SecretsManagerUnreachable(..) => Advice::new(
                Kind::Network,
                "give the function network access to Secrets Manager: a VPC needs the interface endpoint or a NAT gateway, and the security groups must let port 443 through",
            ),
            Self::SecretsManagerFailed(..) => Advice::new(
                Kind::Server,
                "see the message; Secrets Manager tries the rotation again",
            ),
            Self::SecretIsBinary { .. } => Advice::new(Kind::Secret, "store the value as SecretString"),
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
    R: fmt::Debug + 'static,
{
    let secret = secret.to_owned();
    let call = Call { operation, secret };
    match not_assumed(error) {
        Some(message) => StoreFault::RoleNotAssumed(call, message),
        None => of_call(call, CallError::of(error)),
    }
}

fn of_call(call: Call, error: CallError) -> StoreFault {
    match error {
        CallError::NotSent(message) => StoreFault::NotSent(call, message),
        CallError::Unreachable(message) => StoreFault::SecretsManagerUnreachable(call, message),
        CallError::Throttled => StoreFault::Throttled(call),
        // Secrets Manager has no code of its own for a key that it may not use: only the message names KMS.
        CallError::Denied(message) if message.to_ascii_lowercase().contains("kms") => {
            StoreFault::KmsDenied(call, message)
        }
        CallError::Denied(message) => StoreFault::PermissionDenied(call, message),
        CallError::CredentialsRefused(message) => StoreFault::CredentialsRefused(call, message),
        CallError::Unreadable => {
            StoreFault::SecretsManagerFailed(call, "the answer could not be read".to_owned())
        }
        CallError::Other { code, message } => other(call, code, message),
    }
}

/// The errors that only Secrets Manager has.
fn other(call: Call, code: String, message: String) -> StoreFault {
    match code.as_str() {
        "ResourceNotFoundException" => StoreFault::SecretNotFound { secret: call.secret },
        // The code says only that the call does not fit the secret's state; the message says which state.
        "InvalidRequestException"
            if message.contains("marked for deletion") || message.contains("marked deleted") =>
        {
            StoreFault::SecretDeleted { secret: call.secret }
        }
        "DecryptionFailure" | "EncryptionFailure" => StoreFault::KmsDenied(call, message),
        // AWS may quote the value that it refuses to store, so only the code goes into the text.
        _ if call.operation == "PutSecretValue" => StoreFault::SecretsManagerFailed(call, code),
        _ => StoreFault::SecretsManagerFailed(call, format!("{code}: {message}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_secretsmanager::error::ErrorMetadata;

    fn refused(operation: &'static str, code: &str, message: &str) -> StoreFault {
        let said = ErrorMetadata::builder().code(code).message(message).build();
        of_call(
            Call {
                operation,
                secret: "orders/db".to_owned(),
            },
            CallError::said(&said),
        )
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
