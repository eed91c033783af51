//! How a rotation begins (facts 2, 3 and 5).

use jiff::Timestamp;
use staging_labels::{Label, VersionId};

use super::{Begun, Kind, Rotation, RotationRequest, Unfinished};
use crate::schedule::Rules;
use crate::state::error::ApiError;
use crate::state::secret::{Secret, Version};
use crate::state::trail::TrailEventName;

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
        match &mut self.rotation {
            None => self.configure(None, None, now),
            // As RotateSecret does after CancelRotateSecret.
            Some(rotation) => rotation.enabled = true,
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
}
