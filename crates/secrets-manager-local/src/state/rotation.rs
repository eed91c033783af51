//! A rotation as plain data: its configuration, and the run that is unfinished.

use std::fmt;

use jiff::Timestamp;
use staging_labels::VersionId;

use super::schedule::{Rules, Window};

/// A secret's rotation configuration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rotation {
    /// False after `CancelRotateSecret` (fact 9).
    pub(crate) enabled: bool,
    /// The function's ARN; absent if versions are only staged for step-by-step invokes.
    pub(crate) function_arn: Option<String>,
    /// The schedule, if there is one.
    pub(crate) rules: Option<Rules>,
    /// The window whose end DescribeSecret shows as `NextRotationDate`.
    pub(crate) next: Option<Window>,
    /// When the server itself begins the next rotation.
    pub(crate) due: Option<Timestamp>,
    /// `AutomaticallyAfterDays` of a `ScheduleExpression`: the days from the last rotation that succeeded to the
    /// next window (fact 32).
    pub(crate) days_until_next: Option<u16>,
    /// What AWS hands to the partner that holds the secret (fact 34).
    pub(crate) external: ExternalRotation,
}

/// How a partner is to rotate a managed external secret (fact 34); kept, not used: there is no partner here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ExternalRotation {
    /// `ExternalSecretRotationRoleArn`
    pub(crate) role_arn: Option<String>,
    /// `ExternalSecretRotationMetadata`, as it was given.
    pub(crate) metadata: Option<Vec<MetadataItem>>,
}

/// An item of `ExternalSecretRotationMetadata`. AWS requires neither of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MetadataItem {
    pub(crate) key: Option<String>,
    pub(crate) value: Option<String>,
}

impl ExternalRotation {
    /// Takes over what is given; the rest stays.
    pub(super) fn update(&mut self, given: Self) {
        self.role_arn = given.role_arn.or(self.role_arn.take());
        self.metadata = given.metadata.or(self.metadata.take());
    }
}

impl Rotation {
    /// The first window after `now` is the next one.
    pub(super) fn schedule_after(&mut self, now: Timestamp) {
        self.next = self.rules.as_ref().and_then(|rules| rules.next_window(now));
        self.due = self.next.map(|window| window.start);
    }
}

/// A rotation that was begun and has not come to its end.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Unfinished {
    /// The version it makes.
    pub(crate) token: VersionId,
    /// The credential that the events carry (fact 1).
    pub(crate) rotation_token: String,
    /// All four steps, or the test alone.
    pub(crate) kind: RotationKind,
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
pub(crate) enum RotationKind {
    /// createSecret, setSecret, testSecret, finishSecret.
    Full,
    /// testSecret on a copy of the existing value (fact 5).
    TestOnly,
}
