//! Writing and reading values: PutSecretValue, `UpdateSecret`, GetSecretValue, `BatchGetSecretValue`.

use serde_json::{Map, Value as Json, json};
use staging_labels::{Label, VersionId};

use super::answer::{Answer, Context, epoch, version_answer};
use super::args::Args;
use super::paging::{add_next_token, filters, page};
use crate::state::lifecycle::{self, Details};
use crate::state::versions::{self, NewVersion};
use crate::state::{ApiError, ErrorCode, Secret, State};

/// Most values in one answer of `BatchGetSecretValue`.
const BATCH: usize = 20;

pub(super) fn put(args: Args<'_>, state: &mut State, context: &Context<'_>) -> Result<Answer, ApiError> {
    let arn = state.resolve(args.secret_id()?)?.to_owned();
    let id = args.request_token(ErrorCode::InvalidRequest)?;
    let stages = args.texts("VersionStages");
    let stages = stages.map(|names| names.iter().map(|name| Label::from(name.as_str())).collect());
    let rotation_token = args.text("RotationToken");
    let value = args
        .value()?
        .ok_or_else(|| ApiError::invalid_request("You must provide either SecretString or SecretBinary."))?;
    let new = NewVersion {
        id: id.clone(),
        value,
        stages,
    };
    state.change(&arn, |secret| {
        versions::put(secret, new, rotation_token, context.now)
    })?;
    let secret = state.get(&arn)?;
    let mut answer = version_answer(secret, &id);
    let stages = secret.version(&id).map(|version| version.stage_names());
    if let Some(stages) = stages.filter(|stages| !stages.is_empty()) {
        answer.insert("VersionStages".to_owned(), json!(stages));
    }
    Ok(answer.into())
}

pub(super) fn update(args: Args<'_>, state: &mut State, context: &Context<'_>) -> Result<Answer, ApiError> {
    let arn = state.resolve(args.secret_id()?)?.to_owned();
    let id = args.request_token(ErrorCode::InvalidRequest)?;
    let details = details(args);
    let new = args.value()?.map(|value| NewVersion {
        id: id.clone(),
        value,
        stages: None,
    });
    let written = state.change(&arn, |secret| {
        lifecycle::update(secret, details, new, context.now)
    })?;
    let mut answer = version_answer(state.get(&arn)?, &id);
    if !written {
        answer.remove("VersionId");
    }
    Ok(answer.into())
}

/// The metadata parameters that `CreateSecret` and `UpdateSecret` share.
pub(super) fn details(args: Args<'_>) -> Details {
    let text = |name| args.text(name).map(str::to_owned);
    Details {
        description: text("Description"),
        kms_key_id: text("KmsKeyId"),
        kind: text("Type"),
    }
}

pub(super) fn get(args: Args<'_>, state: &mut State, context: &Context<'_>) -> Result<Answer, ApiError> {
    let arn = state.resolve(args.secret_id()?)?.to_owned();
    let id = args.version_id("VersionId")?;
    let label = args.stage("VersionStage");
    let (entry, id) = value_entry(state.get(&arn)?, id.as_ref(), label.as_ref())?;
    state.touch(&arn, &id, context.now);
    Ok(entry.into())
}

pub(super) fn batch_get(
    args: Args<'_>,
    state: &mut State,
    context: &Context<'_>,
) -> Result<Answer, ApiError> {
    let (ids, next) = batch_ids(args, state)?;
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for id in ids {
        let found = state
            .find(&id)
            .and_then(|secret| Ok((secret.arn.clone(), value_entry(secret, None, None)?)));
        match found {
            Ok((arn, (entry, version))) => {
                state.touch(&arn, &version, context.now);
                values.push(Json::Object(entry));
            }
            Err(error) => {
                errors.push(
                    json!({ "SecretId": id, "ErrorCode": error.code.as_str(), "Message": error.message }),
                );
            }
        }
    }
    let mut answer = Map::from_iter([
        ("SecretValues".to_owned(), values.into()),
        ("Errors".to_owned(), errors.into()),
    ]);
    add_next_token(&mut answer, next);
    Ok(answer.into())
}

/// The ids that are asked for, or that the filters find, and where the next page begins.
fn batch_ids(args: Args<'_>, state: &State) -> Result<(Vec<String>, Option<usize>), ApiError> {
    let ids = args.texts("SecretIdList");
    let filters = filters(args)?;
    match (ids, filters.is_empty()) {
        (Some(ids), true) => Ok((ids, None)),
        (None, false) => {
            let asked = state.secrets().filter(|secret| secret.deletion.is_none());
            let found = asked.filter(|secret| filters.iter().all(|filter| filter.matches(secret)));
            page(args, BATCH, found.map(|secret| secret.arn.clone()).collect())
        }
        _ => Err(ApiError::invalid_parameter(
            "Either 'SecretIdList' or 'Filters' must be provided, but not both.",
        )),
    }
}

fn value_entry(
    secret: &Secret,
    id: Option<&VersionId>,
    stage: Option<&Label>,
) -> Result<(Map<String, Json>, VersionId), ApiError> {
    let (version, value) = versions::read(secret, id, stage)?;
    let mut entry = version_answer(secret, &version.id);
    value.write_to(&mut entry);
    if !version.stages.is_empty() {
        entry.insert("VersionStages".to_owned(), json!(version.stage_names()));
    }
    entry.insert("CreatedDate".to_owned(), epoch(version.created));
    Ok((entry, version.id.clone()))
}
