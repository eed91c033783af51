//! Names short enough for a line.

use staging_labels::VersionId;

/// The first eight characters of an ID.
pub(crate) fn short(id: &VersionId) -> &str {
    id.as_str().get(..8).unwrap_or(id.as_str())
}

/// The name in a function's ARN, with its alias.
pub(crate) fn name_of(arn: &str) -> &str {
    arn.split_once(":function:").map_or(arn, |(_, name)| name)
}
