//! The ways in which a rotation ends (facts 4 to 8).

use jiff::Timestamp;
use staging_labels::{Label, VersionId};

use super::{Kind, Standing, Unfinished};
use crate::state::error::ApiError;
use crate::state::secret::Secret;
use crate::state::trail::TrailEventName;

impl Secret {
    /// Whether the rotation of `token` goes on.
    pub(crate) fn standing(&self, token: &VersionId) -> Standing {
        if self.deletion.is_some() {
            return Standing::Cancelled;
        }
        let labelled = self.carries(token, &Label::Pending) || self.carries(token, &Label::Current);
        match &self.unfinished {
            Some(run) if run.token == *token && labelled => Standing::Running,
            Some(run) if run.token == *token => Standing::Abandoned,
            _ if self.was_abandoned(token) => Standing::Abandoned,
            _ => Standing::Cancelled,
        }
    }

    fn was_abandoned(&self, token: &VersionId) -> bool {
        self.trail
            .iter()
            .any(|event| event.name == TrailEventName::RotationAbandoned && event.version == *token)
    }

    /// The last step went well. True if the rotation has succeeded: its version is `AWSCURRENT` (fact 4).
    pub(crate) fn succeed(&mut self, run: &Unfinished, now: Timestamp) -> bool {
        if run.kind == Kind::Full && !self.carries(&run.token, &Label::Current) {
            return false;
        }
        self.end(run);
        self.record(TrailEventName::succeeded(run.kind), run.token.clone(), now);
        if run.kind == Kind::Full {
            self.last_rotated = Some(now);
            self.last_changed = now;
            if let Some(rotation) = self.rotation.as_mut().filter(|rotation| rotation.enabled) {
                rotation.next = rotation.rules.as_ref().and_then(|rules| rules.next_window(now));
                rotation.due = rotation.next.map(|window| window.start);
            }
        }
        true
    }

    /// Every attempt failed. `AWSPENDING` stays where it is, except after a test (fact 5).
    pub(crate) fn fail(&mut self, run: &Unfinished, now: Timestamp) {
        if run.kind == Kind::TestOnly {
            self.end(run);
        }
        self.record(TrailEventName::failed(run.kind), run.token.clone(), now);
    }

    /// The label was taken off the version: the rotation cannot go on (fact 7).
    pub(crate) fn give_up(&mut self, run: &Unfinished, now: Timestamp) {
        if self.unfinished.as_ref() == Some(run) {
            self.end(run);
            self.record(TrailEventName::RotationAbandoned, run.token.clone(), now);
        }
    }

    fn end(&mut self, run: &Unfinished) {
        if self.unfinished.as_ref() == Some(run) {
            self.unfinished = None;
        }
        if run.kind == Kind::TestOnly {
            self.remove_test_version(&run.token);
        }
    }

    /// Fact 5. Somebody may have put another label on the version meanwhile: then only `AWSPENDING` goes.
    fn remove_test_version(&mut self, token: &VersionId) {
        if let Some(version) = self.version_mut(token) {
            version.stages.remove(&Label::Pending);
        }
        self.versions
            .retain(|version| version.id != *token || !version.stages.is_empty());
    }

    /// `CancelRotateSecret` (facts 8 and 9). The version that the rotation was making, if any.
    pub(crate) fn cancel_rotation(&mut self, now: Timestamp) -> Result<Option<VersionId>, ApiError> {
        self.refuse_deleted()?;
        self.refuse_replica()?;
        let Some(rotation) = &mut self.rotation else {
            return Err(ApiError::invalid_request(
                "Rotation isn't configured for this secret.",
            ));
        };
        rotation.enabled = false;
        rotation.next = None;
        rotation.due = None;
        self.last_changed = now;
        let Some(run) = self.unfinished.take() else {
            return Ok(None);
        };
        self.end(&run);
        Ok(Some(run.token))
    }

    /// Fact 7: a version that the rotation did not ask for abandons it.
    pub(crate) fn abandon_rotation_for(&mut self, new: &VersionId, now: Timestamp) {
        let Some(run) = self.unfinished.take_if(|run| run.token != *new) else {
            return;
        };
        if self.carries(&run.token, &Label::Pending) {
            self.detach(&Label::Pending);
        }
        self.end(&run);
        self.record(TrailEventName::RotationAbandoned, run.token, now);
    }
}
