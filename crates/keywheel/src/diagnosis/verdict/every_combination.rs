//! Over every combination of a few answers each: no panic, and never advice that could lose the only password.

use staging_labels::CurrentMoves;

use crate::diagnosis::notation::{Given, refused};
use crate::diagnosis::{Action, Answer, Diagnosis, LoginAnswer, Unasked};

#[test]
fn no_combination_of_answers_gives_up_a_password_that_may_be_the_only_one() {
    let logins = [
        Answer::NotAsked(Unasked::Flag("--login")),
        Answer::Said(LoginAnswer::Accepted),
        Answer::Said(LoginAnswer::Outdated),
        Answer::Said(refused()),
    ];
    let logs = [
        None,
        Some(""),
        Some("create ok"),
        Some("create ok, set applied"),
        Some("create ok, set one"),
        Some("create ok, set HostUnreachable"),
        Some("create ok, set ConnectionLost"),
        Some("set LoginRefused"),
        Some("finish PermissionDenied"),
        Some("create ok, set switched"),
    ];
    let mut seen = 0;
    for labels in ["v1:C v2:P", "v1:O v2:CP", "v1:O v2: v3:C", "v1:C", "v1:P"] {
        for enabled in [Some(true), Some(false), None] {
            for gone in [false, true] {
                for order in [
                    None,
                    Some(CurrentMoves::InSetSecret),
                    Some(CurrentMoves::InFinishSecret),
                ] {
                    for log in logs {
                        for current in &logins {
                            for pending in &logins {
                                let mut given = Given::of(labels).secret(|secret| secret.enabled = enabled);
                                given = given.function(|state| state.moves = order);
                                given = if gone { given.gone() } else { given };
                                given = log.map_or_else(
                                    || Given(given.0.clone()),
                                    |log| Given(given.0.clone()).log(log),
                                );
                                given.0.logins.current = current.clone();
                                given.0.logins.pending = pending.clone();
                                hold(&given.diagnosis(), current, pending);
                                hold(&given.stored_by_a_person().diagnosis(), current, pending);
                                seen += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(seen, 5 * 3 * 2 * 3 * 10 * 16);
}

#[track_caller]
fn hold(diagnosis: &Diagnosis, current: &Answer<LoginAnswer>, pending: &Answer<LoginAnswer>) {
    let takes_off = |action: &&Action| {
        action
            .command
            .as_deref()
            .is_some_and(|command| command.contains("AWSPENDING --remove-from-version-id"))
    };
    let unpends = diagnosis.actions.iter().any(|action| takes_off(&action));
    let works = |answer: &Answer<LoginAnswer>| answer.said().map(LoginAnswer::works);
    if unpends {
        assert!(
            works(pending) != Some(true) || works(current) == Some(true),
            "{diagnosis:#?}"
        );
        assert!(
            diagnosis.logins.word() == "yes"
                || works(pending) == Some(false)
                || diagnosis.code.as_deref() == Some("LoginRefused"),
            "{diagnosis:#?}"
        );
    }
    let promotes = diagnosis.actions.iter().any(|action| {
        let command = action.command.as_deref().unwrap_or_default();
        command.contains("--move-to-version-id")
    });
    if promotes {
        assert_ne!(works(pending), Some(false), "{diagnosis:#?}");
    }
    if works(current) == Some(true) {
        assert_ne!(diagnosis.logins.word(), "no", "{diagnosis:#?}");
    }
    if diagnosis.needs_a_person() {
        assert!(!diagnosis.actions.is_empty(), "{diagnosis:#?}");
    }
}
