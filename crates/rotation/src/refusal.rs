//! What a call of AWS's SDK came to, if not to an answer: the same for every service.

use std::error::Error as StdError;

use outbound::one_line;

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};

/// Longest part of a message of AWS that is repeated.
const LONGEST_MESSAGE: usize = 400;

/// Why a call has no answer. The words are AWS's or the SDK's: one line, bounded, never a response's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// IAM or a resource policy says no.
    Denied(String),
    /// The caller's credentials are not accepted: no policy is asked.
    Stranger(String),
    /// Too many calls, and retries did not help.
    Throttled,
    /// No answer: name look-up, route, TLS, time.
    Unreachable(String),
    /// The call could not even be made: no region, no credentials, an endpoint that is none.
    NotSent(String),
    /// An answer that could not be read.
    Unreadable,
    /// Another error of the service.
    Other {
        /// Such as `ResourceNotFoundException`.
        code: String,
        /// The service's words.
        message: String,
    },
}

impl Refusal {
    /// Reads an error of the SDK. Never its `Debug`: that holds the raw response.
    pub fn of<E, R>(error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
        R: std::fmt::Debug,
    {
        match error {
            SdkError::ServiceError(service) => Self::said(service.err()),
            SdkError::TimeoutError(_) => Self::Unreachable("it timed out".to_owned()),
            SdkError::DispatchFailure(failure) => {
                let words = failure
                    .as_connector_error()
                    .map_or_else(String::new, |error| chain(error));
                // The SDK looks for credentials on the way to the first byte.
                if words.contains("credentials") {
                    Self::NotSent(words)
                } else {
                    Self::Unreachable(words)
                }
            }
            SdkError::ConstructionFailure(_) => Self::NotSent(error.source().map_or_else(String::new, chain)),
            _ => Self::Unreadable,
        }
    }

    /// Reads what the service itself said.
    pub fn said(error: &impl ProvideErrorMetadata) -> Self {
        let code = error.code().unwrap_or("an error without a code");
        let message = bounded(error.message().unwrap_or("no message"));
        match code {
            "AccessDeniedException" | "AccessDenied" | "NotAuthorized" | "OptInRequired" => {
                Self::Denied(message)
            }
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException" => Self::Stranger(format!("{code}: {message}")),
            "ThrottlingException" | "Throttling" | "TooManyRequestsException" | "RequestLimitExceeded" => {
                Self::Throttled
            }
            _ => Self::Other {
                code: code.to_owned(),
                message,
            },
        }
    }
}

/// An error and its sources on one line of bounded length.
pub(crate) fn chain(error: &dyn StdError) -> String {
    bounded(&outbound::chain(error))
}

/// A message of bounded length on one line.
fn bounded(message: &str) -> String {
    let message: String = one_line(message).chars().take(LONGEST_MESSAGE).collect();
    message.trim_end_matches('.').to_owned()
}
