//! Whether new logins with AWSCURRENT's value work: tried, or concluded from the log and the labels.

use rotation::Strategy;
use staging_labels::{CurrentMoves, VersionId};

use crate::diagnosis::answers::{Answers, Function, FunctionState, LoginAnswer};
use crate::diagnosis::cause::says_current_is_refused;
use crate::diagnosis::finding::Works;
use crate::diagnosis::story::{SetSecret, Story};
use crate::log::Did;

const TRIED: &str = "tried just now";
const BY_LOG: &str = "by the function's log; --login tries it";
const BY_LABELS: &str = "by the labels; --login tries it";
const UNTRIED: &str = "--login tries it";

/// Of a secret whose AWSPENDING is on another version, `pending`.
pub(in crate::diagnosis) fn with_pending(
    answers: &Answers,
    story: Option<&Story>,
    pending: &VersionId,
) -> Works {
    tried(answers).unwrap_or_else(|| match has_value(answers, pending) {
        Some(false) => Works::Yes(BY_LABELS),
        // Whatever the log says: the database has the new password.
        _ if answers.logins.pending_works() == Some(true) => Works::NotKnown("--login=AWSCURRENT tries it"),
        _ => by_log(answers, story),
    })
}

/// Of a secret without one. `ended_well` says that the labels show a rotation's end, `abandoned` that a version lost AWSPENDING before.
pub(in crate::diagnosis) fn without_pending(
    answers: &Answers,
    story: Option<&Story>,
    ended_well: bool,
    abandoned: bool,
) -> Works {
    let refused = last_code(story).is_some_and(says_current_is_refused);
    let untouched = abandoned && strategy(answers, story) == Some(Strategy::AlternatingUsers);
    tried(answers).unwrap_or(match (refused, ended_well) {
        (true, _) => Works::No(BY_LOG),
        (false, _) if untouched => Works::Yes(BY_LOG),
        (false, true) => Works::Yes(BY_LABELS),
        (false, false) => Works::NotKnown(UNTRIED),
    })
}

/// Of a secret whose last rotation left AWSCURRENT and the database as they were.
pub(in crate::diagnosis) fn of_a_value_that_was_not_set(answers: &Answers) -> Works {
    tried(answers).unwrap_or(Works::Yes(BY_LOG))
}

/// Whether the version has a value, if that was answered.
pub(in crate::diagnosis) fn has_value(answers: &Answers, version: &VersionId) -> Option<bool> {
    let versions = answers.versions.said()?;
    Some(versions.iter().any(|known| known.id == *version))
}

fn tried(answers: &Answers) -> Option<Works> {
    answers.logins.current.said().map(|answer| match answer {
        LoginAnswer::Accepted => Works::Yes(TRIED),
        LoginAnswer::Refused(_) => Works::No(TRIED),
        LoginAnswer::Outdated => Works::No("AWSPENDING's password was tried just now, and is the role's"),
    })
}

fn by_log(answers: &Answers, story: Option<&Story>) -> Works {
    let Some(story) = story.filter(|story| !story.is_empty()) else {
        return Works::NotKnown(UNTRIED);
    };
    if last_code(Some(story)).is_some_and(says_current_is_refused) {
        return Works::No(BY_LOG);
    }
    match story.set_secret() {
        SetSecret::ChangedNothing => Works::Yes(BY_LOG),
        _ if strategy(answers, Some(story)) == Some(Strategy::AlternatingUsers) => Works::Yes(BY_LOG),
        SetSecret::Succeeded(Did::Applied) if changes_the_one_user(answers, story) => Works::No(BY_LOG),
        SetSecret::Succeeded(_) | SetSecret::Unclear => Works::NotKnown(UNTRIED),
    }
}

/// Whose credential a rotation changes: by the users that the values name, or by the log.
pub(in crate::diagnosis) fn strategy(answers: &Answers, story: Option<&Story>) -> Option<Strategy> {
    let of_values = answers.logins.strategy;
    of_values.or_else(|| story.and_then(Story::strategy))
}

/// Only a single user's function reads the setting, so only that one has it.
fn changes_the_one_user(answers: &Answers, story: &Story) -> bool {
    match strategy(answers, Some(story)) {
        Some(strategy) => strategy == Strategy::SingleUser,
        None => moves(answers) == Some(CurrentMoves::InFinishSecret),
    }
}

/// The function's own setting, if it has one.
fn moves(answers: &Answers) -> Option<CurrentMoves> {
    match answers.function.said()? {
        Function::There(FunctionState { moves, .. }) => *moves,
        Function::Gone => None,
    }
}

fn last_code(story: Option<&Story>) -> Option<&str> {
    Some(story?.last_failure()?.code)
}
