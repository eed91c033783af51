//! `ListSecrets`.

use serde_json::{Map, Value as Json};

use super::answer::Answer;
use super::args::Args;
use super::describe;
use super::paging::{add_next_token, filters, page};
use crate::state::{ApiError, Secret, State};

/// Most secrets in one answer.
const PAGE: usize = 100;

pub(super) fn list(args: Args<'_>, state: &State) -> Result<Answer, ApiError> {
    let planned = args.flag("IncludePlannedDeletion").unwrap_or_default();
    let filters = filters(args)?;
    let mut secrets: Vec<_> = state
        .secrets()
        .filter(|secret| planned || secret.deletion.is_none())
        .filter(|secret| filters.iter().all(|filter| filter.matches(secret)))
        .collect();
    sort(args, &mut secrets);
    let (secrets, next) = page(args, PAGE, secrets)?;
    let list = secrets.into_iter().map(|secret| {
        let mut entry = describe::metadata(secret);
        describe::add_versions(&mut entry, "SecretVersionsToStages", secret);
        Json::Object(entry)
    });
    let mut answer = Map::from_iter([("SecretList".to_owned(), list.collect())]);
    add_next_token(&mut answer, next);
    Ok(answer.into())
}

fn sort(args: Args<'_>, secrets: &mut [&Secret]) {
    match args.text("SortBy") {
        Some("last-accessed-date") => secrets.sort_by_key(|secret| secret.last_accessed),
        Some("last-changed-date") => secrets.sort_by_key(|secret| secret.last_changed),
        Some("name") => secrets.sort_by(|a, b| a.name.cmp(&b.name)),
        _ => secrets.sort_by_key(|secret| secret.created),
    }
    if args.text("SortOrder") == Some("desc") {
        secrets.reverse();
    }
}
