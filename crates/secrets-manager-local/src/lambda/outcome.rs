//! What became of an invocation.

use std::time::Duration;

use axum::body::Bytes;
use serde::{Deserialize, Serialize};

/// A finished invocation.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Lambda's request id.
    pub request_id: String,
    /// What the function answered, or the JSON of its error.
    pub payload: Bytes,
    /// The error, if it failed.
    pub error: Option<FunctionError>,
    /// How long it took, the start of a sandbox included.
    pub duration: Duration,
    /// How long the sandbox took to ask for its first invocation, if this was it.
    pub init: Option<Duration>,
    /// The most memory that the sandbox's process has had so far, in KiB; Linux tells.
    pub peak_memory_kib: Option<u64>,
    /// How long the sandbox's process has been on a processor so far, its start included; Linux tells.
    pub processor_time: Option<Duration>,
    /// What the sandbox wrote meanwhile, between Lambda's START and END lines.
    pub log: String,
}

impl Invocation {
    /// The last 4 KB of the log, as `X-Amz-Log-Result` carries it.
    pub(crate) fn log_tail(&self) -> &[u8] {
        const TAIL: usize = 4096;
        &self.log.as_bytes()[self.log.len().saturating_sub(TAIL)..]
    }
}

/// `errorType` and `errorMessage` of a failed invocation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, thiserror::Error)]
#[error("{error_type}: {error_message}")]
#[serde(rename_all = "camelCase", default)]
pub struct FunctionError {
    /// The type, such as `Runtime.ExitError`.
    pub error_type: String,
    /// The message.
    pub error_message: String,
}

/// What Lambda reports of an invocation apart from its outcome.
#[derive(Debug, Default)]
pub(crate) struct Telemetry {
    /// The sandbox's access key id; empty if there was none.
    pub(crate) sandbox: String,
    pub(crate) init: Option<Duration>,
    pub(crate) peak_memory_kib: Option<u64>,
    pub(crate) processor_time: Option<Duration>,
}

/// What a sandbox made of a payload.
#[derive(Debug)]
pub(crate) enum Reply {
    Answer(Bytes),
    Error(Bytes),
}

impl Reply {
    /// An error of Lambda itself.
    pub(crate) fn failure(error_type: &str, error_message: String) -> Self {
        let error = FunctionError {
            error_type: error_type.to_owned(),
            error_message,
        };
        Self::Error(Bytes::from(serde_json::to_vec(&error).unwrap_or_default()))
    }

    pub(crate) fn into_parts(self) -> (Bytes, Option<FunctionError>) {
        match self {
            Self::Answer(payload) => (payload, None),
            // A function may post anything as its error; what is not JSON has no type.
            Self::Error(payload) => {
                let error = serde_json::from_slice(&payload).unwrap_or_default();
                (payload, Some(error))
            }
        }
    }
}
