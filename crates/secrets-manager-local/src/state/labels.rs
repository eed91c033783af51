//! How labels move (facts 11 and 12).

use jiff::Timestamp;
use staging_labels::{Label, VersionId};

use super::error::{ApiError, ErrorCode};
use super::secret::Secret;

/// Most labels on a version (fact 11).
pub(crate) const MAX_LABELS: usize = 20;

/// `UpdateSecretVersionStage`: which label goes from where to where.
#[derive(Debug, Clone)]
pub struct StageMove {
    /// The label.
    pub label: Label,
    /// The version that has it now.
    pub from: Option<VersionId>,
    /// The version that shall have it; absent to take it away.
    pub to: Option<VersionId>,
}

impl Secret {
    /// The compare-and-swap of fact 12.
    pub(crate) fn move_stage(&mut self, wanted: &StageMove, now: Timestamp) -> Result<(), ApiError> {
        self.refuse_deleted()?;
        self.refuse_replica()?;
        let carrier = self.carrier(&wanted.label).map(|version| version.id.clone());
        let Some(to) = &wanted.to else {
            return self.remove_stage(wanted, carrier.as_ref(), now);
        };
        if self.version(to).is_none() {
            return Err(ApiError::no_version(to));
        }
        match (&carrier, &wanted.from) {
            (Some(carrier), None) if carrier != to => return Err(from_is_missing(&wanted.label, carrier)),
            (carrier, Some(from)) if carrier.as_ref() != Some(from) => {
                return Err(from_is_wrong(&wanted.label, from, carrier.as_ref()));
            }
            _ => {}
        }
        self.attach(to, wanted.label.clone(), now)?;
        self.last_changed = now;
        Ok(())
    }

    fn remove_stage(
        &mut self,
        wanted: &StageMove,
        carrier: Option<&VersionId>,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        let Some(from) = &wanted.from else {
            return Err(ApiError::invalid_parameter(
                "You must specify RemoveFromVersionId, MoveToVersionId, or both.",
            ));
        };
        if wanted.label == Label::Current {
            return Err(ApiError::invalid_parameter(
                "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
            ));
        }
        if carrier != Some(from) {
            return Err(from_is_wrong(&wanted.label, from, carrier));
        }
        self.detach(&wanted.label);
        self.last_changed = now;
        Ok(())
    }

    /// Puts `label` on `version`, off whichever has it. `AWSPREVIOUS` follows `AWSCURRENT`.
    pub(crate) fn attach(
        &mut self,
        version: &VersionId,
        label: Label,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        let carrier = self.carrier(&label).map(|carrier| carrier.id.clone());
        if carrier.as_ref() == Some(version) {
            return Ok(());
        }
        self.detach(&label);
        let moved_current = label == Label::Current;
        let target = self
            .version_mut(version)
            .ok_or_else(|| ApiError::no_version(version))?;
        if target.stages.len() == MAX_LABELS {
            return Err(ApiError::new(
                ErrorCode::LimitExceeded,
                format!("You can't attach more than {MAX_LABELS} staging labels to a version."),
            ));
        }
        target.stages.insert(label);
        if moved_current {
            self.after_promotion(carrier.as_ref(), now);
        }
        Ok(())
    }

    fn after_promotion(&mut self, loser: Option<&VersionId>, now: Timestamp) {
        if let Some(loser) = loser {
            self.detach(&Label::Previous);
            if let Some(version) = self.version_mut(loser) {
                version.stages.insert(Label::Previous);
            }
        }
        for replica in &mut self.replicas {
            replica.follow(now);
        }
    }

    /// Takes `label` off whichever version has it.
    pub(crate) fn detach(&mut self, label: &Label) {
        for version in &mut self.versions {
            version.stages.remove(label);
        }
    }
}

fn from_is_missing(label: &Label, carrier: &VersionId) -> ApiError {
    ApiError::invalid_parameter(format!(
        "The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently attached to version {carrier}, so you must explicitly reference that version in RemoveFromVersionId."
    ))
}

fn from_is_wrong(label: &Label, from: &VersionId, carrier: Option<&VersionId>) -> ApiError {
    let holder = match carrier {
        Some(carrier) => format!("attached to version {carrier}"),
        None => "not attached to any version".to_owned(),
    };
    ApiError::invalid_parameter(format!(
        "The parameter RemoveFromVersionId is {from}, but staging label {label} is currently {holder}."
    ))
}
