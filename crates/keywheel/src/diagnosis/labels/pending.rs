//! A secret whose AWSPENDING is on another version than AWSCURRENT: where that rotation stands, and the way out.

use staging_labels::VersionId;

use crate::diagnosis::actions::{Action, Fix, Names};
use crate::diagnosis::answers::Answers;
use crate::diagnosis::cause::{Cause, says_current_is_refused};

use crate::diagnosis::finding::{State, Works};
use crate::diagnosis::labels::outlook::has_value;
use crate::diagnosis::story::{SetSecret, Story};
use crate::log::Did;

/// The rotation that has not finished.
pub(in crate::diagnosis) struct Unfinished<'a> {
    pub(in crate::diagnosis) pending: &'a VersionId,
    pub(in crate::diagnosis) current: &'a VersionId,
    pub(in crate::diagnosis) enabled: bool,
    pub(in crate::diagnosis) function_gone: bool,
    pub(in crate::diagnosis) logins: Works,
    pub(in crate::diagnosis) pending_logs_in: bool,
}

/// Where it stands.
pub(in crate::diagnosis) fn state(
    answers: &Answers,
    story: Option<&Story>,
    cause: Option<Cause>,
    unfinished: &Unfinished<'_>,
) -> State {
    let reached = reached(answers, story, unfinished.pending);
    let another = answers.logins.same_place == Some(false) || cause == Some(Cause::PendingOtherAccount);
    match reached {
        Reached::Value | Reached::Unclear if another => State::PendingOtherAccount,
        Reached::Nothing | Reached::Value if !unfinished.enabled => State::SwitchedOff,
        Reached::Set | Reached::Unclear if !unfinished.enabled => State::CancelledMidway,
        Reached::Nothing => State::PendingEmpty,
        Reached::Value => State::PendingBeforeSet,
        Reached::Set => State::PendingAfterSet,
        Reached::Unclear => State::PendingUnclear,
    }
}

/// How far a rotation got.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// AWSPENDING has no value.
    Nothing,
    /// It has one, and the database does not have it.
    Value,
    /// The database has it.
    Set,
    /// It has one, and nothing tells the rest.
    Unclear,
}

fn reached(answers: &Answers, story: Option<&Story>, pending: &VersionId) -> Reached {
    let logins = &answers.logins;
    if has_value(answers, pending) == Some(false) {
        return Reached::Nothing;
    }
    if logins.pending_works() == Some(true) {
        return Reached::Set;
    }
    if logins.pending_works() == Some(false) {
        return Reached::Value;
    }
    let last = story.and_then(Story::last_failure);
    let both_refused = last.is_some_and(|failure| says_current_is_refused(failure.code));
    if logins.current_works() == Some(false) && !both_refused {
        return Reached::Unclear;
    }
    match story.filter(|story| !story.is_empty()).map(Story::set_secret) {
        // A switch that was moved back, or AWSCURRENT moved by hand.
        Some(SetSecret::Succeeded(Did::Switched) | SetSecret::Unclear) | None => Reached::Unclear,
        Some(SetSecret::Succeeded(_)) => Reached::Set,
        Some(SetSecret::ChangedNothing) => Reached::Value,
    }
}

/// The state in a sentence.
pub(in crate::diagnosis) const fn summary(state: State, logins: Works) -> &'static str {
    match (state, logins) {
        (State::PendingEmpty, _) => "a rotation began and stored no password; the next one waits for it",
        (State::SwitchedOff, _) => {
            "rotation is off, and AWSPENDING of the last one is left and blocks the next"
        }
        (State::PendingBeforeSet, Works::No(_)) => {
            "a rotation began, and the database accepts neither password"
        }
        (State::PendingBeforeSet, _) => {
            "a rotation stored a password in AWSPENDING, and the database does not have it yet"
        }
        (State::PendingAfterSet, Works::Yes(_)) => {
            "the database has AWSPENDING's password, and the rotation has not finished"
        }
        (State::PendingAfterSet, _) => {
            "the database has AWSPENDING's password, and applications read AWSCURRENT"
        }
        (State::PendingOtherAccount, _) => "AWSPENDING is for another user, host, port or database",
        (State::CancelledMidway, _) => "rotation was switched off while one was under way",
        (_, Works::Yes(_)) => "a rotation stored a password in AWSPENDING, and has not finished",
        (_, _) => "a rotation stored a password in AWSPENDING; whether the database has it is not known",
    }
}

/// The way out.
pub(in crate::diagnosis) fn actions(
    state: State,
    unfinished: &Unfinished<'_>,
    names: Names<'_>,
) -> Vec<Action> {
    let Unfinished { pending, current, .. } = *unfinished;
    let unpend = || {
        Action::fix(
            "Take AWSPENDING off: its value is not in use.",
            Fix::Unpend(pending.clone()),
            names,
        )
    };
    let promote = |text: &str| {
        let (from, to) = (current.clone(), pending.clone());
        Action::fix(text, Fix::Promote { from, to }, names)
    };
    // The value is not in use, or not the only one that works.
    let give_up = || {
        Action::fix(
            "If it fails again: take AWSPENDING off, and rotate again.",
            Fix::Unpend(pending.clone()),
            names,
        )
        .otherwise()
    };
    let rotate = || Action::fix("Rotate. This also switches rotation on.", Fix::Nudge, names);
    let ask = || {
        Action::run(
            "Find out which password works. It changes nothing.",
            names.login(matches!(unfinished.logins, Works::No(_)).then_some("AWSPENDING")),
        )
    };
    let after = |first: Action| {
        let next = if unfinished.function_gone {
            Action::run(
                "Set FUNCTION_ARN to the function that is to rotate it, and attach that.",
                names.attach(),
            )
        } else {
            rotate()
        };
        vec![first, next]
    };
    let retry = |text: &str| Action::fix(text, Fix::Nudge, names);
    match state {
        _ if unfinished.function_gone && state == State::PendingUnclear => vec![ask()],
        State::PendingEmpty | State::PendingBeforeSet if unfinished.function_gone => after(unpend()),
        State::PendingAfterSet if unfinished.function_gone => {
            after(promote("Let applications in, as finishSecret would have."))
        }
        State::SwitchedOff | State::PendingOtherAccount => after(unpend()),
        State::PendingEmpty | State::PendingBeforeSet => {
            vec![retry("Have the rotation attempted again."), give_up()]
        }
        State::PendingAfterSet if matches!(unfinished.logins, Works::No(_)) => vec![
            promote("Let applications in, as finishSecret would have."),
            retry("Rotate: a rotation that has not finished goes on where it stands."),
        ],
        State::PendingAfterSet | State::PendingUnclear if matches!(unfinished.logins, Works::Yes(_)) => {
            vec![
                retry("Have the rotation attempted again: it goes on where it stands."),
                give_up(),
            ]
        }
        State::PendingAfterSet => vec![
            retry("Have the rotation attempted again: it goes on where it stands."),
            promote("If applications cannot wait: let them in, as finishSecret would have.").otherwise(),
        ],
        State::CancelledMidway => match unfinished.logins {
            Works::Yes(_) => after(unpend()),
            Works::No(_) if unfinished.pending_logs_in => {
                after(promote("Let applications in, as finishSecret would have."))
            }
            Works::No(_) | Works::NotKnown(_) => vec![ask()],
        },
        _ => vec![
            ask(),
            retry("Have the rotation attempted again: it goes on where it stands.").otherwise(),
        ],
    }
}

/// What makes it worse.
pub(in crate::diagnosis) fn never(state: State, unfinished: &Unfinished<'_>) -> Vec<&'static str> {
    match (state, unfinished.logins) {
        (State::PendingOtherAccount, _) => vec!["move AWSCURRENT to AWSPENDING's version"],
        (_, Works::Yes(_)) => vec![],
        (State::PendingAfterSet, Works::No(_)) => {
            vec!["take AWSPENDING off, cancel the rotation, or write a value: it is the only password"]
        }
        (State::PendingAfterSet, Works::NotKnown(_)) => {
            vec!["take AWSPENDING off, cancel the rotation, or write a value: it may be the only password"]
        }
        (State::CancelledMidway, _) if unfinished.pending_logs_in => {
            vec!["take AWSPENDING off or write a value: it is the only password"]
        }
        (State::PendingUnclear | State::CancelledMidway, _) => {
            vec!["take AWSPENDING off before you know that AWSCURRENT logs in: it may be the only password"]
        }
        _ => vec![],
    }
}
