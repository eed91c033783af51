//! `ListSecrets`.

use serde_json::{Map, Value as Json};

use super::answer::Answer;
use super::args::{Args, constraint};
use super::describe;
use super::paging::{add_next_token, filters, page};
use crate::state::{ApiError, Secret, State};

/// Most secrets in one answer.
const PAGE: usize = 100;

pub(super) fn list(args: Args<'_>, state: &State) -> Result<Answer, ApiError> {
    let planned = args.flag("IncludePlannedDeletion")?.unwrap_or_default();
    let filters = filters(args)?;
    let mut secrets: Vec<_> = state
        .secrets()
        .filter(|secret| planned || secret.deletion.is_none())
        .filter(|secret| filters.iter().all(|filter| filter.matches(secret)))
        .collect();
    sort(args, &mut secrets)?;
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

fn sort(args: Args<'_>, secrets: &mut [&Secret]) -> Result<(), ApiError> {
    let by = args.text("SortBy", 0..=64)?;
    match by.as_deref() {
        None | Some("created-date") => secrets.sort_by_key(|secret| secret.created),
        Some("last-accessed-date") => secrets.sort_by_key(|secret| secret.last_accessed),
        Some("last-changed-date") => secrets.sort_by_key(|secret| secret.last_changed),
        Some("name") => secrets.sort_by(|a, b| a.name.cmp(&b.name)),
        Some(_) => return Err(constraint("SortBy", "Member must satisfy enum value set")),
    }
    match args.text("SortOrder", 0..=64)?.as_deref() {
        None | Some("asc") => {}
        Some("desc") => secrets.reverse(),
        Some(_) => {
            return Err(constraint(
                "SortOrder",
                "Member must satisfy enum value set: [asc, desc]",
            ));
        }
    }
    Ok(())
}
