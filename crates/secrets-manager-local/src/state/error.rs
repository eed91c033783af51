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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorCode {
    /// `AccessDeniedException`
    AccessDenied,
    /// `InternalServiceError`
    InternalServiceError,
    /// `InvalidNextTokenException`
    InvalidNextToken,
    /// `InvalidParameterException`
    InvalidParameter,
    /// `InvalidRequestException`
    InvalidRequest,
    /// `LimitExceededException`
    LimitExceeded,
    /// `MalformedPolicyDocumentException`
    MalformedPolicyDocument,
    /// `PublicPolicyException`
    PublicPolicy,
    /// `ResourceExistsException`
    ResourceExists,
    /// `ResourceNotFoundException`
    ResourceNotFound,
    /// `SerializationException`
    Serialization,
    /// `ThrottlingException`
    Throttling,
    /// `UnknownOperationException`
    UnknownOperation,
    /// `ValidationException`
    Validation,
    /// Whatever a test asked for.
    Other(String),
}

impl ErrorCode {
    const KNOWN: [Self; 14] = [
        Self::AccessDenied,
        Self::InternalServiceError,
        Self::InvalidNextToken,
        Self::InvalidParameter,
        Self::InvalidRequest,
        Self::LimitExceeded,
        Self::MalformedPolicyDocument,
        Self::PublicPolicy,
        Self::ResourceExists,
        Self::ResourceNotFound,
        Self::Serialization,
        Self::Throttling,
        Self::UnknownOperation,
        Self::Validation,
    ];

    /// The name on the wire, `ResourceNotFoundException`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::AccessDenied => "AccessDeniedException",
            Self::InternalServiceError => "InternalServiceError",
            Self::InvalidNextToken => "InvalidNextTokenException",
            Self::InvalidParameter => "InvalidParameterException",
            Self::InvalidRequest => "InvalidRequestException",
            Self::LimitExceeded => "LimitExceededException",
            Self::MalformedPolicyDocument => "MalformedPolicyDocumentException",
            Self::PublicPolicy => "PublicPolicyException",
            Self::ResourceExists => "ResourceExistsException",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::Serialization => "SerializationException",
            Self::Throttling => "ThrottlingException",
            Self::UnknownOperation => "UnknownOperationException",
            Self::Validation => "ValidationException",
            Self::Other(name) => name,
        }
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

impl From<&str> for ErrorCode {
    fn from(name: &str) -> Self {
        let known = Self::KNOWN.into_iter().find(|code| code.as_str() == name);
        known.unwrap_or_else(|| Self::Other(name.to_owned()))
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
        for code in ErrorCode::KNOWN {
            assert_eq!(ErrorCode::from(code.as_str()), code);
        }
        assert_eq!(
            ErrorCode::from("DecryptionFailure"),
            ErrorCode::Other("DecryptionFailure".to_owned())
        );
    }

    #[test]
    fn the_servers_own_faults_are_500() {
        assert_eq!(ErrorCode::from("InternalServiceError").status(), 500);
        assert_eq!(ErrorCode::from("ServiceUnavailable").status(), 500);
        assert_eq!(ErrorCode::Throttling.status(), 400);
    }
}
