//! Creating, changing, deleting and restoring a secret, its tags and its policy.

use jiff::{SignedDuration, Timestamp};
use staging_labels::{Label, VersionId};

use super::error::{ApiError, ErrorCode};
use super::labels::attach;
use super::replica::Replica;
use super::secret::{Secret, Version};
use super::secrets::State;
use super::value::Value;
use super::versions::{NewVersion, put};

/// Most tags on a secret.
const MAX_TAGS: usize = 50;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// `CreateSecret`'s parameters, and the chance that goes into the ARN.
#[derive(Debug, Clone)]
pub(crate) struct NewSecret {
    /// `Name`
    pub(crate) name: String,
    /// The ARN, with its six characters.
    pub(crate) arn: String,
    /// `ClientRequestToken`
    pub(crate) token: VersionId,
    /// `SecretString` or `SecretBinary`
    pub(crate) value: Option<Value>,
    /// `Description`, `KmsKeyId`, `Type`
    pub(crate) details: Details,
    /// `Tags`
    pub(crate) tags: Vec<(String, String)>,
    /// `AddReplicaRegions`
    pub(crate) replicas: Vec<Replica>,
}

/// The metadata that `CreateSecret` sets and `UpdateSecret` changes, where given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Details {
    /// `Description`
    pub(crate) description: Option<String>,
    /// `KmsKeyId`
    pub(crate) kms_key_id: Option<String>,
    /// `Type`
    pub(crate) kind: Option<String>,
}

/// How `DeleteSecret` deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deletion {
    /// After so many days.
    AfterDays(u8),
    /// At once, `ForceDeleteWithoutRecovery`.
    AtOnce,
}

/// `CreateSecret`. The ARN, of the secret that was there already if this is a repeat of the same request.
pub(crate) fn create(state: &mut State, new: NewSecret, now: Timestamp) -> Result<String, ApiError> {
    if let Some(existing) = state.secrets().find(|secret| secret.name == new.name) {
        return repeated_create(existing, &new);
    }
    let arn = new.arn.clone();
    if state.get(&arn).is_ok() {
        return Err(ApiError::new(
            ErrorCode::InternalServiceError,
            "The ARN is taken; try again.",
        ));
    }
    let mut secret = empty_secret(&arn, &new, now);
    add_tags(&mut secret, new.tags)?;
    if let Some(value) = new.value {
        secret
            .versions
            .push(Version::new(new.token.clone(), Some(value), now));
        attach(&mut secret, &new.token, Label::Current, now)?;
    }
    // Last: a copy begins with the first value, it does not follow it.
    secret.replicas = new.replicas;
    state.insert(secret);
    Ok(arn)
}

/// `DeleteSecret`: when it will be gone.
pub(crate) fn delete(
    state: &mut State,
    arn: &str,
    deletion: Deletion,
    now: Timestamp,
) -> Result<Timestamp, ApiError> {
    let secret = state.get(arn)?;
    secret.refuse_replica()?;
    refuse_replicated(secret)?;
    let days = match deletion {
        Deletion::AfterDays(days) => i32::from(days),
        Deletion::AtOnce => {
            state.remove(arn)?;
            return Ok(now);
        }
    };
    state.change(arn, |secret| {
        let date = now
            .checked_add(DAY * days)
            .map_err(|_| ApiError::invalid_parameter("The date is out of range."))?;
        secret.deletion = Some(date);
        Ok(date)
    })
}

/// Fact 30.
fn refuse_replicated(secret: &Secret) -> Result<(), ApiError> {
    if secret.replicas.is_empty() {
        return Ok(());
    }
    let regions = secret.replicas.iter().map(|replica| replica.region.as_str());
    Err(ApiError::invalid_parameter(format!(
        "You can't delete secret {} that still has replica regions [{}]",
        secret.name,
        regions.collect::<Vec<_>>().join(", ")
    )))
}

/// `UpdateSecret`: metadata, and a new `AWSCURRENT` version if a value is given. Whether one was written.
pub(crate) fn update(
    secret: &mut Secret,
    details: Details,
    new: Option<NewVersion>,
    now: Timestamp,
) -> Result<bool, ApiError> {
    secret.refuse_deleted()?;
    let writes = new.is_some();
    // A replica has an encryption key of its own.
    if writes || details.description.is_some() || details.kind.is_some() {
        secret.refuse_replica()?;
    }
    if let Some(new) = new {
        put(secret, new, None, now)?;
    }
    secret.description = details.description.or_else(|| secret.description.take());
    secret.kms_key_id = details.kms_key_id.or_else(|| secret.kms_key_id.take());
    secret.kind = details.kind.or_else(|| secret.kind.take());
    secret.last_changed = now;
    Ok(writes)
}

/// `TagResource`: a tag that is there already gets the new value.
pub(crate) fn add_tags(secret: &mut Secret, tags: Vec<(String, String)>) -> Result<(), ApiError> {
    secret.refuse_deleted()?;
    if tags.is_empty() {
        return Ok(());
    }
    let all = secret.tags.get_or_insert_default();
    for (key, value) in tags {
        match all.iter_mut().find(|tag| tag.0 == key) {
            Some(tag) => tag.1 = value,
            None => all.push((key, value)),
        }
    }
    if all.len() > MAX_TAGS {
        return Err(ApiError::invalid_parameter(format!(
            "A secret can have {MAX_TAGS} tags at most."
        )));
    }
    Ok(())
}

fn repeated_create(existing: &Secret, new: &NewSecret) -> Result<String, ApiError> {
    if existing.deletion.is_some() {
        return Err(ApiError::invalid_request(
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
        ));
    }
    let same = existing
        .version(&new.token)
        .is_some_and(|version| version.value.is_some() && version.value == new.value);
    if same {
        return Ok(existing.arn.clone());
    }
    Err(ApiError::new(
        ErrorCode::ResourceExists,
        format!(
            "The operation failed because the secret {} already exists.",
            new.name
        ),
    ))
}

fn empty_secret(arn: &str, new: &NewSecret, now: Timestamp) -> Secret {
    Secret {
        arn: arn.to_owned(),
        name: new.name.clone(),
        description: new.details.description.clone(),
        kms_key_id: new.details.kms_key_id.clone(),
        kind: new.details.kind.clone(),
        tags: None,
        policy: None,
        versions: Vec::new(),
        rotation: None,
        unfinished: None,
        trail: Vec::new(),
        created: now,
        last_changed: now,
        last_accessed: None,
        last_rotated: None,
        deletion: None,
        owning_service: None,
        primary_region: None,
        primary_arn: None,
        replicas: Vec::new(),
    }
}
