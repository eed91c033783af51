//! Secrets Manager.

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;
use aws_sdk_secretsmanager::primitives::DateTime;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, RotationRulesType, SecretListEntry, Tag};
use jiff::Timestamp;
use rotation::{CallError, Tags};
use secrecy::SecretString;
use secrets::text_of_binary;
use serde::{Deserialize, Serialize};
use staging_labels::{Labels, VersionId};

use super::session::{Session, is_not_found, unanswered};
use crate::diagnosis::{Answer, Secret, Version, interval};
use crate::exit::Trouble;

/// DescribeSecret; none if there is no such secret.
pub(crate) async fn describe(session: &Session, id: &str) -> Result<Option<Secret>, CallError> {
    let answer = session.secrets.describe_secret().secret_id(id).send().await;
    match answer.map_err(|error| CallError::of(&error)) {
        Ok(answer) => Ok(Some(of_description(answer))),
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn of_description(answer: DescribeSecretOutput) -> Secret {
    Secret {
        name: answer.name.unwrap_or_default(),
        arn: answer.arn.unwrap_or_default(),
        enabled: answer.rotation_enabled,
        function: answer.rotation_lambda_arn,
        interval: answer.rotation_rules.as_ref().and_then(every),
        next: answer.next_rotation_date.and_then(time),
        last_rotated: answer.last_rotated_date.and_then(time),
        created: answer.created_date.and_then(time),
        changed: answer.last_changed_date.and_then(time),
        deleted: answer.deleted_date.and_then(time),
        primary_region: answer.primary_region,
        owning_service: answer.owning_service,
        key: answer.kms_key_id,
        labels: answer
            .version_ids_to_stages
            .unwrap_or_default()
            .into_iter()
            .collect(),
        tags: pairs(answer.tags),
    }
}

fn pairs(tags: Option<Vec<Tag>>) -> Tags {
    let tags = tags.unwrap_or_default().into_iter();
    tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()))
        .collect()
}

fn every(rules: &RotationRulesType) -> Option<jiff::SignedDuration> {
    interval(
        rules.automatically_after_days,
        rules.schedule_expression.as_deref(),
    )
}

fn time(at: DateTime) -> Option<Timestamp> {
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}

/// The versions that have a value, unlabelled ones too, newest first; the first pages are enough.
pub(crate) async fn versions(session: &Session, id: &str) -> Answer<Vec<Version>> {
    const PAGES: usize = 5;
    let mut found = Vec::new();
    let mut pages = session
        .secrets
        .list_secret_version_ids()
        .secret_id(id)
        .include_deprecated(true)
        .into_paginator()
        .send();
    for _ in 0..PAGES {
        match pages.next().await {
            None => break,
            Some(Err(error)) => {
                return unanswered(CallError::of(&error), "secretsmanager:ListSecretVersionIds");
            }
            Some(Ok(page)) => found.extend(page.versions.unwrap_or_default()),
        }
    }
    Answer::Said(
        found
            .into_iter()
            .filter_map(|version| {
                Some(Version {
                    id: VersionId::stored(version.version_id?),
                    created: version.created_date.and_then(time),
                    labelled: version.version_stages.is_some_and(|labels| !labels.is_empty()),
                })
            })
            .collect(),
    )
}

/// Some secrets whose names begin so; none if that cannot be asked.
pub(crate) async fn beginning_with(session: &Session, prefix: &str) -> Vec<String> {
    const SOME: i32 = 6;
    let by_name = Filter::builder()
        .key(FilterNameStringType::Name)
        .values(prefix)
        .build();
    let call = session.secrets.list_secrets().filters(by_name).max_results(SOME);
    let found = call.send().await.ok().and_then(|page| page.secret_list);
    let names = found.unwrap_or_default().into_iter();
    names.filter_map(|secret| secret.name).collect()
}

/// All secrets of the region, with their tags, in the order of their names.
pub(crate) async fn list(session: &Session) -> Result<Vec<Secret>, Trouble> {
    let mut pages = session
        .secrets
        .list_secrets()
        .max_results(100)
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| {
            Trouble::of_call(
                "ListSecrets",
                &CallError::of(&error),
                "secretsmanager:ListSecrets",
            )
        })?;
        found.extend(page.secret_list.unwrap_or_default().into_iter().map(of_entry));
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

fn of_entry(entry: SecretListEntry) -> Secret {
    let labels: Labels = entry
        .secret_versions_to_stages
        .unwrap_or_default()
        .into_iter()
        .collect();
    Secret {
        name: entry.name.unwrap_or_default(),
        arn: entry.arn.unwrap_or_default(),
        enabled: entry.rotation_enabled,
        function: entry.rotation_lambda_arn,
        interval: entry.rotation_rules.as_ref().and_then(every),
        next: entry.next_rotation_date.and_then(time),
        last_rotated: entry.last_rotated_date.and_then(time),
        created: entry.created_date.and_then(time),
        changed: entry.last_changed_date.and_then(time),
        deleted: entry.deleted_date.and_then(time),
        primary_region: entry.primary_region,
        owning_service: entry.owning_service,
        key: entry.kms_key_id,
        labels,
        tags: pairs(entry.tags),
    }
}

/// A version's value, which never leaves this process; none if it is binary and no text of a secret.
pub(crate) async fn value(
    session: &Session,
    id: &str,
    version: &VersionId,
) -> Result<Option<SecretString>, CallError> {
    let call = session
        .secrets
        .get_secret_value()
        .secret_id(id)
        .version_id(version.as_str());
    let answer = call.send().await.map_err(|error| CallError::of(&error))?;
    Ok(text_of(answer))
}

fn text_of(answer: GetSecretValueOutput) -> Option<SecretString> {
    let text = answer.secret_string.map(SecretString::from);
    text.or_else(|| text_of_binary(answer.secret_binary?.into_inner()))
}

/// `RotationRules`, as RotateSecret takes them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rules {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) automatically_after_days: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schedule_expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration: Option<String>,
}

/// The schedule as RotateSecret would be given it.
pub(crate) async fn rotation_rules(session: &Session, id: &str) -> Result<Rules, CallError> {
    let answer = session.secrets.describe_secret().secret_id(id).send().await;
    let rules = answer.map_err(|error| CallError::of(&error))?.rotation_rules;
    let Some(rules) = rules else {
        return Ok(Rules::default());
    };
    Ok(Rules {
        // Of an expression it is calculated, and RotateSecret refuses both.
        automatically_after_days: rules
            .automatically_after_days
            .filter(|_| rules.schedule_expression.is_none()),
        schedule_expression: rules.schedule_expression,
        duration: rules.duration,
    })
}

/// `CancelRotateSecret`.
pub(crate) async fn cancel_rotation(session: &Session, id: &str) -> Result<(), CallError> {
    let answer = session.secrets.cancel_rotate_secret().secret_id(id).send().await;
    answer.map(|_| ()).map_err(|error| CallError::of(&error))
}

/// RotateSecret with a function and a schedule, and a test alone.
pub(crate) async fn configure_rotation(
    session: &Session,
    id: &str,
    function: &str,
    rules: &Rules,
) -> Result<(), CallError> {
    let rules = RotationRulesType::builder()
        .set_automatically_after_days(rules.automatically_after_days)
        .set_schedule_expression(rules.schedule_expression.clone())
        .set_duration(rules.duration.clone())
        .build();
    let call = session
        .secrets
        .rotate_secret()
        .secret_id(id)
        .rotation_lambda_arn(function)
        .rotation_rules(rules)
        .rotate_immediately(false);
    call.send()
        .await
        .map(|_| ())
        .map_err(|error| CallError::of(&error))
}

/// The value that AWSCURRENT is on; none if it is binary and no text of a secret.
pub(crate) async fn current_value(session: &Session, id: &str) -> Result<Option<SecretString>, CallError> {
    let answer = session.secrets.get_secret_value().secret_id(id).send().await;
    let answer = answer.map_err(|error| CallError::of(&error))?;
    Ok(text_of(answer))
}

/// How RotateSecret was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rotated {
    /// A rotation has begun.
    Begun,
    /// An earlier one has not finished. Secrets Manager attempts it again.
    Unfinished,
}

/// RotateSecret. `test` asks for testSecret alone.
pub(crate) async fn rotate(
    session: &Session,
    id: &str,
    token: &str,
    test: bool,
) -> Result<Rotated, CallError> {
    let call = session
        .secrets
        .rotate_secret()
        .secret_id(id)
        .client_request_token(token)
        .rotate_immediately(!test);
    match call.send().await.map_err(|error| CallError::of(&error)) {
        Ok(_) => Ok(Rotated::Begun),
        // The exception's type is that of every request out of place: only the words tell.
        Err(CallError::Other { message, .. }) if message.contains("previous rotation") => {
            Ok(Rotated::Unfinished)
        }
        Err(error) => Err(error),
    }
}
