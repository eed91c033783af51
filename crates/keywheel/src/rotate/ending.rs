//! How a rotation can end.

use crate::diagnosis::Secret;

/// How a rotation ended.
pub(super) enum Ending {
    /// AWSCURRENT is on its version, and Secrets Manager has recorded it.
    Rotated(Box<Secret>),
    /// The test went well.
    Tested,
    /// A step failed, with this code, and no retry followed.
    Failed(Option<String>),
    /// Something took AWSPENDING off its version.
    TakenOver,
    /// Rotation was switched off.
    Cancelled,
}
