//! What the page is told: never a secret value, unless the server was started to reveal them.

use serde_json::{Map, Value as Json, json};

use crate::engine::Core;
use crate::records::RotationRun;
use crate::state::{Regions, Secret, Value, Version};

/// Most secrets of a state; the page says how many there are.
const MOST_SECRETS: usize = 100;

/// Most versions of a secret, the newest.
const MOST_VERSIONS: usize = 10;

/// Most rotations of a state, the newest.
const MOST_RUNS: usize = 20;

/// Most attempts of a rotation, the newest.
const MOST_ATTEMPTS: usize = 6;

/// Longest text of an error.
const LONGEST_ERROR: usize = 2000;

/// Members of a secret's JSON that name a place or a user. All others may be credentials.
const NO_CREDENTIALS: [&str; 9] = [
    "engine",
    "host",
    "port",
    "username",
    "user",
    "dbname",
    "masterarn",
    "dbInstanceIdentifier",
    "dbClusterIdentifier",
];

/// The state of everything that the page shows, as JSON.
pub(super) fn state(core: &Core) -> String {
    let runs = core.runs.list(None);
    let reveal = core.settings.reveal;
    let (secrets, count, runs) = core.read_all(|state| {
        let secrets: Vec<_> = state
            .secrets()
            .take(MOST_SECRETS)
            .map(|shown| secret(core, shown, reveal))
            .collect();
        (secrets, state.secrets().count(), latest(state, &runs, reveal))
    });
    json!({
        "reveal": reveal,
        "functions": core.host.names(),
        "secrets": secrets,
        "count": count,
        "runs": runs,
        "faults": core.faults.list(),
    })
    .to_string()
}

fn secret(core: &Core, secret: &Secret, reveal: bool) -> Json {
    let rotation = secret.rotation.as_ref();
    let function = rotation
        .and_then(|rotation| rotation.function_arn.as_deref())
        .map(|arn| core.host.name_of(arn).unwrap_or_else(|| arn.to_owned()));
    let versions = secret.versions.iter().rev().take(MOST_VERSIONS);
    json!({
        "arn": secret.arn,
        "name": secret.name,
        "function": function,
        "enabled": rotation.map(|rotation| rotation.enabled),
        "deleted": secret.deletion.is_some(),
        "versions": versions.map(|shown| version(shown, reveal)).collect::<Vec<_>>(),
        "older": secret.versions.len().saturating_sub(MOST_VERSIONS),
    })
}

fn version(version: &Version, reveal: bool) -> Json {
    let mut entry = Map::from_iter([
        ("id".to_owned(), version.id.as_str().into()),
        ("labels".to_owned(), version.stage_names().into()),
        ("created".to_owned(), version.created.to_string().into()),
        ("empty".to_owned(), version.value.is_none().into()),
    ]);
    if let Some(value) = version.value.as_ref().filter(|_| reveal) {
        value.write_to(&mut entry);
    }
    Json::Object(entry)
}

/// The newest rotations. Of a secret that is gone nothing can be masked, so its rotations are left out.
fn latest(state: &Regions, runs: &[RotationRun], reveal: bool) -> Vec<RotationRun> {
    let there = runs
        .iter()
        .rev()
        .filter(|run| state.secrets().any(|secret| secret.arn == run.secret));
    let mut shown: Vec<_> = there.take(MOST_RUNS).cloned().collect();
    let masks = if reveal || shown.iter().all(|run| run.last_error().is_none()) {
        Vec::new()
    } else {
        masks(state)
    };
    for run in &mut shown {
        let old = run.attempts.len().saturating_sub(MOST_ATTEMPTS);
        run.attempts.drain(..old);
        let steps = run.attempts.iter_mut().flat_map(|attempt| &mut attempt.steps);
        for error in steps.filter_map(|step| step.error.as_mut()) {
            for text in [&mut error.error_type, &mut error.error_message] {
                mask(text, &masks);
                text.truncate(text.floor_char_boundary(LONGEST_ERROR));
            }
        }
    }
    shown
}

/// What must not be in an error's text, the longest first: a function may quote what it read.
fn masks(state: &Regions) -> Vec<String> {
    let versions = state.secrets().flat_map(|secret| &secret.versions);
    let mut masks = Vec::new();
    for value in versions.filter_map(|version| version.value.as_ref()) {
        match value {
            Value::String(text) => {
                if let Ok(parsed @ (Json::Object(_) | Json::Array(_))) = serde_json::from_str(text) {
                    credentials(&parsed, &mut masks);
                }
                masks.push(text.clone());
            }
            Value::Binary(bytes) => masks.push(String::from_utf8_lossy(bytes).into_owned()),
        }
    }
    masks.retain(|mask| !mask.is_empty());
    masks.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
    masks.dedup();
    masks
}

fn credentials(value: &Json, found: &mut Vec<String>) {
    match value {
        Json::String(text) => {
            // As JSON too: a function may quote the whole secret, written again.
            let quoted = value.to_string();
            found.extend([text.clone(), quoted[1..quoted.len() - 1].to_owned()]);
        }
        Json::Number(number) => found.push(number.to_string()),
        Json::Array(all) => all.iter().for_each(|value| credentials(value, found)),
        Json::Object(members) => {
            let all = members
                .iter()
                .filter(|(name, _)| !NO_CREDENTIALS.contains(&name.as_str()));
            all.for_each(|(_, value)| credentials(value, found));
        }
        Json::Null | Json::Bool(_) => {}
    }
}

fn mask(text: &mut String, masks: &[String]) {
    for secret in masks {
        if text.contains(secret.as_str()) {
            *text = text.replace(secret.as_str(), "•••");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_no_credential_but_where_it_was_used() {
        let value = json!({ "host": "db.example", "username": "app", "password": "canary", "more": ["canary-2"], "odd": "can\"ary" });
        let mut masks = vec!["canary-whole".to_owned()];
        credentials(&value, &mut masks);
        masks.sort_by_key(|mask| std::cmp::Reverse(mask.len()));
        let mut text = "app at db.example: canary, canary-2, canary-whole, can\"ary, can\\\"ary".to_owned();
        mask(&mut text, &masks);
        assert_eq!(text, "app at db.example: •••, •••, •••, •••, •••");
    }
}
