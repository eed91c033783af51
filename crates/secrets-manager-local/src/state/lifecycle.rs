//! Creating, changing, deleting and restoring a secret, its tags and its policy.

use jiff::{SignedDuration, Timestamp};
use staging_labels::{Label, VersionId};

use super::State;
use super::error::{ApiError, ErrorCode};
use super::replica::Replica;
use super::secret::{Secret, Version};
use super::value::Value;
use super::versions::NewVersion;

/// Most tags on a secret.
const MAX_TAGS: usize = 50;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// `CreateSecret`'s parameters, and the chance that goes into the ARN.
#[derive(Debug, Clone)]
pub struct NewSecret {
    /// `Name`
    pub name: String,
    /// The six characters at the end of the ARN.
    pub arn_suffix: String,
    /// `ClientRequestToken`
    pub token: VersionId,
    /// `SecretString` or `SecretBinary`
    pub value: Option<Value>,
    /// `Description`, `KmsKeyId`, `Type`
    pub details: Details,
    /// `Tags`
    pub tags: Vec<(String, String)>,
    /// Regions of `AddReplicaRegions`.
    pub replica_regions: Vec<String>,
}

/// The metadata that `CreateSecret` sets and `UpdateSecret` changes, where given.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// `Description`
    pub description: Option<String>,
    /// `KmsKeyId`
    pub kms_key_id: Option<String>,
    /// `Type`
    pub kind: Option<String>,
}

/// How `DeleteSecret` deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// After so many days.
    AfterDays(u8),
    /// At once, `ForceDeleteWithoutRecovery`.
    AtOnce,
}

impl State {
    /// `CreateSecret`. The ARN, of the secret that was there already if this is a repeat of the same request.
    pub fn create(&mut self, new: NewSecret, now: Timestamp) -> Result<String, ApiError> {
        if let Some(existing) = self.secrets.values().find(|secret| secret.name == new.name) {
            return repeated_create(existing, &new);
        }
        let arn = format!(
            "arn:aws:secretsmanager:{}:{}:secret:{}-{}",
            crate::REGION,
            crate::ACCOUNT,
            new.name,
            new.arn_suffix
        );
        if self.secrets.contains_key(&arn) {
            return Err(ApiError::new(
                ErrorCode::InternalServiceError,
                "The ARN is taken; try again.",
            ));
        }
        let mut secret = empty_secret(&arn, &new, now);
        secret.add_tags(new.tags)?;
        if let Some(value) = new.value {
            secret
                .versions
                .push(Version::new(new.token.clone(), Some(value), now));
            secret.attach(&new.token, Label::Current, now)?;
        }
        self.before.insert(arn.clone(), None);
        self.secrets.insert(arn.clone(), secret);
        Ok(arn)
    }

    /// `DeleteSecret`: when it will be gone.
    pub fn delete(&mut self, arn: &str, deletion: Deletion, now: Timestamp) -> Result<Timestamp, ApiError> {
        let days = match deletion {
            Deletion::AfterDays(days) => i32::from(days),
            Deletion::AtOnce => {
                let gone = self.secrets.remove(arn).ok_or_else(ApiError::no_secret)?;
                self.before.insert(gone.arn.clone(), Some(gone));
                return Ok(now);
            }
        };
        self.change(arn, |secret| {
            if !secret.replicas.is_empty() {
                return Err(ApiError::invalid_request(
                    "You can't delete a secret that still has replicas.",
                ));
            }
            let date = now
                .checked_add(DAY * days)
                .map_err(|_| ApiError::invalid_parameter("The date is out of range."))?;
            secret.deletion = Some(date);
            Ok(date)
        })
    }

    /// Removes what was marked for deletion and whose recovery window has passed.
    pub fn expire(&mut self, now: Timestamp) {
        self.secrets
            .retain(|_, secret| secret.deletion.is_none_or(|date| date > now));
    }
}

impl Secret {
    /// `UpdateSecret`: metadata, and a new `AWSCURRENT` version if a value is given. Whether one was written.
    pub(crate) fn update(
        &mut self,
        details: Details,
        new: Option<NewVersion>,
        now: Timestamp,
    ) -> Result<bool, ApiError> {
        self.refuse_deleted()?;
        self.refuse_replica()?;
        let writes = new.is_some();
        if let Some(new) = new {
            self.put(new, None, now)?;
        }
        self.description = details.description.or_else(|| self.description.take());
        self.kms_key_id = details.kms_key_id.or_else(|| self.kms_key_id.take());
        self.kind = details.kind.or_else(|| self.kind.take());
        self.last_changed = now;
        Ok(writes)
    }

    /// `TagResource`: a tag that is there already gets the new value.
    pub(crate) fn add_tags(&mut self, tags: Vec<(String, String)>) -> Result<(), ApiError> {
        self.refuse_deleted()?;
        for (key, value) in tags {
            match self.tags.iter_mut().find(|tag| tag.0 == key) {
                Some(tag) => tag.1 = value,
                None => self.tags.push((key, value)),
            }
        }
        if self.tags.len() > MAX_TAGS {
            return Err(ApiError::invalid_parameter(format!(
                "A secret can have {MAX_TAGS} tags at most."
            )));
        }
        Ok(())
    }
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
        tags: Vec::new(),
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
        replicas: new
            .replica_regions
            .iter()
            .map(|region| Replica::new(region.clone(), now))
            .collect(),
    }
}
