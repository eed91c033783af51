//! The calls that a rotation may make.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::SdkError;
use aws_sdk_secretsmanager::operation::get_secret_value::{GetSecretValueError, GetSecretValueOutput};
use aws_sdk_secretsmanager::operation::list_secret_version_ids::ListSecretVersionIdsOutput;
use aws_sdk_secretsmanager::operation::put_secret_value::PutSecretValueError;
use aws_sdk_secretsmanager::operation::update_secret_version_stage::UpdateSecretVersionStageError;
use aws_sdk_secretsmanager::primitives::{Blob, DateTime};
use aws_sdk_secretsmanager::types::SecretVersionsListEntry;
use secrecy::{ExposeSecret, SecretString};
use secrets::text_of_binary;
use staging_labels::{Label, Labels, VersionId};

use crate::event::{Event, SecretId};
use crate::fault::Cause;
use outbound::Budget;

use super::fault::{StoreFault, classify};
use super::replicas::{self, Replica};
use super::verified::Verified;

/// Longest wait for one call, retries included; the SDK's own limits are below it.
const CALL: Duration = Duration::from_secs(15);

/// Secrets Manager.
#[derive(Clone)]
pub struct Store {
    pub(super) client: Client,
    shared: SdkConfig,
    /// How long a rotation waits for replicas, at most.
    pub(super) replica_wait: Duration,
}

/// A version's value, and the labels that it carries.
pub(crate) struct Version {
    /// The secret's, whatever it was asked for by.
    pub(crate) arn: Option<String>,
    pub(crate) id: VersionId,
    pub(crate) labels: Vec<String>,
    pub(crate) text: SecretString,
    /// Whether it is stored as SecretBinary.
    pub(crate) is_binary: bool,
    /// When it was made.
    pub(crate) made: Option<SystemTime>,
}

/// A secret's tags.
pub type Tags = BTreeMap<String, String>;

/// What DescribeSecret says of a rotation.
pub(crate) struct Description {
    pub(crate) labels: Labels,
    /// `Some(false)` once a rotation was cancelled; absent if none was ever configured.
    pub(crate) rotation_enabled: Option<bool>,
    /// When a rotation last succeeded.
    pub(crate) last_rotated: Option<SystemTime>,
    /// The secret's tags.
    pub(crate) tags: Tags,
    /// Its copies in other regions.
    pub(crate) replicas: Vec<Replica>,
}

/// The result of staging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Staged {
    /// The value is stored.
    New,
    /// The version has another value already: from a concurrent invocation, or from an earlier run of this step.
    AlreadyThere,
}

#[derive(Clone, Copy)]
enum Which<'a> {
    Label(&'a Label),
    Id(&'a VersionId),
}

impl Store {
    /// A store on a client of the SDK.
    pub fn new(client: Client) -> Self {
        let shared = SdkConfig::builder().build();
        Self {
            client,
            shared,
            replica_wait: replicas::DEFAULT_WAIT,
        }
    }

    /// The same, with the configuration that clients of other services may share.
    #[must_use]
    pub fn sharing(self, shared: SdkConfig) -> Self {
        Self { shared, ..self }
    }

    pub(crate) fn shared(&self) -> &SdkConfig {
        &self.shared
    }

    pub(crate) async fn describe(&self, secret: &str, budget: Budget) -> Result<Description, Cause> {
        let call = self.client.describe_secret().secret_id(secret).send();
        let answer = budget
            .wait(waiting("DescribeSecret", secret), CALL, call)
            .await?
            .map_err(|error| classify("DescribeSecret", secret, &error))?;
        let labels = answer.version_ids_to_stages.unwrap_or_default();
        let tags = answer.tags.unwrap_or_default().into_iter();
        Ok(Description {
            labels: labels.into_iter().collect(),
            rotation_enabled: answer.rotation_enabled,
            last_rotated: answer.last_rotated_date.and_then(time),
            tags: tags
                .filter_map(|tag| tag.key.map(|key| (key, tag.value.unwrap_or_default())))
                .collect(),
            replicas: answer
                .replication_status
                .unwrap_or_default()
                .into_iter()
                .map(Replica::from)
                .collect(),
        })
    }

    /// The value that AWSCURRENT is on.
    pub(crate) async fn current(&self, secret: &SecretId, budget: Budget) -> Result<Option<Version>, Cause> {
        self.get(secret.as_str(), Which::Label(&Label::Current), budget)
            .await
    }

    pub(crate) async fn previous(&self, secret: &SecretId, budget: Budget) -> Result<Option<Version>, Cause> {
        self.get(secret.as_str(), Which::Label(&Label::Previous), budget)
            .await
    }

    /// The value of one version, `None` if it has none.
    pub(crate) async fn version(
        &self,
        secret: &SecretId,
        version: &VersionId,
        budget: Budget,
    ) -> Result<Option<Version>, Cause> {
        self.get(secret.as_str(), Which::Id(version), budget).await
    }

    pub(crate) async fn other_secret(&self, id: &str, budget: Budget) -> Result<SecretString, Cause> {
        let version = self.get(id, Which::Label(&Label::Current), budget).await?;
        let version = version.ok_or_else(|| StoreFault::SecretNotFound {
            secret: id.to_owned(),
        })?;
        Ok(version.text)
    }

    /// The versions without a label, newest first.
    pub(crate) async fn deprecated(
        &self,
        secret: &SecretId,
        budget: Budget,
    ) -> Result<Vec<VersionId>, Cause> {
        let pages = self
            .client
            .list_secret_version_ids()
            .secret_id(secret.as_str())
            .include_deprecated(true)
            .into_paginator()
            .send()
            .try_collect();
        let pages: Vec<ListSecretVersionIdsOutput> = budget
            .wait(waiting("ListSecretVersionIds", secret.as_str()), CALL, pages)
            .await?
            .map_err(|error| classify("ListSecretVersionIds", secret.as_str(), &error))?;
        let versions = pages
            .into_iter()
            .flat_map(|page| page.versions.unwrap_or_default());
        Ok(newest_unlabelled(versions.collect()))
    }

    /// Stores `text` as the token's version, labelled AWSPENDING and nothing else: as SecretBinary or as SecretString.
    pub(crate) async fn stage_pending(
        &self,
        event: &Event,
        text: &SecretString,
        as_binary: bool,
        budget: Budget,
    ) -> Result<Staged, Cause> {
        let secret = event.secret.as_str();
        let call = self
            .client
            .put_secret_value()
            .secret_id(secret)
            .client_request_token(event.token.as_str())
            .set_secret_string((!as_binary).then(|| plain(text)))
            .set_secret_binary(as_binary.then(|| Blob::new(plain(text).into_bytes())))
            .version_stages(Label::Pending.as_str())
            .set_rotation_token(event.rotation_token.as_ref().map(plain))
            .send();
        match budget.wait(waiting("PutSecretValue", secret), CALL, call).await? {
            Ok(_) => Ok(Staged::New),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutSecretValueError::is_resource_exists_exception) =>
            {
                Ok(Staged::AlreadyThere)
            }
            Err(error) => Err(classify("PutSecretValue", secret, &error).into()),
        }
    }

    /// Moves AWSCURRENT from `from` to `to`, which needs the proof that its value was just used.
    ///
    /// A concurrent invocation, or an earlier call whose answer was lost, may have moved it already: that is success.
    ///
    /// # Errors
    /// Secrets Manager's refusal, or AWSCURRENT is on a third version.
    pub async fn promote(
        &self,
        secret: &SecretId,
        to: &VersionId,
        from: Option<&VersionId>,
        _: Verified,
        budget: Budget,
    ) -> Result<(), Cause> {
        let secret = secret.as_str();
        let call = self
            .client
            .update_secret_version_stage()
            .secret_id(secret)
            .version_stage(Label::Current.as_str())
            .move_to_version_id(to.as_str())
            .set_remove_from_version_id(from.map(ToString::to_string))
            .send();
        let answer = budget
            .wait(waiting("UpdateSecretVersionStage", secret), CALL, call)
            .await?;
        let Err(error) = answer else { return Ok(()) };
        if !is_conflict(&error) {
            return Err(classify("UpdateSecretVersionStage", secret, &error).into());
        }
        let labels = self.describe(secret, budget).await?.labels;
        if labels.carrier(&Label::Current) == Some(to) {
            Ok(())
        } else {
            Err(StoreFault::PromoteConflict.into())
        }
    }

    /// Takes AWSPENDING off `version`, so that the next rotation makes a new value.
    ///
    /// It may be off already: the answer to a first call was lost, or AWSCURRENT was moved away from the version, which takes
    /// AWSPENDING with it.
    ///
    /// # Errors
    /// Secrets Manager's refusal, if the version still has the label.
    pub async fn release_pending(
        &self,
        secret: &SecretId,
        version: &VersionId,
        budget: Budget,
    ) -> Result<(), Cause> {
        let secret = secret.as_str();
        let call = self
            .client
            .update_secret_version_stage()
            .secret_id(secret)
            .version_stage(Label::Pending.as_str())
            .remove_from_version_id(version.as_str())
            .send();
        let answer = budget
            .wait(waiting("UpdateSecretVersionStage", secret), CALL, call)
            .await?;
        let Err(error) = answer else { return Ok(()) };
        if is_conflict(&error) {
            let labels = self.describe(secret, budget).await?.labels;
            if labels.carrier(&Label::Pending) != Some(version) {
                return Ok(());
            }
        }
        Err(classify("UpdateSecretVersionStage", secret, &error).into())
    }

    async fn get(&self, secret: &str, which: Which<'_>, budget: Budget) -> Result<Option<Version>, Cause> {
        let call = self.client.get_secret_value().secret_id(secret);
        let call = match which {
            Which::Label(label) => call.version_stage(label.as_str()),
            Which::Id(id) => call.version_id(id.as_str()),
        };
        match budget
            .wait(waiting("GetSecretValue", secret), CALL, call.send())
            .await?
        {
            Ok(answer) => read(secret, answer).map(Some).map_err(Cause::from),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
            {
                Ok(None)
            }
            Err(error) => Err(classify("GetSecretValue", secret, &error).into()),
        }
    }
}

/// The labels were not as the call said.
fn is_conflict(error: &SdkError<UpdateSecretVersionStageError>) -> bool {
    let error = error.as_service_error();
    error.is_some_and(UpdateSecretVersionStageError::is_invalid_parameter_exception)
}

pub(super) fn waiting(operation: &str, secret: &str) -> String {
    format!("waiting for {operation} on {secret}")
}

fn read(secret: &str, answer: GetSecretValueOutput) -> Result<Version, StoreFault> {
    let is_binary = answer.secret_string.is_none();
    let text = answer.secret_string.map(SecretString::from);
    let text = text.or_else(|| text_of_binary(answer.secret_binary?.into_inner()));
    let text = text.ok_or_else(|| StoreFault::SecretIsBinary {
        secret: secret.to_owned(),
    })?;
    Ok(Version {
        arn: answer.arn,
        id: VersionId::stored(answer.version_id.unwrap_or_default()),
        labels: answer.version_stages.unwrap_or_default(),
        text,
        is_binary,
        made: answer.created_date.and_then(time),
    })
}

/// A date that the system's clock can hold.
fn time(date: DateTime) -> Option<SystemTime> {
    SystemTime::try_from(date).ok()
}

fn newest_unlabelled(mut versions: Vec<SecretVersionsListEntry>) -> Vec<VersionId> {
    versions.retain(|version| version.version_stages().is_empty());
    versions.sort_by_key(|version| std::cmp::Reverse(version.created_date().map(DateTime::as_nanos)));
    versions
        .into_iter()
        .filter_map(|version| version.version_id)
        .map(VersionId::stored)
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the request to Secrets Manager is where the plain text belongs"
)]
fn plain(text: &SecretString) -> String {
    text.expose_secret().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deprecated_versions_come_newest_first_and_labelled_ones_not_at_all() {
        let version = |id: &str, created: i64, label: Option<&str>| {
            SecretVersionsListEntry::builder()
                .version_id(id)
                .created_date(DateTime::from_secs(created))
                .set_version_stages(label.map(|label| vec![label.to_owned()]))
                .build()
        };
        let versions = vec![
            version("old", 1, None),
            version("current", 9, Some("AWSCURRENT")),
            version("new", 5, None),
        ];
        let ids: Vec<_> = newest_unlabelled(versions)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(ids, ["new", "old"]);
    }
}
