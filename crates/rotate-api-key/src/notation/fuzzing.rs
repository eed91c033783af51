//! What holds for every template, as a function of arbitrary bytes: for `fuzz/`, and for a test.

use minijinja::{Value, context};
use serde_json::json;

use super::template;

const CANARY: &str = "c4n4ryQz7Wv";
/// A template is part of a definition, which an operator deploys, and may take long: these are not filled in here.
const MAY_BE_LONG: [&str; 5] = ["{%", "*", "range", "loop", "replace"];
/// As many filters, and digits in a row, cannot make a text long.
const MOST: usize = 3;

/// A value is filled in as it is: it adds no segment, query or fragment to a path, is one string in JSON, and is never a
/// template itself. No error quotes it. An input is a template, and behind a line `----` a value.
///
/// # Panics
/// If that does not hold.
pub fn template(data: &[u8]) {
    let input = String::from_utf8_lossy(data);
    let (source, value) = input.split_once("\n----\n").unwrap_or((&input, "x"));
    check_value(value);
    let is_long = source.len() > 512 || source.matches('|').count() > MOST || digits(source) > MOST;
    if template::names(source).is_err() || is_long || MAY_BE_LONG.iter().any(|long| source.contains(long)) {
        return;
    }
    if !source.contains(['{', '}', '\r', '\n']) {
        assert_eq!(template::text(source, &with(value)).as_deref(), Ok(source));
    }
    let known = format!("{CANARY}{value}");
    let errors = [
        template::text(source, &with(&known)).err(),
        template::path(source, &with(&known)).err(),
        template::json("json", &source.into(), &with(&known))
            .err()
            .map(|(_, error)| error),
    ];
    if !source.contains(CANARY) {
        for error in errors.iter().flatten() {
            assert!(!format!("{error} {error:?}").contains(CANARY), "{error}");
        }
    }
    let paths = (
        template::path(source, &with(value)),
        template::path(source, &with("x")),
    );
    if let (Ok(one), Ok(other)) = paths {
        assert_eq!(delimiters(&one), delimiters(&other), "{one:?} {other:?}");
    }
}

/// Whatever the value is, these templates give it back.
fn check_value(value: &str) {
    let variables = with(value);
    assert_eq!(
        template::text("{{ key.value }}", &variables).as_deref(),
        Ok(value)
    );
    let source = json!({"a": ["{{ key.value }}", "x{{ key.value }}"]});
    let filled = template::json("json", &source, &variables);
    assert_eq!(filled, Ok(json!({"a": [value, format!("x{value}")]})));
    match template::path("/a/{{ key.value }}/b", &variables) {
        Ok(path) => {
            assert_eq!(delimiters(&path), "///");
            let segment = path.split('/').nth(2).expect("it has one");
            assert_eq!(segment, outbound::encoded(value));
        }
        Err(error) => {
            assert_eq!(error, template::Unfilled::Path);
            assert!(matches!(value, "" | "." | ".."), "{value:?}");
        }
    }
}

fn with(value: &str) -> Value {
    context! { key => context! { value }, version => 7, admin => context! { token => "t" } }
}

/// What a server cuts a path at, and all that is not plain.
fn delimiters(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~%".contains(c);
    path.chars().filter(|c| !is_plain(*c)).collect()
}

/// The longest run of digits.
fn digits(source: &str) -> usize {
    let runs = source.split(|c: char| !c.is_ascii_digit() && c != '_');
    runs.map(str::len).max().unwrap_or_default()
}

#[test]
fn what_holds_for_every_template_holds_for_the_corpus() {
    crate::corpus::check("template", &[], template);
}
