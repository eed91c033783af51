//! One secret as plain data, and what every operation asks of it.
//!
//! What changes a secret is in `labels`, `versions`, `lifecycle` and `rotate`.

use std::collections::BTreeSet;

use jiff::Timestamp;
use staging_labels::{Label, VersionId};

use super::error::ApiError;
use super::replica::Replica;
use super::rotation::{Rotation, Unfinished};
use super::schedule::midnight;
use super::trail::{TrailEvent, TrailEventName};
use super::value::Value;

/// Events kept of a secret; older ones are forgotten.
const KEPT_EVENTS: usize = 1_000;

/// A secret with its versions and its rotation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Secret {
    /// The full ARN, with its six-character suffix.
    pub(crate) arn: String,
    /// The name.
    pub(crate) name: String,
    /// `Description`
    pub(crate) description: Option<String>,
    /// `KmsKeyId`; kept, not used: values are not encrypted here.
    pub(crate) kms_key_id: Option<String>,
    /// `Type`
    pub(crate) kind: Option<String>,
    /// Tags in the order they were added; absent if it never had one (fact 31).
    pub(crate) tags: Option<Vec<(String, String)>>,
    /// The resource policy's text.
    pub(crate) policy: Option<String>,
    /// Every version, oldest first, those without a label included.
    pub(crate) versions: Vec<Version>,
    /// The rotation's configuration; absent if it never was configured (fact 9).
    pub(crate) rotation: Option<Rotation>,
    /// The rotation that was begun and has neither succeeded nor been abandoned or cancelled.
    pub(crate) unfinished: Option<Unfinished>,
    /// The rotation's events as `CloudTrail` has them (fact 20).
    pub(crate) trail: Vec<TrailEvent>,
    /// When it was created.
    pub(crate) created: Timestamp,
    /// When it was last changed in any way.
    pub(crate) last_changed: Timestamp,
    /// The day on which a value was last read.
    pub(crate) last_accessed: Option<Timestamp>,
    /// When a rotation last succeeded.
    pub(crate) last_rotated: Option<Timestamp>,
    /// When it will be gone, if it is marked for deletion.
    pub(crate) deletion: Option<Timestamp>,
    /// The service that manages it (fact 19).
    pub(crate) owning_service: Option<String>,
    /// The primary's region, if it is a replica (fact 17).
    pub(crate) primary_region: Option<String>,
    /// The primary's ARN, if it is a replica of a secret of this server.
    pub(crate) primary_arn: Option<String>,
    /// Its copies in other regions (fact 17).
    pub(crate) replicas: Vec<Replica>,
}

/// A version of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    /// Its id: the `ClientRequestToken` that made it.
    pub(crate) id: VersionId,
    /// The value; absent in the version that a rotation begins with (fact 2).
    pub(crate) value: Option<Value>,
    /// The labels it carries.
    pub(crate) stages: BTreeSet<Label>,
    /// When it was created.
    pub(crate) created: Timestamp,
    /// The day on which it was last read.
    pub(crate) last_accessed: Option<Timestamp>,
}

impl Version {
    /// A version without labels.
    pub(crate) fn new(id: VersionId, value: Option<Value>, created: Timestamp) -> Self {
        Self {
            id,
            value,
            stages: BTreeSet::new(),
            created,
            last_accessed: None,
        }
    }

    /// The labels' names, in alphabetical order.
    pub(crate) fn stage_names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.stages.iter().map(Label::as_str).collect();
        names.sort_unstable();
        names
    }
}

impl Secret {
    /// The version with this id.
    pub(crate) fn version(&self, id: &VersionId) -> Option<&Version> {
        self.versions.iter().find(|version| version.id == *id)
    }

    pub(crate) fn version_mut(&mut self, id: &VersionId) -> Option<&mut Version> {
        self.versions.iter_mut().find(|version| version.id == *id)
    }

    /// The version that carries `label`; a label is on one version at most.
    pub(crate) fn carrier(&self, label: &Label) -> Option<&Version> {
        self.versions
            .iter()
            .find(|version| version.stages.contains(label))
    }

    /// Whether `version` is there and carries `label`.
    pub(super) fn carries(&self, version: &VersionId, label: &Label) -> bool {
        self.version(version)
            .is_some_and(|version| version.stages.contains(label))
    }

    /// The tags, none if it never had one.
    pub(crate) fn tags(&self) -> &[(String, String)] {
        self.tags.as_deref().unwrap_or_default()
    }

    /// Adds an event to the trail.
    pub(super) fn record(&mut self, name: TrailEventName, version: VersionId, at: Timestamp) {
        if self.trail.len() == KEPT_EVENTS {
            self.trail.remove(0);
        }
        self.trail.push(TrailEvent { at, name, version });
    }

    /// `Type`, if a partner holds the secret: a managed external one (fact 34).
    pub(crate) fn partner_type(&self) -> Option<&str> {
        self.kind.as_deref().filter(|kind| !kind.is_empty())
    }

    /// Refuses whatever a secret that is marked for deletion refuses (fact 17).
    pub(crate) fn refuse_deleted(&self) -> Result<(), ApiError> {
        match self.deletion {
            None => Ok(()),
            Some(_) => Err(ApiError::deleted()),
        }
    }

    /// Refuses whatever only the primary of a replicated secret takes (facts 17 and 30).
    pub(crate) fn refuse_replica(&self) -> Result<(), ApiError> {
        match &self.primary_region {
            None => Ok(()),
            Some(_) => Err(ApiError::invalid_parameter(
                "Operation not permitted on a replica secret. Call must be made in primary secret's region.",
            )),
        }
    }

    /// Notes that a value was read. AWS keeps the day, not the hour.
    pub(crate) fn touch(&mut self, id: &VersionId, now: Timestamp) {
        let day = midnight(now);
        self.last_accessed = Some(day);
        if let Some(version) = self.version_mut(id) {
            version.last_accessed = Some(day);
        }
    }
}
