//! A fault as data: which calls, and what happens to them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::call::Call;
use crate::api::{Operation, UnknownOperation};

/// A fault: the calls it concerns, which of them it hits, and what it does.
///
/// As JSON, for the control API:
/// `{"operation":"PutSecretValue","function":"rotate","secret":"db","step":"createSecret","calls":{"nth":2},"effect":"drop_answer"}`.
/// What is left out matches everything; `calls` is `{"next":1}` if left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The operation's name, such as `GetSecretValue`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Only calls that this function makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Only calls about this secret (name or ARN), and those about none by a function that rotates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Only calls that a function makes in this step of a rotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Which of the matching calls, counted from when the fault was injected.
    #[serde(default)]
    pub calls: Calls,
    /// What happens to them.
    pub effect: Effect,
}

/// Which of the matching calls a fault hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calls {
    /// The n-th alone, from 1.
    Nth(u32),
    /// The first n.
    Next(u32),
    /// All.
    Every,
}

impl Default for Calls {
    fn default() -> Self {
        Self::Next(1)
    }
}

/// What a fault does to a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Answers with this error, without doing the work.
    Error {
        /// The exception's name.
        code: String,
        /// Its message.
        #[serde(default)]
        message: String,
    },
    /// `ThrottlingException`.
    Throttle,
    /// Waits so many milliseconds before the work.
    DelayMs(u64),
    /// A read answers as each secret stood before its last write (fact 10).
    StaleRead,
    /// Does the work, then closes the connection without an answer.
    DropAnswer,
    /// Closes the connection without doing the work.
    DropRequest,
    /// Kills the calling function's process before the work; only calls of a hosted function count.
    KillBefore,
    /// Does the work, then kills the calling function's process; only calls of a hosted function count.
    KillAfter,
}

impl Effect {
    const fn kills(&self) -> bool {
        matches!(self, Self::KillBefore | Self::KillAfter)
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Error { .. } => "error",
            Self::Throttle => "throttle",
            Self::DelayMs(_) => "delay_ms",
            Self::StaleRead => "stale_read",
            Self::DropAnswer => "drop_answer",
            Self::DropRequest => "drop_request",
            Self::KillBefore => "kill_before",
            Self::KillAfter => "kill_after",
        }
    }
}

impl Fault {
    /// A fault that hits the next call, whatever it is.
    pub const fn new(effect: Effect) -> Self {
        Self {
            operation: None,
            function: None,
            secret: None,
            step: None,
            calls: Calls::Next(1),
            effect,
        }
    }

    /// An error by its code, such as `DecryptionFailure`.
    pub fn error(code: &str, message: &str) -> Self {
        Self::new(Effect::Error {
            code: code.to_owned(),
            message: message.to_owned(),
        })
    }

    /// A wait before the work.
    pub fn delay(by: Duration) -> Self {
        Self::new(Effect::DelayMs(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Only calls of this operation.
    #[must_use]
    pub fn on(mut self, operation: &str) -> Self {
        self.operation = Some(operation.to_owned());
        self
    }

    /// Only calls that this function makes.
    #[must_use]
    pub fn by_function(mut self, name: &str) -> Self {
        self.function = Some(name.to_owned());
        self
    }

    /// Only calls about this secret, and those about none by a function that rotates it.
    #[must_use]
    pub fn for_secret(mut self, name_or_arn: &str) -> Self {
        self.secret = Some(name_or_arn.to_owned());
        self
    }

    /// Only calls in this step of a rotation.
    #[must_use]
    pub fn in_step(mut self, step: &str) -> Self {
        self.step = Some(step.to_owned());
        self
    }

    /// The n-th matching call alone, from 1.
    #[must_use]
    pub const fn nth(mut self, n: u32) -> Self {
        self.calls = Calls::Nth(n);
        self
    }

    /// The first n matching calls.
    #[must_use]
    pub const fn next(mut self, n: u32) -> Self {
        self.calls = Calls::Next(n);
        self
    }

    /// Every matching call.
    #[must_use]
    pub const fn every(mut self) -> Self {
        self.calls = Calls::Every;
        self
    }

    /// What is wrong with it, if its operation has no such name.
    pub(crate) fn check(&self) -> Result<(), UnknownOperation> {
        self.operation
            .as_deref()
            .map_or(Ok(()), |name| Operation::named(name).map(drop))
    }

    pub(super) fn concerns(&self, call: &Call<'_>) -> bool {
        let is =
            |wanted: &Option<String>, actual: Option<&str>| wanted.is_none() || wanted.as_deref() == actual;
        is(&self.operation, Some(call.operation.name()))
            && is(&self.function, call.function)
            && is(&self.step, call.step)
            && (!self.effect.kills() || call.function.is_some())
            && self
                .secret
                .as_deref()
                .is_none_or(|wanted| call.secrets.contains(&wanted))
    }

    pub(super) const fn hits(&self, count: u32) -> bool {
        match self.calls {
            Calls::Nth(n) => count == n,
            Calls::Next(n) => count <= n,
            Calls::Every => true,
        }
    }
}
