//! What holds for every definition, as a function of arbitrary bytes: for `fuzz/`, and for a test.

use super::call::{Call, Check, Issue, List, Promote, Stage};
use super::{Description, DescriptionError};
use crate::notation::template;

/// A definition is read, or all that is wrong with it is told, each with a line that it has. A line more at its beginning
/// changes nothing but the numbers of the lines. Of one that is read, every template can be parsed and has a path.
///
/// # Panics
/// If that does not hold.
pub fn definition(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let outcome = Description::load("fuzzed.toml", &text);
    match &outcome {
        Ok(description) => check_description(description),
        Err(error) => check_error(error, &text),
    }
    // A byte-order mark is one at the beginning only.
    if text.starts_with('\u{feff}') {
        return;
    }
    match (outcome, Description::load("fuzzed.toml", &format!("\n{text}"))) {
        (Ok(one), Ok(other)) => assert_eq!(format!("{one:?}"), format!("{other:?}")),
        (Err(one), Err(other)) => {
            let told = |error: &DescriptionError, shift: usize| -> Vec<_> {
                let problems = error.problems.iter();
                problems
                    .map(|it| {
                        (
                            it.line - usize::from(it.line > 1) * shift,
                            it.key.clone(),
                            it.what.clone(),
                        )
                    })
                    .collect()
            };
            assert_eq!(told(&one, 0), told(&other, 1));
        }
        (one, other) => panic!("{:?} and {:?}", one.err(), other.err()),
    }
}

fn check_error(error: &DescriptionError, text: &str) {
    assert!(!error.problems.is_empty());
    let lines = text.split('\n').count();
    for problem in &error.problems {
        assert!((1..=lines).contains(&problem.line), "{error}");
        assert!(!problem.what.is_empty());
    }
    assert!(!error.to_string().contains('\n'), "{error}");
}

fn check_description(description: &Description) {
    let it = description;
    let issues = [&it.create, &it.roll, &it.recover];
    let mut calls: Vec<Call<'_>> = issues
        .iter()
        .filter_map(|call| call.as_ref().map(Issue::call))
        .collect();
    calls.extend(it.list.as_ref().map(List::call));
    // A grant of client credentials is no call of this form.
    let plain = it
        .check
        .as_ref()
        .filter(|check| check.client_credentials.is_none());
    calls.extend(plain.map(Check::call));
    calls.extend(it.stage.as_ref().map(Stage::call));
    calls.extend(it.promote.as_ref().map(Promote::call));
    for call in calls {
        assert!(call.path().starts_with('/') && !call.method().is_empty());
        let texts = call
            .query
            .values()
            .chain(call.headers.values())
            .chain(call.form.into_iter().flat_map(|form| form.values()));
        for source in texts.map(String::as_str).chain([call.path(), &it.name]) {
            assert!(template::names(source).is_ok(), "{source:?}");
        }
    }
}

#[test]
fn what_holds_for_every_definition_holds_for_the_corpus() {
    let shipped = ["crates/rotate-api-key/providers", "tests/data/unseen"];
    crate::corpus::check("definition", &shipped, definition);
}
