//! What Secrets Manager answers when it refuses, with the codes of its service model.

use std::fmt;

use staging_labels::VersionId;

/// An error of the API: a code that programs match on, and a sentence for people.
///
/// Never holds a secret value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// The exception's name on the wire.
    pub code: ErrorCode,
    /// The sentence that goes with it.
    pub message: String,
}

/// The exceptions of the service model, and any other for injected faults.
#[derive(Debug, Clone, PartialEq, Eq, strum::AsRefStr, strum::EnumString)]
pub enum ErrorCode {
    /// `AccessDeniedException`
    #[strum(serialize = "AccessDeniedException")]
    AccessDenied,
    /// `InternalServiceError`
    InternalServiceError,
    /// `InvalidNextTokenException`
    #[strum(serialize = "InvalidNextTokenException")]
    InvalidNextToken,
    /// `InvalidParameterException`
    #[strum(serialize = "InvalidParameterException")]
    InvalidParameter,
    /// `InvalidRequestException`
    #[strum(serialize = "InvalidRequestException")]
    InvalidRequest,
    /// `LimitExceededException`
    #[strum(serialize = "LimitExceededException")]
    LimitExceeded,
    /// `MalformedPolicyDocumentException`
    #[strum(serialize = "MalformedPolicyDocumentException")]
    MalformedPolicyDocument,
    /// `PublicPolicyException`
    #[strum(serialize = "PublicPolicyException")]
    PublicPolicy,
    /// `ResourceExistsException`
    #[strum(serialize = "ResourceExistsException")]
    ResourceExists,
    /// `ResourceNotFoundException`
    #[strum(serialize = "ResourceNotFoundException")]
    ResourceNotFound,
    /// `SerializationException`
    #[strum(serialize = "SerializationException")]
    Serialization,
    /// `ThrottlingException`
    #[strum(serialize = "ThrottlingException")]
    Throttling,
    /// `UnknownOperationException`
    #[strum(serialize = "UnknownOperationException")]
    UnknownOperation,
    /// `ValidationException`
    #[strum(serialize = "ValidationException")]
    Validation,
    /// Any other that a test asked for.
    #[strum(default, transparent)]
    Other(String),
}

impl ErrorCode {
    /// The code of this name.
    pub(crate) fn named(name: &str) -> Self {
        name.parse().unwrap_or_else(|_| Self::Other(name.to_owned()))
    }

    /// The name on the wire, `ResourceNotFoundException`.
    pub fn as_str(&self) -> &str {
        self.as_ref()
    }

    /// The HTTP status that goes with it: 500 for the server's own faults, otherwise 400.
    pub fn status(&self) -> u16 {
        match self {
            Self::InternalServiceError => 500,
            Self::Other(name) if name.starts_with("Internal") || name.starts_with("Service") => 500,
            _ => 400,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ApiError {
    /// An error with a code and a sentence.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub(crate) fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidParameter, message)
    }

    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidRequest, message)
    }

    pub(crate) fn no_secret() -> Self {
        Self::new(
            ErrorCode::ResourceNotFound,
            "Secrets Manager can't find the specified secret.",
        )
    }

    pub(crate) fn no_version(id: &VersionId) -> Self {
        Self::new(
            ErrorCode::ResourceNotFound,
            format!("Secrets Manager can't find the specified secret value for VersionId: {id}"),
        )
    }

    pub(crate) fn no_stage(stage: &str) -> Self {
        Self::new(
            ErrorCode::ResourceNotFound,
            format!("Secrets Manager can't find the specified secret value for staging label: {stage}"),
        )
    }

    pub(crate) fn token_in_use(token: &VersionId, arn: &str) -> Self {
        Self::new(
            ErrorCode::ResourceExists,
            format!(
                "You can't use ClientRequestToken {token} because that value is already in use for a version of secret {arn}."
            ),
        )
    }

    pub(crate) fn deleted() -> Self {
        Self::invalid_request(
            "You can't perform this operation on the secret because it was marked for deletion.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_back_from_its_name() {
        for code in [
            ErrorCode::AccessDenied,
            ErrorCode::InternalServiceError,
            ErrorCode::InvalidNextToken,
            ErrorCode::InvalidParameter,
            ErrorCode::InvalidRequest,
            ErrorCode::LimitExceeded,
            ErrorCode::MalformedPolicyDocument,
            ErrorCode::PublicPolicy,
            ErrorCode::ResourceExists,
            ErrorCode::ResourceNotFound,
            ErrorCode::Serialization,
            ErrorCode::Throttling,
            ErrorCode::UnknownOperation,
            ErrorCode::Validation,
        ] {
            assert_eq!(ErrorCode::named(code.as_str()), code);
        }
        assert_eq!(ErrorCode::AccessDenied.as_str(), "AccessDeniedException");
        assert_eq!(ErrorCode::named("X").as_str(), "X");
        assert_eq!(
            ErrorCode::named("DecryptionFailure"),
            ErrorCode::Other("DecryptionFailure".to_owned())
        );
    }

    #[test]
    fn the_servers_own_faults_are_500() {
        assert_eq!(ErrorCode::named("InternalServiceError").status(), 500);
        assert_eq!(ErrorCode::named("ServiceUnavailable").status(), 500);
        assert_eq!(ErrorCode::Throttling.status(), 400);
    }
}
