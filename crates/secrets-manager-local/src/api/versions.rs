//! `UpdateSecretVersionStage` and `ListSecretVersionIds`.

use serde_json::{Map, Value as Json, json};

use super::answer::{Answer, Context, epoch, secret_answer};
use super::args::{Args, missing};
use super::paging::{add_next_token, page};
use crate::state::labels::{self, StageMove};
use crate::state::{ApiError, State, Version, versions};

/// Most versions in one answer.
const PAGE: usize = 100;

pub(super) fn move_stage(
    args: Args<'_>,
    state: &mut State,
    context: &Context<'_>,
) -> Result<Answer, ApiError> {
    let arn = state.resolve(args.secret_id()?)?.to_owned();
    let wanted = StageMove {
        label: args
            .stage("VersionStage")
            .ok_or_else(|| missing("VersionStage"))?,
        from: args.version_id("RemoveFromVersionId")?,
        to: args.version_id("MoveToVersionId")?,
    };
    state.change(&arn, |secret| labels::move_stage(secret, &wanted, context.now))?;
    Ok(secret_answer(state.get(&arn)?).into())
}

pub(super) fn list(args: Args<'_>, state: &mut State) -> Result<Answer, ApiError> {
    let secret = state.find(args.secret_id()?)?;
    secret.refuse_deleted()?;
    let with_deprecated = args.flag("IncludeDeprecated").unwrap_or_default();
    let versions = versions::listed(secret, with_deprecated).map(entry).collect();
    let (versions, next) = page(args, PAGE, versions)?;
    let mut answer = secret_answer(secret);
    answer.insert("Versions".to_owned(), versions.into());
    add_next_token(&mut answer, next);
    Ok(answer.into())
}

fn entry(version: &Version) -> Json {
    let mut entry = Map::from_iter([
        ("VersionId".to_owned(), version.id.as_str().into()),
        ("CreatedDate".to_owned(), epoch(version.created)),
        ("KmsKeyIds".to_owned(), json!(["DefaultEncryptionKey"])),
    ]);
    if !version.stages.is_empty() {
        entry.insert("VersionStages".to_owned(), json!(version.stage_names()));
    }
    if let Some(day) = version.last_accessed {
        entry.insert("LastAccessedDate".to_owned(), epoch(day));
    }
    Json::Object(entry)
}
