//! CloudWatch Logs.

use jiff::Timestamp;
use rotation::CallError;

use super::session::{Session, is_not_found, unanswered};
use crate::diagnosis::{Answer, Unasked};
use crate::log::{Entry, NO_SECRET_NAMED, NOT_STARTED, read};

/// Pages of one question. Of an old time span many are empty.
const PAGES: usize = 20;

/// What the function's log says since `since` about a secret and one of its versions, or all of them. AWS's templates name the secret
/// only; Lambda's own lines name neither, and are taken with them.
pub(crate) async fn entries(
    session: &Session,
    group: &str,
    arn: &str,
    version: Option<&str>,
    since: Option<Timestamp>,
) -> Answer<Vec<Entry>> {
    let others = ["Task timed out", "Status: timeout", "platform.report"];
    let terms = [arn]
        .into_iter()
        .chain(others)
        .chain(NOT_STARTED)
        .chain(NO_SECRET_NAMED);
    let pattern: Vec<String> = terms.map(|term| format!("?\"{term}\"")).collect();
    let pattern = pattern.join(" ");
    let mut pages = session
        .logs
        .filter_log_events()
        .log_group_name(group)
        .filter_pattern(pattern)
        .set_start_time(since.map(Timestamp::as_millisecond))
        .into_paginator()
        .send();
    let limit = session.patience();
    let mut found = Vec::new();
    for _ in 0..PAGES {
        let Ok(page) = tokio::time::timeout(limit, pages.next()).await else {
            return Answer::NotAsked(Unasked::Failed(format!("none within {} s", limit.as_secs())));
        };
        match page {
            None => break,
            Some(Ok(page)) => found.extend(page.events.unwrap_or_default().iter().filter_map(|event| {
                let at = Timestamp::from_millisecond(event.timestamp()?).ok()?;
                read(at, event.message()?).filter(|entry| is_about(entry, version))
            })),
            Some(Err(error)) => match CallError::of(&error) {
                // The function has never written a line.
                error if is_not_found(&error) => return Answer::Said(Vec::new()),
                error => return unanswered(error, "logs:FilterLogEvents"),
            },
        }
    }
    Answer::Said(found)
}

/// Whether a line is about the version, or does not say.
fn is_about(entry: &Entry, version: Option<&str>) -> bool {
    match (&entry.version, version) {
        (Some(named), Some(wanted)) => named == wanted,
        _ => true,
    }
}
