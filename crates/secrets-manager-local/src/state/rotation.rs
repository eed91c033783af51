//! A rotation as plain data: how it begins and the ways it ends (facts 2-9).

use std::fmt;

use jiff::Timestamp;
use staging_labels::{Label, VersionId};

use super::error::ApiError;
use super::secret::{Secret, Version};
use super::trail::{TrailEvent, TrailEventName};
use crate::schedule::{Rules, Window};

/// A secret's rotation configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Rotation {
    /// False after `CancelRotateSecret` (fact 9).
    pub enabled: bool,
    /// The function's ARN; absent if versions are only staged for step-by-step invokes.
    pub function_arn: Option<String>,
    /// The schedule, if there is one.
    pub rules: Option<Rules>,
    /// The window whose end DescribeSecret shows as `NextRotationDate`.
    pub next: Option<Window>,
    /// When the server itself begins the next rotation.
    pub due: Option<Timestamp>,
}

/// A rotation that was begun and has not come to its end.
#[derive(Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The version it makes.
    pub token: VersionId,
    /// The credential that the events carry (fact 1).
    pub rotation_token: String,
    /// All four steps, or the test alone.
    pub kind: Kind,
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
pub enum Kind {
    /// createSecret, setSecret, testSecret, finishSecret.
    Full,
    /// testSecret on a copy of the existing value (fact 5).
    TestOnly,
}

/// RotateSecret's parameters.
#[derive(Clone)]
pub struct RotationRequest {
    /// `ClientRequestToken`
    pub token: VersionId,
    /// A fresh RotationToken.
    pub rotation_token: String,
    /// `RotationLambdaARN`
    pub function_arn: Option<String>,
    /// `RotationRules`
    pub rules: Option<Rules>,
    /// `RotateImmediately`, true if left out.
    pub immediately: bool,
}

/// How RotateSecret was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// A rotation begins, or the one of this very token is still unfinished: the function is to be
    /// invoked, unless that is under way already.
    Started(Unfinished),
    /// The rotation of this very token has succeeded.
    Repeated,
}

/// What there is of a rotation between two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It goes on.
    Running,
    /// A new version was written by hand, or its label was taken away (fact 7).
    Abandoned,
    /// `CancelRotateSecret`, or the secret is gone or marked for deletion.
    Cancelled,
}

impl Secret {
    /// The function that RotateSecret would invoke, if it may (facts 17 and 19).
    pub(crate) fn rotation_function(&self, asked: Option<&str>) -> Result<String, ApiError> {
        self.refuse_deleted()?;
        self.refuse_replica()?;
        if let (Some(service), Some(_)) = (&self.owning_service, asked) {
            return Err(ApiError::invalid_request(format!(
                "You can't specify a rotation function for a secret that is managed by {service}."
            )));
        }
        let stored = self
            .rotation
            .as_ref()
            .and_then(|rotation| rotation.function_arn.clone());
        asked.map(str::to_owned).or(stored).ok_or_else(|| {
            ApiError::invalid_request("No Lambda rotation function ARN is associated with this secret.")
        })
    }

    /// RotateSecret: configures, and stages the version that the function is to fill (facts 2, 3, 5).
    pub(crate) fn begin_rotation(
        &mut self,
        request: RotationRequest,
        now: Timestamp,
    ) -> Result<Begun, ApiError> {
        let function = self.rotation_function(request.function_arn.as_deref())?;
        if let Some(run) = self.repeated(&request.token) {
            if self
                .rotation
                .as_ref()
                .is_none_or(|rotation| rotation.function_arn.is_none())
            {
                self.configure(Some(function), request.rules, now);
            }
            return Ok(Begun::Started(run));
        }
        if self.has_rotated_to(&request.token) {
            return Ok(Begun::Repeated);
        }
        self.refuse_second_rotation()?;
        if self.version(&request.token).is_some() {
            return Err(ApiError::invalid_parameter(format!(
                "The ClientRequestToken {} is already in use for a version of this secret.",
                request.token
            )));
        }
        self.configure(Some(function), request.rules, now);
        let kind = if request.immediately {
            Kind::Full
        } else {
            Kind::TestOnly
        };
        let run = Unfinished {
            token: request.token,
            rotation_token: request.rotation_token,
            kind,
        };
        self.stage(run.clone(), now)?;
        Ok(Begun::Started(run))
    }

    /// Stages an empty `AWSPENDING` version without any invoke, for steps that a person delivers.
    pub(crate) fn stage_pending(&mut self, run: Unfinished, now: Timestamp) -> Result<(), ApiError> {
        self.refuse_deleted()?;
        self.refuse_replica()?;
        if self.repeated(&run.token).is_some() || self.has_rotated_to(&run.token) {
            return Ok(());
        }
        self.refuse_second_rotation()?;
        if self.rotation.is_none() {
            self.configure(None, None, now);
        }
        self.stage(run, now)
    }

    /// The unfinished rotation, if it is the one of `token`.
    fn repeated(&self, token: &VersionId) -> Option<Unfinished> {
        let run = self.unfinished.clone().filter(|run| run.token == *token)?;
        self.carries(token, &Label::Pending).then_some(run)
    }

    fn has_rotated_to(&self, token: &VersionId) -> bool {
        self.last_rotated.is_some() && self.carries(token, &Label::Current)
    }

    /// Fact 3.
    fn refuse_second_rotation(&self) -> Result<(), ApiError> {
        let current = self.carrier(&Label::Current).map(|version| &version.id);
        match self.carrier(&Label::Pending).map(|version| &version.id) {
            Some(pending) if Some(pending) != current => Err(ApiError::invalid_request(
                "A previous rotation isn't complete. That rotation will be reattempted.",
            )),
            _ => Ok(()),
        }
    }

    fn configure(&mut self, function_arn: Option<String>, rules: Option<Rules>, now: Timestamp) {
        let old = self.rotation.take();
        let rules = rules.or_else(|| old.as_ref().and_then(|rotation| rotation.rules.clone()));
        let next = rules.as_ref().and_then(|rules| rules.next_window(now));
        let due = next.map(|window| window.start);
        self.rotation = Some(Rotation {
            enabled: true,
            function_arn,
            rules,
            next,
            due,
        });
        self.last_changed = now;
    }

    fn stage(&mut self, run: Unfinished, now: Timestamp) -> Result<(), ApiError> {
        let value = match run.kind {
            Kind::Full => None,
            Kind::TestOnly => self
                .carrier(&Label::Current)
                .and_then(|version| version.value.clone()),
        };
        if self.version(&run.token).is_none() {
            self.versions.push(Version::new(run.token.clone(), value, now));
        }
        self.attach(&run.token, Label::Pending, now)?;
        self.record(TrailEventName::started(run.kind), run.token.clone(), now);
        self.last_changed = now;
        self.unfinished = Some(run);
        Ok(())
    }

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
            if let Some(rotation) = &mut self.rotation {
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

    /// Begins what the schedule says is due at `now`: the token to rotate with, if there is anything.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> bool {
        if self.deletion.is_some() || self.primary_region.is_some() {
            return false;
        }
        let Some(rotation) = &mut self.rotation else {
            return false;
        };
        if !rotation.enabled || rotation.due.is_none_or(|due| due > now) {
            return false;
        }
        let following = rotation.rules.as_ref().and_then(|rules| rules.next_window(now));
        rotation.due = following.map(|window| window.start);
        true
    }

    fn carries(&self, version: &VersionId, label: &Label) -> bool {
        self.version(version)
            .is_some_and(|version| version.stages.contains(label))
    }

    fn record(&mut self, name: TrailEventName, version: VersionId, at: Timestamp) {
        self.trail.push(TrailEvent { at, name, version });
    }
}

impl Secret {
    /// A value written by hand counts as a rotation for `AutomaticallyAfterDays` (`RotationRulesType`).
    pub(crate) fn reschedule_after_hand_written_value(&mut self, now: Timestamp) {
        let Some(rotation) = &mut self.rotation else {
            return;
        };
        let Some(rules) = rotation
            .rules
            .as_ref()
            .filter(|rules| rules.automatically_after_days.is_some())
        else {
            return;
        };
        if rotation.enabled {
            rotation.next = rules.next_window(now);
            rotation.due = rotation.next.map(|window| window.start);
        }
    }
}
