//! The log of calls: who asked what, when, and what came of it. Never a value.

use std::collections::{BTreeSet, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::{Serialize, Serializer};

use crate::sync::lock;

/// Calls kept; older ones are forgotten.
const KEPT: usize = 50_000;
/// The longest text of a call that is kept, in bytes: an ARN is shorter.
const LONGEST: usize = 1_024;

/// One call of the Secrets Manager API.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallRecord {
    /// Its number, from 0, in the order in which the calls came in.
    pub number: usize,
    /// The operation, or what stood in `X-Amz-Target` if there is none of this name.
    pub operation: String,
    /// The region that was asked; absent if this server does not have it.
    pub region: Option<String>,
    /// The function that called, if it was one.
    pub function: Option<String>,
    /// The access key id of its sandbox.
    pub sandbox: Option<String>,
    /// The rotation step that the function was working on.
    pub step: Option<String>,
    /// The ARN of the secret whose rotation the function was working on.
    pub rotating: Option<String>,
    /// `SecretId`, or `Name`, as it was asked for.
    pub secret_id: Option<String>,
    /// `VersionId`, `ClientRequestToken` or `MoveToVersionId`, whichever was given.
    pub version_id: Option<String>,
    /// `VersionStage`, or `VersionStages` joined by commas.
    pub version_stage: Option<String>,
    /// When it came in, in seconds since the server started.
    #[serde(serialize_with = "seconds", rename = "started_s")]
    pub started: Duration,
    /// When it was answered; absent while it is under way.
    #[serde(serialize_with = "optional_seconds", rename = "ended_s")]
    pub ended: Option<Duration>,
    /// `OK`, the error's code, or `dropped` if the connection was closed without an answer.
    pub outcome: Option<String>,
    /// The effects of injected faults.
    pub faults: Vec<&'static str>,
}

impl CallRecord {
    /// Cuts what the caller chose, for its length is the caller's choice, too.
    fn shorten(&mut self) {
        cut(&mut self.operation, LONGEST);
        let optional = [
            &mut self.step,
            &mut self.rotating,
            &mut self.secret_id,
            &mut self.version_id,
            &mut self.version_stage,
        ];
        for text in optional.into_iter().flatten() {
            cut(text, LONGEST);
        }
    }

    /// Whether the two were under way at the same time.
    pub fn overlaps(&self, other: &Self) -> bool {
        let ends_after = |a: &Self, b: &Self| a.ended.is_none_or(|ended| ended > b.started);
        ends_after(self, other) && ends_after(other, self)
    }
}

/// Cuts a text to so many bytes, or a few less where a character would be torn.
pub(super) fn cut(text: &mut String, longest: usize) {
    text.truncate(text.floor_char_boundary(longest));
}

pub(super) fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

#[expect(clippy::ref_option, reason = "serde passes the field by reference")]
fn optional_seconds<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration
        .map(|duration| duration.as_secs_f64())
        .serialize(serializer)
}

/// The kinds of call that functions make, in a file: what their roles must allow. A line each, as
/// `FUNCTION OPERATION own` about the secret that is being rotated, or `other` about another one.
///
/// Servers may share a file: each adds to it what it has not added before.
#[derive(Debug)]
pub(crate) struct CallKinds {
    file: File,
    known: BTreeSet<String>,
}

impl CallKinds {
    /// Adds to the file at `path`, which need not be there.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        Ok(Self {
            file,
            known: BTreeSet::new(),
        })
    }

    fn note(&mut self, call: &CallRecord) {
        let (Some(function), Some(rotating)) = (&call.function, &call.rotating) else {
            return;
        };
        let own = call.secret_id.as_ref().is_none_or(|secret| secret == rotating);
        let line = format!(
            "{function} {} {}\n",
            call.operation,
            if own { "own" } else { "other" }
        );
        if self.known.insert(line.clone()) {
            // One write of a short line is not torn by others; a record that cannot be kept is missed by its reader.
            let _ = self.file.write_all(line.as_bytes());
        }
    }
}

/// The calls since the start, or since the log was cleared.
#[derive(Debug)]
pub(crate) struct CallLog {
    start: Instant,
    calls: Mutex<(usize, VecDeque<CallRecord>)>,
    kinds: Option<Mutex<CallKinds>>,
}

impl CallLog {
    pub(crate) fn new(kinds: Option<CallKinds>) -> Self {
        Self {
            start: Instant::now(),
            calls: Mutex::default(),
            kinds: kinds.map(Mutex::new),
        }
    }

    /// Notes a call that has come in; its number is set here.
    pub(crate) fn open(&self, mut call: CallRecord) -> usize {
        if let Some(kinds) = &self.kinds {
            lock(kinds).note(&call);
        }
        let mut calls = lock(&self.calls);
        let number = calls.0;
        calls.0 += 1;
        call.number = number;
        call.started = self.start.elapsed();
        call.shorten();
        if calls.1.len() == KEPT {
            calls.1.pop_front();
        }
        calls.1.push_back(call);
        number
    }

    /// Notes what came of it.
    pub(crate) fn close(&self, number: usize, outcome: &str, faults: Vec<&'static str>) {
        let ended = self.start.elapsed();
        let mut calls = lock(&self.calls);
        if let Some(call) = calls.1.iter_mut().rev().find(|call| call.number == number) {
            call.ended = Some(ended);
            call.outcome = Some(outcome.to_owned());
            call.faults = faults;
        }
    }

    pub(crate) fn list(&self) -> Vec<CallRecord> {
        lock(&self.calls).1.iter().cloned().collect()
    }

    /// How long ago the log began: calls are timed from there.
    pub(crate) fn age(&self) -> Duration {
        self.start.elapsed()
    }

    pub(crate) fn clear(&self) {
        lock(&self.calls).1.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(function: Option<&str>, operation: &str, secret: Option<&str>) -> CallRecord {
        CallRecord {
            number: 0,
            operation: operation.to_owned(),
            region: None,
            function: function.map(str::to_owned),
            sandbox: None,
            step: None,
            rotating: Some("arn:own".to_owned()),
            secret_id: secret.map(str::to_owned),
            version_id: None,
            version_stage: None,
            started: Duration::ZERO,
            ended: None,
            outcome: None,
            faults: Vec::new(),
        }
    }

    #[test]
    fn the_oldest_calls_are_forgotten_and_long_texts_cut() {
        let log = CallLog::new(None);
        let text = "ü".repeat(LONGEST);
        for _ in 0..KEPT {
            log.open(call(None, "GetSecretValue", None));
        }
        let last = log.open(call(None, &text, Some(&text)));
        log.close(0, "OK", Vec::new());
        log.close(last, "OK", Vec::new());
        let calls = log.list();
        assert_eq!((calls.len(), calls[0].number), (KEPT, 1));
        let call = &calls[KEPT - 1];
        assert_eq!((call.number, call.outcome.as_deref()), (last, Some("OK")));
        assert_eq!(call.operation.len(), LONGEST);
        assert_eq!(call.secret_id.as_ref().unwrap().len(), LONGEST);
    }

    #[test]
    fn each_kind_of_call_of_a_function_is_noted_once_and_servers_share_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("calls.txt");
        for operation in ["PutSecretValue", "GetSecretValue"] {
            let log = CallLog::new(Some(CallKinds::open(&path).unwrap()));
            log.open(call(Some("rotate"), operation, Some("arn:own")));
            log.open(call(Some("rotate"), operation, Some("arn:own")));
            log.open(call(Some("rotate"), operation, Some("arn:admin")));
            log.open(call(None, "DeleteSecret", Some("arn:own")));
        }
        let noted = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            noted.lines().collect::<Vec<_>>(),
            [
                "rotate PutSecretValue own",
                "rotate PutSecretValue other",
                "rotate GetSecretValue own",
                "rotate GetSecretValue other",
            ]
        );
    }
}
