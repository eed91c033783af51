//! The faults that are injected now, and the calls that they have hit.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::call::Call;
use super::fault::Fault;
use super::plan::Plan;
use crate::sync::lock;

/// Names an injected fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FaultId(u64);

/// The faults that are injected now.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Injected>>, AtomicU64);

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
        let id = FaultId(self.1.fetch_add(1, Ordering::Relaxed));
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::api::Operation;
    use crate::faults::fault::Effect;
    use crate::faults::plan::Cut;

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
