//! The events that a rotation leaves in `CloudTrail` (fact 20).

use jiff::Timestamp;
use serde::Serialize;
use staging_labels::VersionId;

use super::rotation::RotationKind;

/// One event of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailEvent {
    /// When, by the server's clock.
    pub at: Timestamp,
    /// What happened.
    pub name: TrailEventName,
    /// The version that the rotation makes.
    pub version: VersionId,
}

/// The names of fact 20.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum TrailEventName {
    /// A rotation has begun.
    RotationStarted,
    /// The token's version is `AWSCURRENT` after all four steps.
    RotationSucceeded,
    /// Every attempt failed.
    RotationFailed,
    /// A new version was written by hand while the rotation ran (fact 7).
    RotationAbandoned,
    /// `RotateImmediately=false` has begun its testSecret (fact 5).
    TestRotationStarted,
    /// That testSecret succeeded.
    TestRotationSucceeded,
    /// That testSecret failed in every attempt.
    TestRotationFailed,
}

impl TrailEventName {
    pub(crate) const fn started(kind: RotationKind) -> Self {
        match kind {
            RotationKind::Full => Self::RotationStarted,
            RotationKind::TestOnly => Self::TestRotationStarted,
        }
    }

    pub(crate) const fn succeeded(kind: RotationKind) -> Self {
        match kind {
            RotationKind::Full => Self::RotationSucceeded,
            RotationKind::TestOnly => Self::TestRotationSucceeded,
        }
    }

    pub(crate) const fn failed(kind: RotationKind) -> Self {
        match kind {
            RotationKind::Full => Self::RotationFailed,
            RotationKind::TestOnly => Self::TestRotationFailed,
        }
    }
}
