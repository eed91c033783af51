//! Faults on demand: which calls, and what happens to them.

use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::api::Operation;
use crate::state::{ApiError, ErrorCode};
use crate::sync::lock;

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
    /// Only calls about this secret (name or ARN), or by a function that rotates it.
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

    const fn name(&self) -> &'static str {
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

    /// Only calls about this secret, or by a function that rotates it.
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
    pub(crate) fn check(&self) -> Result<(), crate::api::UnknownOperation> {
        self.operation
            .as_deref()
            .map_or(Ok(()), |name| name.parse::<Operation>().map(drop))
    }

    fn concerns(&self, call: &Call<'_>) -> bool {
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

    const fn hits(&self, count: u32) -> bool {
        match self.calls {
            Calls::Nth(n) => count == n,
            Calls::Next(n) => count <= n,
            Calls::Every => true,
        }
    }
}

/// What a fault is matched against.
pub(crate) struct Call<'a> {
    pub(crate) operation: Operation,
    pub(crate) function: Option<&'a str>,
    pub(crate) step: Option<&'a str>,
    /// Names and ARNs of the secrets that the call concerns.
    pub(crate) secrets: &'a [&'a str],
}

/// Names an injected fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FaultId(u64);

/// The faults that are injected now.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Injected>>, std::sync::atomic::AtomicU64);

#[derive(Debug)]
struct Injected {
    id: FaultId,
    fault: Fault,
    matched: u32,
    hit: u32,
}

/// A fault's state, as the control API lists it.
#[derive(Debug, Clone, Serialize)]
pub struct InjectedFault {
    /// Its id.
    pub id: FaultId,
    /// What was injected.
    pub fault: Fault,
    /// Calls that it concerned so far.
    pub matched: u32,
    /// Calls that it hit.
    pub hit: u32,
}

impl Faults {
    /// Injects a fault. It stays, though it may hit no more, until it is removed.
    pub fn inject(&self, fault: Fault) -> FaultId {
        let id = FaultId(self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        lock(&self.0).push(Injected {
            id,
            fault,
            matched: 0,
            hit: 0,
        });
        id
    }

    /// Removes one fault.
    pub fn remove(&self, id: FaultId) {
        lock(&self.0).retain(|injected| injected.id != id);
    }

    /// Removes all faults.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }

    /// How many calls a fault has hit.
    pub fn hits(&self, id: FaultId) -> u32 {
        lock(&self.0)
            .iter()
            .find(|injected| injected.id == id)
            .map_or(0, |injected| injected.hit)
    }

    /// All faults with their counts.
    pub fn list(&self) -> Vec<InjectedFault> {
        let entry = |injected: &Injected| InjectedFault {
            id: injected.id,
            fault: injected.fault.clone(),
            matched: injected.matched,
            hit: injected.hit,
        };
        lock(&self.0).iter().map(entry).collect()
    }

    /// Counts a call, and says what is to happen to it.
    pub(crate) fn meet(&self, call: &Call<'_>) -> Plan {
        let mut plan = Plan::default();
        for injected in lock(&self.0)
            .iter_mut()
            .filter(|injected| injected.fault.concerns(call))
        {
            injected.matched += 1;
            if injected.fault.hits(injected.matched) {
                injected.hit += 1;
                plan.add(&injected.fault.effect);
            }
        }
        plan
    }
}

/// What is to happen to one call: the effects of all faults that hit it.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Wait so long first.
    pub(crate) delay: Duration,
    /// Then end without the work.
    pub(crate) before: Option<Cut>,
    /// Or answer this, without the work.
    pub(crate) error: Option<ApiError>,
    /// Do the work on what was before the last writes.
    pub(crate) stale: bool,
    /// After the work, end without an answer.
    pub(crate) after: Option<Cut>,
    /// The effects' names, for the log of calls.
    pub(crate) names: Vec<&'static str>,
}

/// How a call ends that gets no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The connection is closed.
    HangUp,
    /// The caller's process is killed first.
    Kill,
}

impl Plan {
    fn add(&mut self, effect: &Effect) {
        self.names.push(effect.name());
        match effect {
            Effect::Error { code, message } => {
                self.error = Some(ApiError::new(ErrorCode::from(code.as_str()), message));
            }
            Effect::Throttle => self.error = Some(throttled()),
            Effect::DelayMs(by) => self.delay += Duration::from_millis(*by),
            Effect::StaleRead => self.stale = true,
            Effect::DropAnswer => self.after = self.after.or(Some(Cut::HangUp)),
            Effect::DropRequest => self.before = self.before.or(Some(Cut::HangUp)),
            Effect::KillBefore => self.before = Some(Cut::Kill),
            Effect::KillAfter => self.after = Some(Cut::Kill),
        }
    }
}

/// `ThrottlingException` as Secrets Manager words it.
pub(crate) fn throttled() -> ApiError {
    ApiError::new(ErrorCode::Throttling, "Rate exceeded")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(operation: Operation, function: Option<&'static str>) -> Call<'static> {
        Call {
            operation,
            function,
            step: None,
            secrets: &["db", "arn:db"],
        }
    }

    #[test]
    fn the_nth_call_of_an_operation_is_hit_alone() {
        let faults = Faults::default();
        let id = faults.inject(Fault::new(Effect::DropAnswer).on("GetSecretValue").nth(2));
        let hit = |operation| faults.meet(&call(operation, None)).after == Some(Cut::HangUp);
        assert!(!hit(Operation::GetSecretValue));
        assert!(!hit(Operation::PutSecretValue));
        assert!(hit(Operation::GetSecretValue));
        assert!(!hit(Operation::GetSecretValue));
        assert_eq!(faults.hits(id), 1);
    }

    #[test]
    fn the_next_calls_are_hit_and_then_no_more() {
        let faults = Faults::default();
        faults.inject(Fault::new(Effect::Throttle).next(2));
        let hits: Vec<_> = (0..3)
            .map(|_| {
                faults
                    .meet(&call(Operation::DescribeSecret, None))
                    .error
                    .is_some()
            })
            .collect();
        assert_eq!(hits, [true, true, false]);
    }

    #[test]
    fn a_kill_counts_only_calls_of_functions() {
        let faults = Faults::default();
        faults.inject(Fault::new(Effect::KillBefore).nth(1));
        assert!(
            faults
                .meet(&call(Operation::DescribeSecret, None))
                .before
                .is_none()
        );
        assert!(faults.meet(&call(Operation::DescribeSecret, Some("f"))).before == Some(Cut::Kill));
    }

    #[test]
    fn a_fault_for_one_secret_leaves_the_others_alone() {
        let faults = Faults::default();
        faults.inject(Fault::new(Effect::StaleRead).for_secret("other").every());
        faults.inject(
            Fault::delay(Duration::from_millis(5))
                .for_secret("arn:db")
                .every(),
        );
        let plan = faults.meet(&call(Operation::GetSecretValue, None));
        assert!(!plan.stale);
        assert_eq!(plan.delay, Duration::from_millis(5));
        assert_eq!(plan.names, ["delay_ms"]);
    }

    #[test]
    fn the_documented_json_is_read() {
        let json = r#"{"operation":"PutSecretValue","function":"f","calls":{"nth":2},"effect":"kill_after"}"#;
        let fault: Fault = serde_json::from_str(json).unwrap();
        assert_eq!(
            fault,
            Fault::new(Effect::KillAfter)
                .on("PutSecretValue")
                .by_function("f")
                .nth(2)
        );
        let json = r#"{"calls":"every","effect":{"error":{"code":"DecryptionFailure"}}}"#;
        assert_eq!(
            serde_json::from_str::<Fault>(json).unwrap(),
            Fault::error("DecryptionFailure", "").every()
        );
        let json = r#"{"effect":{"delay_ms":20}}"#;
        assert_eq!(
            serde_json::from_str::<Fault>(json).unwrap(),
            Fault::delay(Duration::from_millis(20))
        );
        assert!(serde_json::from_str::<Fault>(r#"{"effect":"explode"}"#).is_err());
    }

    #[test]
    fn an_operation_that_does_not_exist_is_found_out() {
        assert!(
            Fault::new(Effect::Throttle)
                .on("GetSecretValues")
                .check()
                .is_err()
        );
        assert!(Fault::new(Effect::Throttle).on("GetSecretValue").check().is_ok());
    }
}
