//! DescribeSecret, whose members `ListSecrets` repeats.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::answer::{Answer, Context, epoch, secret_answer};
use super::args::Args;
use crate::arn::region;
use crate::state::{ApiError, MetadataItem, Replica, Secret, State};

pub(super) fn describe(args: Args<'_>, state: &mut State, context: &Context<'_>) -> Result<Answer, ApiError> {
    let secret = state.find(args.secret_id()?)?;
    let mut answer = metadata(secret);
    add_versions(&mut answer, "VersionIdsToStages", secret);
    if !secret.replicas.is_empty() {
        answer.insert(
            "ReplicationStatus".to_owned(),
            replication_status(secret, context.now),
        );
    }
    Ok(answer.into())
}

/// What DescribeSecret and `ListSecrets` say alike.
pub(super) fn metadata(secret: &Secret) -> Map<String, Json> {
    let mut answer = secret_answer(secret);
    let mut add = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            answer.insert(name.to_owned(), value);
        }
    };
    let description = secret.description.as_deref().filter(|text| !text.is_empty());
    add("Description", description.map(Json::from));
    add("KmsKeyId", secret.kms_key_id.as_deref().map(Json::from));
    add("Type", secret.kind.as_deref().map(Json::from));
    add("OwningService", secret.owning_service.as_deref().map(Json::from));
    let own_region = region(&secret.arn).filter(|_| !secret.replicas.is_empty());
    let primary_region = secret.primary_region.as_deref().or(own_region);
    add("PrimaryRegion", primary_region.map(Json::from));
    add("CreatedDate", Some(epoch(secret.created)));
    add("LastChangedDate", Some(epoch(secret.last_changed)));
    add("LastAccessedDate", secret.last_accessed.map(epoch));
    add("DeletedDate", secret.deletion.map(epoch));
    add("LastRotatedDate", secret.last_rotated.map(epoch));
    add("Tags", secret.tags.as_deref().map(tags));
    add_rotation(secret, &mut add);
    answer
}

fn add_rotation(secret: &Secret, add: &mut impl FnMut(&str, Option<Json>)) {
    let Some(rotation) = &secret.rotation else { return };
    add("RotationEnabled", Some(rotation.enabled.into()));
    add(
        "RotationLambdaARN",
        rotation.function_arn.as_deref().map(Json::from),
    );
    add("NextRotationDate", rotation.next.map(|window| epoch(window.end)));
    let external = &rotation.external;
    add(
        "ExternalSecretRotationRoleArn",
        external.role_arn.as_deref().map(Json::from),
    );
    add(
        "ExternalSecretRotationMetadata",
        external.metadata.as_deref().map(metadata_items),
    );
    let Some(rules) = &rotation.rules else { return };
    let members = [
        (
            "AutomaticallyAfterDays",
            rules
                .automatically_after_days
                .or(rotation.days_until_next)
                .map(Json::from),
        ),
        (
            "Duration",
            rules.duration_hours.map(|hours| format!("{hours}h").into()),
        ),
        ("ScheduleExpression", rules.expression.as_deref().map(Json::from)),
    ];
    let given = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    add("RotationRules", Some(Json::Object(given.collect())));
}

fn metadata_items(items: &[MetadataItem]) -> Json {
    let one = |item: &MetadataItem| {
        let members = [("Key", &item.key), ("Value", &item.value)].into_iter();
        let given = members.filter_map(|(name, text)| Some((name.to_owned(), text.as_deref()?.into())));
        Json::Object(given.collect())
    };
    items.iter().map(one).collect()
}

fn tags(tags: &[(String, String)]) -> Json {
    tags.iter()
        .map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect()
}

/// The versions with a label, empty ones included (fact 2); the member is left out if there is none.
pub(super) fn add_versions(answer: &mut Map<String, Json>, name: &str, secret: &Secret) {
    let labelled = secret
        .versions
        .iter()
        .filter(|version| !version.stages.is_empty());
    let members: Map<_, _> = labelled
        .map(|version| (version.id.to_string(), json!(version.stage_names())))
        .collect();
    if !members.is_empty() {
        answer.insert(name.to_owned(), Json::Object(members));
    }
}

/// `ReplicationStatus`, which also the calls that change it answer.
pub(super) fn replication_status(secret: &Secret, now: Timestamp) -> Json {
    let entry = |replica: &Replica| {
        let (status, message) = replica.status(&secret.name, now);
        let mut entry = json!({ "Region": replica.region, "Status": status });
        if let Some(key) = &replica.kms_key_id {
            entry["KmsKeyId"] = key.as_str().into();
        }
        if let Some(message) = message {
            entry["StatusMessage"] = message.into();
        }
        entry
    };
    secret.replicas.iter().map(entry).collect()
}
