//! The history of rotations: token, attempts, steps, what came of them.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use staging_labels::VersionId;
use tokio::sync::watch;

use super::calls::{cut, seconds};
use crate::lambda::FunctionError;
use crate::state::RotationKind;
use crate::sync::lock;

/// Rotations kept that have ended; older ones are forgotten.
const KEPT: usize = 1_000;
/// Attempts kept of a rotation; older ones are forgotten.
const KEPT_ATTEMPTS: usize = 100;
/// The longest text of an error that is kept, in bytes.
const LONGEST: usize = 16 * 1024;

/// One rotation, or one test of a rotation.
#[derive(Debug, Clone, Serialize)]
pub struct RotationRun {
    /// The secret's ARN.
    pub secret: String,
    /// The `ClientRequestToken`.
    #[serde(serialize_with = "as_text")]
    pub token: VersionId,
    /// Whether it is `RotateImmediately=false`'s testSecret alone (fact 5).
    pub test_only: bool,
    /// When it began, by the server's clock.
    #[serde(serialize_with = "as_text")]
    pub started: Timestamp,
    /// The attempts so far.
    pub attempts: Vec<Attempt>,
    /// What came of it; absent while it is under way.
    pub outcome: Option<RotationOutcome>,
}

/// One delivery of the steps.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Attempt {
    /// The steps that were delivered.
    pub steps: Vec<StepRun>,
}

/// One delivery of one step.
#[derive(Debug, Clone, Serialize)]
pub struct StepRun {
    /// `createSecret`, …
    pub step: &'static str,
    /// How long the invocation took.
    #[serde(serialize_with = "seconds", rename = "duration_s")]
    pub duration: Duration,
    /// The function's error, if it failed.
    pub error: Option<FunctionError>,
}

/// How a rotation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RotationOutcome {
    /// The token's version is `AWSCURRENT`; for a test, testSecret succeeded.
    Succeeded,
    /// Every attempt failed. `AWSPENDING` stays, and the rotation can be attempted again.
    Failed,
    /// A new version was written by hand, or the label was taken away (fact 7).
    Abandoned,
    /// `CancelRotateSecret`, or the secret was deleted.
    Cancelled,
}

impl RotationRun {
    /// The error of the last step that failed.
    pub fn last_error(&self) -> Option<&FunctionError> {
        let mut steps = self
            .attempts
            .iter()
            .rev()
            .flat_map(|attempt| attempt.steps.iter().rev());
        steps.find_map(|step| step.error.as_ref())
    }
}

fn as_text<T: std::fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// All rotations, in the order in which they began.
#[derive(Debug)]
pub(crate) struct RunLog {
    runs: Mutex<Vec<RotationRun>>,
    changes: watch::Sender<()>,
}

impl RunLog {
    pub(crate) fn new() -> Self {
        Self {
            runs: Mutex::default(),
            changes: watch::Sender::new(()),
        }
    }

    /// Forgets all of them. One that is under way ends without a trace here.
    pub(crate) fn clear(&self) {
        lock(&self.runs).clear();
        self.changes.send_replace(());
    }

    /// Notes that a rotation begins, or is attempted again. False if it is under way already.
    pub(crate) fn open(&self, secret: &str, token: &VersionId, kind: RotationKind, now: Timestamp) -> bool {
        let mut runs = lock(&self.runs);
        if let Some(run) = runs
            .iter_mut()
            .find(|run| run.secret == secret && run.token == *token)
        {
            return run.outcome.take().is_some();
        }
        forget_oldest(&mut runs);
        runs.push(RotationRun {
            secret: secret.to_owned(),
            token: token.clone(),
            test_only: kind == RotationKind::TestOnly,
            started: now,
            attempts: Vec::new(),
            outcome: None,
        });
        drop(runs);
        self.changes.send_replace(());
        true
    }

    /// Tells when a rotation has come a step further.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    pub(crate) fn attempt(&self, secret: &str, token: &VersionId) {
        self.change(secret, token, |run| {
            if run.attempts.len() == KEPT_ATTEMPTS {
                run.attempts.remove(0);
            }
            run.attempts.push(Attempt::default());
        });
    }

    pub(crate) fn step(&self, secret: &str, token: &VersionId, mut step: StepRun) {
        if let Some(error) = &mut step.error {
            cut(&mut error.error_type, LONGEST);
            cut(&mut error.error_message, LONGEST);
        }
        self.change(secret, token, |run| {
            if let Some(attempt) = run.attempts.last_mut() {
                attempt.steps.push(step);
            }
        });
    }

    pub(crate) fn end(&self, secret: &str, token: &VersionId, outcome: RotationOutcome) {
        self.change(secret, token, |run| run.outcome = Some(outcome));
    }

    fn change(&self, secret: &str, token: &VersionId, change: impl FnOnce(&mut RotationRun)) {
        let mut runs = lock(&self.runs);
        if let Some(run) = runs
            .iter_mut()
            .find(|run| run.secret == secret && run.token == *token)
        {
            change(run);
        }
        drop(runs);
        self.changes.send_replace(());
    }

    /// The rotations of one secret, or of all.
    pub(crate) fn list(&self, secret: Option<&str>) -> Vec<RotationRun> {
        let wanted = |run: &&RotationRun| secret.is_none_or(|secret| run.secret == secret);
        lock(&self.runs).iter().filter(wanted).cloned().collect()
    }

    /// Waits until a rotation has ended; `None` if it never began.
    pub(crate) async fn wait(&self, secret: &str, token: &str) -> Option<RotationRun> {
        let mut changes = self.changes.subscribe();
        loop {
            changes.mark_unchanged();
            let found = self
                .list(Some(secret))
                .into_iter()
                .find(|run| run.token.as_str() == token)?;
            if found.outcome.is_some() {
                return Some(found);
            }
            changes.changed().await.ok()?;
        }
    }
}

/// Makes room for one more. Those under way stay: there is one a secret at most.
fn forget_oldest(runs: &mut Vec<RotationRun>) {
    let ended = |run: &RotationRun| run.outcome.is_some();
    if runs.iter().filter(|run| ended(run)).count() >= KEPT
        && let Some(oldest) = runs.iter().position(ended)
    {
        runs.remove(oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(n: usize) -> VersionId {
        format!("{n:032}").parse().unwrap()
    }

    #[test]
    fn the_oldest_rotations_that_have_ended_are_forgotten() {
        let log = RunLog::new();
        let open = |n| log.open("db", &token(n), RotationKind::Full, Timestamp::UNIX_EPOCH);
        open(0);
        for n in 1..=KEPT + 1 {
            open(n);
            log.end("db", &token(n), RotationOutcome::Succeeded);
        }
        let runs = log.list(None);
        assert_eq!(runs.len(), KEPT + 1);
        assert_eq!(
            (&runs[0].token, runs[0].outcome),
            (&token(0), None),
            "it is under way"
        );
        assert_eq!(runs[1].token, token(2));
    }

    #[test]
    fn the_oldest_attempts_are_forgotten_and_long_errors_cut() {
        let log = RunLog::new();
        log.open("db", &token(1), RotationKind::Full, Timestamp::UNIX_EPOCH);
        for n in 0..=KEPT_ATTEMPTS {
            log.attempt("db", &token(1));
            let error = FunctionError {
                error_type: format!("E{n}"),
                error_message: "x".repeat(LONGEST + 1),
            };
            let step = StepRun {
                step: "createSecret",
                duration: Duration::ZERO,
                error: Some(error),
            };
            log.step("db", &token(1), step);
        }
        let run = log.list(None).remove(0);
        assert_eq!(run.attempts.len(), KEPT_ATTEMPTS);
        let first = run.attempts[0].steps[0].error.as_ref().unwrap();
        assert_eq!(
            (first.error_type.as_str(), first.error_message.len()),
            ("E1", LONGEST)
        );
    }
}
