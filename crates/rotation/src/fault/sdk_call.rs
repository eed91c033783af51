//! Why a call of AWS's SDK has no answer: the same for every service.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use outbound::one_line;

/// Longest part of AWS's message that goes into a text, in characters.
const LONGEST_MESSAGE: usize = 400;

/// Why a call has no answer. The words are AWS's or the SDK's: one line, bounded, never a response's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// IAM or a resource policy says no.
    Denied(String),
    /// AWS does not accept the caller's credentials. No policy was evaluated.
    CredentialsRefused(String),
    /// Too many calls, and retries did not help.
    Throttled,
    /// No answer: name look-up, route, TLS or time limit.
    Unreachable(String),
    /// The call was not sent: no region, no credentials, or an endpoint that is no URL.
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

impl CallError {
    /// Reads an error of the SDK. Never prints its `Debug`, which holds the raw response.
    pub fn of<E, R>(error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
        R: std::fmt::Debug + 'static,
    {
        match error {
            SdkError::ServiceError(service) => Self::said(service.err()),
            SdkError::TimeoutError(_) => Self::Unreachable("it timed out".to_owned()),
            SdkError::DispatchFailure(failure) => {
                let words = failure
                    .as_connector_error()
                    .map_or_else(String::new, |error| chain(error));
                // The SDK asks for credentials while it dispatches the call.
                if sources(error).any(<dyn StdError>::is::<CredentialsError>) {
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
        if error.code().is_none() && error.message().is_none() {
            // No service of AWS answers so: something else is at the endpoint.
            return Self::Unreadable;
        }
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
            | "MissingAuthenticationTokenException" => Self::CredentialsRefused(format!("{code}: {message}")),
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

/// An error and all its sources, outermost first.
pub(crate) fn sources<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// A message of bounded length on one line.
fn bounded(message: &str) -> String {
    let message: String = one_line(message).chars().take(LONGEST_MESSAGE).collect();
    message.trim_end_matches('.').to_owned()
}
