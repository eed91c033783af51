//! Copies of a secret in other regions, which follow the primary a while later (fact 17).

use jiff::{SignedDuration, Timestamp};

/// How long a copy takes to follow.
pub(crate) const LAG: SignedDuration = SignedDuration::from_secs(2);

/// A copy in another region, as far as the primary shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replica {
    /// The region.
    pub(crate) region: String,
    /// When the primary last changed in a way that the copy must follow.
    pub(crate) changed: Timestamp,
    /// A second change came before the copy had followed the first: it follows no more.
    pub(crate) stuck: bool,
}

impl Replica {
    /// A copy that begins to follow at `now`.
    pub(crate) fn new(region: String, now: Timestamp) -> Self {
        Self {
            region,
            changed: now,
            stuck: false,
        }
    }

    /// The primary's `AWSCURRENT` moved.
    pub(crate) fn follow(&mut self, now: Timestamp) {
        self.stuck = self.stuck || self.is_behind(now);
        self.changed = now;
    }

    /// `Status` and `StatusMessage` of DescribeSecret's `ReplicationStatus`.
    pub(crate) fn status(&self, now: Timestamp) -> (&'static str, Option<&'static str>) {
        if self.stuck {
            return (
                "Failed",
                Some("Replication failed: the primary changed again before the replica had followed."),
            );
        }
        if self.is_behind(now) {
            ("InProgress", None)
        } else {
            ("InSync", Some("Replication succeeded"))
        }
    }

    fn is_behind(&self, now: Timestamp) -> bool {
        now.duration_since(self.changed) < LAG
    }
}
