//! Copies of a secret in other regions, which follow the primary a while later (fact 17).

use jiff::{SignedDuration, Timestamp};

/// How long a copy takes to follow.
pub(crate) const LAG: SignedDuration = SignedDuration::from_secs(2);

/// A copy in another region, as far as the primary knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replica {
    /// The region.
    pub(crate) region: String,
    /// The key that its values are encrypted with there.
    pub(crate) kms_key_id: Option<String>,
    /// Whether a secret of the same name that is there already is replaced.
    pub(crate) overwrites: bool,
    /// When the primary last changed in a way that the copy must follow.
    pub(crate) changed: Timestamp,
    /// Why it follows no more.
    pub(crate) failure: Option<Failure>,
    /// The copy was made, in a region that this server serves.
    pub(crate) is_there: bool,
}

/// Why a copy does not follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A second change came before the copy had followed the first.
    Overtaken,
    /// Another secret there has the name.
    NameTaken,
}

impl Replica {
    /// A copy that begins to follow at `now`.
    pub(crate) fn new(region: String, now: Timestamp) -> Self {
        Self {
            region,
            kms_key_id: None,
            overwrites: false,
            changed: now,
            failure: None,
            is_there: false,
        }
    }

    /// The primary's `AWSCURRENT` moved.
    pub(crate) fn follow(&mut self, now: Timestamp) {
        if self.is_behind(now) {
            self.failure.get_or_insert(Failure::Overtaken);
        }
        self.changed = now;
    }

    /// `Status` and `StatusMessage` of DescribeSecret's `ReplicationStatus`, for a secret of this name.
    pub(crate) fn status(&self, name: &str, now: Timestamp) -> (&'static str, Option<String>) {
        match self.failure {
            Some(Failure::NameTaken) => {
                let region = &self.region;
                let message =
                    format!("Replication failed: Secret name {name} already exists in region {region}.");
                ("Failed", Some(message))
            }
            Some(Failure::Overtaken) => {
                let message =
                    "Replication failed: the primary changed again before the replica had followed.";
                ("Failed", Some(message.to_owned()))
            }
            None if self.is_behind(now) => ("InProgress", None),
            None => ("InSync", Some("Replication succeeded".to_owned())),
        }
    }

    /// Whether the copy is to be brought up to date now.
    pub(super) fn may_follow(&self, now: Timestamp) -> bool {
        self.failure.is_none() && !self.is_behind(now)
    }

    fn is_behind(&self, now: Timestamp) -> bool {
        now.duration_since(self.changed) < LAG
    }
}
