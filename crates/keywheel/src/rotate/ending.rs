//! How a rotation can end.

use std::time::Duration;

use crate::diagnosis::Secret;

/// How a rotation ended.
pub(super) enum Ending {
    /// AWSCURRENT is on its version, and Secrets Manager has recorded it.
    Rotated(Box<Secret>),
    /// The test went well.
    Tested,
    /// A step failed, with this code, and no retry followed.
    Failed(Option<String>),
    /// Nothing was seen of it for so long.
    Silent(Duration),
    /// Something took AWSPENDING off its version.
    TakenOver,
    /// Rotation was switched off.
    Cancelled,
}
