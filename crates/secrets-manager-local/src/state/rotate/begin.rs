//! How a rotation begins (facts 2, 3 and 5).

use jiff::Timestamp;
use staging_labels::{Label, VersionId};

use crate::state::error::ApiError;
use crate::state::labels::attach;
use crate::state::rotation::{ExternalRotation, Rotation, RotationKind, Unfinished};
use crate::state::schedule::Rules;
use crate::state::secret::{Secret, Version};
use crate::state::trail::TrailEventName;

/// RotateSecret's parameters.
#[derive(Clone)]
pub(crate) struct RotationRequest {
    /// `ClientRequestToken`
    pub(crate) token: VersionId,
    /// A fresh RotationToken.
    pub(crate) rotation_token: String,
    /// `RotationLambdaARN`
    pub(crate) function_arn: Option<String>,
    /// `RotationRules`
    pub(crate) rules: Option<Rules>,
    /// `RotateImmediately`, true if left out.
    pub(crate) immediately: bool,
    /// `ExternalSecretRotationRoleArn` and `ExternalSecretRotationMetadata`
    pub(crate) external: ExternalRotation,
}

/// How RotateSecret was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Begun {
    /// A rotation begins, or the one of this very token is still unfinished: the function is to be
    /// invoked, unless that is under way already.
    Started(Unfinished),
    /// The rotation of this very token has succeeded.
    Repeated,
}

/// The function that RotateSecret would invoke, if it may (facts 17 and 19).
pub(crate) fn rotation_function(secret: &Secret, asked: Option<&str>) -> Result<String, ApiError> {
    secret.refuse_deleted()?;
    secret.refuse_replica()?;
    if let (Some(service), Some(_)) = (&secret.owning_service, asked) {
        return Err(ApiError::invalid_request(format!(
            "You can't specify a rotation function for a secret that is managed by {service}."
        )));
    }
    if let Some(kind) = secret.partner_type() {
        return Err(ApiError::invalid_request(format!(
            "This local Secrets Manager cannot rotate a managed external secret ({kind}): AWS asks its partner to. Call RotateSecret with RotateImmediately=false to store the role, the metadata and the schedule alone."
        )));
    }
    let stored = secret
        .rotation
        .as_ref()
        .and_then(|rotation| rotation.function_arn.clone());
    asked.map(str::to_owned).or(stored).ok_or_else(|| {
        ApiError::invalid_request("No Lambda rotation function ARN is associated with this secret.")
    })
}

/// RotateSecret of a managed external secret with `RotateImmediately=false`: stores what AWS would rotate it with (fact 34).
pub(crate) fn configure_external(
    secret: &mut Secret,
    request: RotationRequest,
    now: Timestamp,
) -> Result<(), ApiError> {
    secret.refuse_deleted()?;
    secret.refuse_replica()?;
    if request.function_arn.is_some() {
        return Err(ApiError::invalid_parameter(
            "A managed external secret is rotated without a function: leave RotationLambdaARN out.",
        ));
    }
    configure(secret, None, request.rules, now);
    if let Some(rotation) = &mut secret.rotation {
        rotation.external.update(request.external);
    }
    Ok(())
}

/// RotateSecret: configures, and stages the version that the function is to fill (facts 2, 3, 5).
pub(crate) fn begin(
    secret: &mut Secret,
    request: RotationRequest,
    now: Timestamp,
) -> Result<Begun, ApiError> {
    let function = rotation_function(secret, request.function_arn.as_deref())?;
    if let Some(run) = repeated(secret, &request.token) {
        if secret
            .rotation
            .as_ref()
            .is_none_or(|rotation| rotation.function_arn.is_none())
        {
            configure(secret, Some(function), request.rules, now);
        }
        return Ok(Begun::Started(run));
    }
    if has_rotated_to(secret, &request.token) {
        return Ok(Begun::Repeated);
    }
    refuse_second_rotation(secret)?;
    if secret.version(&request.token).is_some() {
        return Err(ApiError::invalid_parameter(format!(
            "The ClientRequestToken {} is already in use for a version of this secret.",
            request.token
        )));
    }
    configure(secret, Some(function), request.rules, now);
    let kind = if request.immediately {
        RotationKind::Full
    } else {
        RotationKind::TestOnly
    };
    let run = Unfinished {
        token: request.token,
        rotation_token: request.rotation_token,
        kind,
    };
    stage(secret, run.clone(), now)?;
    Ok(Begun::Started(run))
}

/// Stages an empty `AWSPENDING` version without any invoke, for steps that a person delivers.
pub(crate) fn stage_pending(secret: &mut Secret, run: Unfinished, now: Timestamp) -> Result<(), ApiError> {
    secret.refuse_deleted()?;
    secret.refuse_replica()?;
    if repeated(secret, &run.token).is_some() || has_rotated_to(secret, &run.token) {
        return Ok(());
    }
    refuse_second_rotation(secret)?;
    match &mut secret.rotation {
        None => configure(secret, None, None, now),
        // As RotateSecret does after CancelRotateSecret.
        Some(rotation) => rotation.enabled = true,
    }
    stage(secret, run, now)
}

/// The unfinished rotation, if it is the one of `token`.
fn repeated(secret: &Secret, token: &VersionId) -> Option<Unfinished> {
    let run = secret.unfinished.clone().filter(|run| run.token == *token)?;
    let labelled = secret.carries(token, &Label::Pending) || secret.carries(token, &Label::Current);
    labelled.then_some(run)
}

fn has_rotated_to(secret: &Secret, token: &VersionId) -> bool {
    secret.last_rotated.is_some() && secret.carries(token, &Label::Current)
}

/// Fact 3.
fn refuse_second_rotation(secret: &Secret) -> Result<(), ApiError> {
    let current = secret.carrier(&Label::Current).map(|version| &version.id);
    match secret.carrier(&Label::Pending).map(|version| &version.id) {
        Some(pending) if Some(pending) != current => Err(ApiError::invalid_request(
            "A previous rotation isn't complete. That rotation will be reattempted.",
        )),
        _ => Ok(()),
    }
}

fn configure(secret: &mut Secret, function_arn: Option<String>, rules: Option<Rules>, now: Timestamp) {
    let old = secret.rotation.take();
    let (old_rules, external) = old
        .map(|rotation| (rotation.rules, rotation.external))
        .unwrap_or_default();
    let mut rotation = Rotation {
        enabled: true,
        function_arn,
        rules: rules.or(old_rules),
        next: None,
        due: None,
        days_until_next: None,
        external,
    };
    rotation.schedule_after(now);
    secret.rotation = Some(rotation);
    secret.last_changed = now;
}

fn stage(secret: &mut Secret, run: Unfinished, now: Timestamp) -> Result<(), ApiError> {
    let value = match run.kind {
        RotationKind::Full => None,
        RotationKind::TestOnly => secret
            .carrier(&Label::Current)
            .and_then(|version| version.value.clone()),
    };
    if secret.version(&run.token).is_none() {
        secret.versions.push(Version::new(run.token.clone(), value, now));
    }
    attach(secret, &run.token, Label::Pending, now)?;
    secret.record(TrailEventName::started(run.kind), run.token.clone(), now);
    secret.last_changed = now;
    secret.unfinished = Some(run);
    Ok(())
}
