//! A choice of the crash matrix's cells, as `make crash-matrix` runs all of them; and what a cell, a choice and a limit are.

use std::collections::BTreeSet;

use keywheel_tests::matrix::{
    Aftermath, At, Cause, Cell, Choice, Effect, Family, Finding, Letter, Moment, Recording, Report, Row,
    Subject, cells, covering, known, rows, run_all,
};
use keywheel_tests::net::Exchange;
use staging_labels::Step;
use strum::VariantArray;

/// Worlds at once in each of these tests, which run side by side.
const AT_ONCE: usize = 4;

/// One cell of each kind of row, effect and aftermath.
async fn a_choice_holds(subjects: &[Subject]) {
    let mut all = Vec::new();
    for &subject in subjects {
        all.extend(cells(&rows(subject).await));
    }
    let chosen = covering(all);
    let least = Aftermath::VARIANTS.len() * 6;
    assert!(chosen.len() >= least, "{} cells", chosen.len());
    let report = Report::of(&run_all(chosen, AT_ONCE, |_| {}).await);
    assert!(report.violations().is_empty(), "{}", report.text());
}

#[tokio::test]
async fn a_single_user_with_the_switch() {
    a_choice_holds(&[Subject::Switch]).await;
}

#[tokio::test]
async fn a_single_user_in_the_classic_order() {
    a_choice_holds(&[Subject::Classic]).await;
}

#[tokio::test]
async fn alternating_users() {
    a_choice_holds(&[Subject::NewClone, Subject::Original]).await;
}

#[tokio::test]
async fn api_keys_of_every_class() {
    a_choice_holds(&[
        Subject::Overlap,
        Subject::InPlace,
        Subject::Staged,
        Subject::Chosen,
    ])
    .await;
}

fn call(operation: &str) -> At {
    At::Call {
        operation: operation.to_owned(),
        nth: 1,
    }
}

fn exchange(what: &str, committed: bool) -> At {
    let exchange = Exchange {
        connection: 1,
        what: what.to_owned(),
        nth: 1,
    };
    At::Exchange { exchange, committed }
}

fn set_secret(subject: Subject, at: At) -> Row {
    Row {
        subject,
        recording: Recording::Good,
        step: Step::Set,
        at,
    }
}

/// Rows that no rotation was recorded for.
fn some_rows() -> Vec<Row> {
    let request = At::Request {
        shape: "DELETE /keys/*".to_owned(),
        nth: 0,
    };
    let mut rows = vec![set_secret(Subject::Chosen, request)];
    for subject in [Subject::Switch, Subject::Classic, Subject::Chosen] {
        rows.push(set_secret(subject, call("UpdateSecretVersionStage")));
        rows.push(set_secret(subject, call("GetSecretValue")));
    }
    for subject in [Subject::Switch, Subject::Classic, Subject::Original] {
        rows.push(set_secret(subject, exchange("COMMIT", false)));
    }
    rows
}

#[test]
fn a_cell_has_a_name_of_its_own_by_which_it_is_found() {
    let all = cells(&some_rows());
    let names: BTreeSet<_> = all.iter().map(ToString::to_string).collect();
    assert_eq!(names.len(), all.len());
    for name in [
        "switch/setSecret/connection-1.COMMIT.1/cut-after/step-again/test-fails",
        "chosen/setSecret/DELETE-keys-1/killed-before/repaired/move-denied",
        "classic/setSecret/UpdateSecretVersionStage.1/killed-after/concurrent/no-cause",
    ] {
        let choice = Choice {
            cell: Some(name.to_owned()),
            ..Choice::default()
        };
        let found: Vec<_> = choice.of(all.clone()).iter().map(ToString::to_string).collect();
        assert_eq!(found, [name]);
        assert!(choice.concerns(name.split('/').next().expect("a subject")));
        assert!(!choice.concerns("overlap"));
    }
}

#[test]
fn slices_are_all_of_the_cells_and_none_twice() {
    let all = cells(&some_rows());
    let slice = |n| Choice {
        slice: Some((n, 7)),
        ..Choice::default()
    };
    let of = |n| slice(n).of(all.clone());
    let mut together: Vec<_> = (1..=7).flat_map(of).map(|cell| cell.to_string()).collect();
    together.sort();
    let mut names: Vec<_> = all.iter().map(ToString::to_string).collect();
    names.sort();
    assert_eq!(together, names);
}

#[test]
fn a_covering_choice_has_every_function_kind_effect_and_aftermath_once() {
    let all = cells(&some_rows());
    let key = |cell: &Cell| {
        let row = &cell.row;
        (row.subject.family(), row.at.kind(), cell.effect, cell.aftermath)
    };
    let combinations: BTreeSet<_> = all.iter().map(key).collect();
    let chosen = covering(all);
    assert_eq!(chosen.iter().map(key).collect::<BTreeSet<_>>(), combinations);
    assert_eq!(chosen.len(), combinations.len());
    let causes: BTreeSet<_> = chosen.iter().map(|cell| cell.cause).collect();
    assert_eq!(causes.len(), Cause::VARIANTS.len(), "not one cause alone");
    assert_eq!(
        chosen.iter().map(|cell| cell.row.subject.family()).max(),
        Some(Family::ApiKey)
    );
}

fn is_known(row: &Row, effect: Effect, aftermath: Aftermath, cause: Cause, moment: Moment) -> bool {
    let cell = Cell {
        row: row.clone(),
        effect,
        aftermath,
        cause,
    };
    let finding = Finding {
        letter: Letter::R,
        moment,
        what: String::new(),
    };
    known(&cell, &finding).is_some()
}

#[test]
fn the_switch_has_one_limit_which_takes_a_death_and_a_person_and_a_cause() {
    let (moved, commit) = (call("UpdateSecretVersionStage"), exchange("COMMIT", false));
    let [moved, commit] = [moved, commit].map(|at| set_secret(Subject::Switch, at));
    let is = |row, effect, aftermath, cause| is_known(row, effect, aftermath, cause, Moment::AtRest);
    for (row, in_the_gap, not) in [
        (&moved, Effect::KilledAfter, Effect::KilledBefore),
        (&commit, Effect::KilledBefore, Effect::KilledAfter),
    ] {
        for cause in [Cause::TestFails, Cause::MoveDenied] {
            assert!(is(row, in_the_gap, Aftermath::Cancelled, cause));
            assert!(!is(row, not, Aftermath::Cancelled, cause));
            assert!(!is(row, Effect::CutBefore, Aftermath::Cancelled, cause));
            assert!(!is(row, in_the_gap, Aftermath::StepAgain, cause));
            assert!(!is_known(
                row,
                in_the_gap,
                Aftermath::Cancelled,
                cause,
                Moment::InTheEnd
            ));
        }
        assert!(!is(row, in_the_gap, Aftermath::Cancelled, Cause::NoCause));
    }
}

#[test]
fn the_classic_order_locks_out_only_while_a_cause_lasts() {
    let [classic, other] =
        [Subject::Classic, Subject::Original].map(|subject| set_secret(subject, exchange("COMMIT", false)));
    let after = |row, cause, moment| is_known(row, Effect::KilledAfter, Aftermath::StepAgain, cause, moment);
    assert!(after(&classic, Cause::TestFails, Moment::AtRest));
    assert!(!after(&classic, Cause::NoCause, Moment::AtRest));
    assert!(!after(&classic, Cause::TestFails, Moment::InTheEnd));
    assert!(!after(&other, Cause::TestFails, Moment::AtRest));
}
