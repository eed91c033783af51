//! A rotation as plain data.

mod begin;
mod end;
mod schedule;

use std::fmt;

use jiff::Timestamp;
use staging_labels::{Label, VersionId};

use super::secret::Secret;
use super::trail::{TrailEvent, TrailEventName};
use crate::schedule::{Rules, Window};

/// A secret's rotation configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Rotation {
    /// False after `CancelRotateSecret` (fact 9).
    pub enabled: bool,
    /// The function's ARN; absent if versions are only staged for step-by-step invokes.
    pub function_arn: Option<String>,
    /// The schedule, if there is one.
    pub rules: Option<Rules>,
    /// The window whose end DescribeSecret shows as `NextRotationDate`.
    pub next: Option<Window>,
    /// When the server itself begins the next rotation.
    pub due: Option<Timestamp>,
}

/// A rotation that was begun and has not come to its end.
#[derive(Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The version it makes.
    pub token: VersionId,
    /// The credential that the events carry (fact 1).
    pub rotation_token: String,
    /// All four steps, or the test alone.
    pub kind: Kind,
}

impl fmt::Debug for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unfinished")
            .field("token", &self.token)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// What a rotation runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// createSecret, setSecret, testSecret, finishSecret.
    Full,
    /// testSecret on a copy of the existing value (fact 5).
    TestOnly,
}

/// RotateSecret's parameters.
#[derive(Clone)]
pub struct RotationRequest {
    /// `ClientRequestToken`
    pub token: VersionId,
    /// A fresh RotationToken.
    pub rotation_token: String,
    /// `RotationLambdaARN`
    pub function_arn: Option<String>,
    /// `RotationRules`
    pub rules: Option<Rules>,
    /// `RotateImmediately`, true if left out.
    pub immediately: bool,
}

/// How RotateSecret was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// A rotation begins, or the one of this very token is still unfinished: the function is to be
    /// invoked, unless that is under way already.
    Started(Unfinished),
    /// The rotation of this very token has succeeded.
    Repeated,
}

/// What there is of a rotation between two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It goes on.
    Running,
    /// A new version was written by hand, or its label was taken away (fact 7).
    Abandoned,
    /// `CancelRotateSecret`, or the secret is gone or marked for deletion.
    Cancelled,
}

impl Secret {
    fn carries(&self, version: &VersionId, label: &Label) -> bool {
        self.version(version)
            .is_some_and(|version| version.stages.contains(label))
    }

    fn record(&mut self, name: TrailEventName, version: VersionId, at: Timestamp) {
        self.trail.push(TrailEvent { at, name, version });
    }
}
