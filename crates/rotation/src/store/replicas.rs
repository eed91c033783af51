//! The copies of a secret in other regions, and how long a rotation waits for them.
//!
//! A replica follows the primary a while later. Two moves of labels that are close together can leave it behind for good, with a
//! password that nobody accepts any more. So a rotation waits before it changes anything.

use std::time::Duration;

use aws_sdk_secretsmanager::types::{ReplicationStatusType, StatusType};
use outbound::{Budget, one_line, shortened};

use crate::fault::{Advice, Fault, Kind};

use super::fault::StoreFault;

/// The environment variable that says how long.
pub(super) const WAIT: &str = "REPLICA_WAIT";
/// A replica usually follows in seconds.
pub(super) const DEFAULT_WAIT: Duration = Duration::from_secs(10);
/// Lambda's own limit, in seconds.
const LONGEST_WAIT: u64 = 900;
/// Longest part of AWS's message that goes into the log, in characters.
const LONGEST_MESSAGE: usize = 200;

/// A copy of the secret in another region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replica {
    region: String,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    InSync,
    Behind,
    /// In AWS's words.
    Failed(String),
}

/// A replica that a rotation does not get on with. As a warning it has the same code.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
pub(crate) enum ReplicaFault {
    /// It has not followed the last change yet.
    #[error("the replicas in {regions} have not followed the last change of the secret yet")]
    ReplicaBehind { regions: String },
    /// It follows no more.
    #[error("the replica in {region} has failed, and its readers keep an old value: {message}")]
    ReplicaFailed { region: String, message: String },
}

impl Fault for ReplicaFault {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn advice(&self) -> Advice<'_> {
        let remedy = match self {
            Self::ReplicaBehind { .. } => {
                "look at ReplicationStatus (aws secretsmanager describe-secret); if replicas need longer, raise REPLICA_WAIT and the function's time limit"
            }
            Self::ReplicaFailed { .. } => {
                "remove the cause that the message names, then replicate again: aws secretsmanager remove-regions-from-replication, and replicate-secret-to-regions"
            }
        };
        Advice::new(Kind::Rotation, remedy)
    }
}

impl From<ReplicationStatusType> for Replica {
    fn from(status: ReplicationStatusType) -> Self {
        let message = status.status_message.unwrap_or_default();
        Self {
            region: one_line(&status.region.unwrap_or_default()),
            state: match status.status {
                Some(StatusType::InSync) => State::InSync,
                Some(StatusType::Failed) => State::Failed(shortened(&one_line(&message), LONGEST_MESSAGE)),
                // A state that is not known yet is waited for, too.
                _ => State::Behind,
            },
        }
    }
}

/// What is behind; none if each replica has followed, or follows no more.
pub(crate) fn behind(replicas: &[Replica]) -> Option<ReplicaFault> {
    let behind = replicas.iter().filter(|replica| replica.state == State::Behind);
    let regions: Vec<&str> = behind.map(|replica| replica.region.as_str()).collect();
    (!regions.is_empty()).then(|| ReplicaFault::ReplicaBehind {
        regions: regions.join(", "),
    })
}

/// Those that follow no more.
pub(crate) fn failed(replicas: &[Replica]) -> impl Iterator<Item = ReplicaFault> {
    replicas.iter().filter_map(|replica| match &replica.state {
        State::Failed(message) => Some(ReplicaFault::ReplicaFailed {
            region: replica.region.clone(),
            message: message.clone(),
        }),
        State::InSync | State::Behind => None,
    })
}

/// Reads the setting.
///
/// # Errors
/// `ConfigurationInvalid`.
pub(super) fn wait_of(setting: Option<&str>) -> Result<Duration, StoreFault> {
    let Some(text) = setting else {
        return Ok(DEFAULT_WAIT);
    };
    let seconds = text.parse().ok().filter(|seconds| *seconds <= LONGEST_WAIT);
    let seconds = seconds.ok_or_else(|| StoreFault::ReplicaWait {
        shown: password::shown(text),
    })?;
    Ok(Duration::from_secs(seconds))
}

/// How long to wait: as set, and never more than half of the time that the step has left.
pub(super) fn limit(setting: Duration, budget: Budget) -> Duration {
    setting.min(budget.remaining() / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replica(region: &str, status: Option<StatusType>) -> Replica {
        let status = ReplicationStatusType::builder()
            .region(region)
            .set_status(status)
            .status_message("Replication failed:\nno key.");
        status.build().into()
    }

    #[test]
    fn only_what_may_still_follow_is_waited_for() {
        let of = |states: &[Option<StatusType>]| {
            let replicas: Vec<_> = states
                .iter()
                .enumerate()
                .map(|(n, state)| replica(&format!("r{n}"), state.clone()))
                .collect();
            (
                behind(&replicas).map(|fault| fault.to_string()),
                failed(&replicas).count(),
            )
        };
        assert_eq!(of(&[]), (None, 0));
        let (in_sync, failed) = (Some(StatusType::InSync), Some(StatusType::Failed));
        assert_eq!(of(&[in_sync.clone(), failed.clone()]), (None, 1));
        let unknown = Some(StatusType::from("Paused"));
        let (behind, count) = of(&[in_sync, Some(StatusType::InProgress), failed, unknown, None]);
        assert!(behind.unwrap().contains("in r1, r3, r4 have"));
        assert_eq!(count, 1);
    }

    #[test]
    fn a_failure_is_told_in_aws_words_on_one_line() {
        let replicas = [replica("eu-west-1", Some(StatusType::Failed))];
        let told = failed(&replicas).next().unwrap();
        assert!(
            told.to_string()
                .ends_with("old value: Replication failed: no key.")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_leaves_half_of_the_time() {
        let budget = Budget::lasting(Duration::from_secs(12));
        assert_eq!(limit(DEFAULT_WAIT, budget), Duration::from_secs(6));
        assert_eq!(limit(Duration::from_secs(2), budget), Duration::from_secs(2));
        assert_eq!(wait_of(None).unwrap(), DEFAULT_WAIT);
        assert_eq!(wait_of(Some("0")).unwrap(), Duration::ZERO);
        for bad in ["-1", "901", "ten", "1.5"] {
            assert_eq!(
                wait_of(Some(bad)).unwrap_err().code(),
                "ConfigurationInvalid",
                "{bad}"
            );
        }
    }
}
