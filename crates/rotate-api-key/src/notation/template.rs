//! Templates, by minijinja: strict, and escaped for where the text goes.
//!
//! In a path every value is percent-encoded as one segment, so that no value can add a segment, a query or a host. In JSON,
//! a form, a query or a header the writer of the request encodes the whole text: a template gives plain text there.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};
use serde_json::Value as Json;

static PLAIN: LazyLock<Environment<'static>> = LazyLock::new(|| engine(plain));
static PATH: LazyLock<Environment<'static>> = LazyLock::new(|| engine(segment));

/// Why a template could not be filled in. It quotes nothing that was filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfilled {
    /// A value that is not there.
    #[error("uses a value that is not there")]
    Undefined,
    /// The engine's word for it.
    #[error("cannot be filled in ({0})")]
    Engine(String),
    /// A path that would lead elsewhere.
    #[error("would have an empty segment, \".\" or \"..\" in its path")]
    Path,
    /// What cannot be written as JSON.
    #[error("has a value that is no JSON")]
    NotJson,
}

/// Fills in plain text.
///
/// # Errors
/// A value that is not there, or of the wrong type for a filter.
pub(crate) fn text(source: &str, variables: &Value) -> Result<String, Unfilled> {
    PLAIN
        .render_str(source, variables.clone())
        .map_err(|error| unfilled(&error))
}

/// Fills in a path, each value as one segment or a part of one.
///
/// # Errors
/// As [`text`], and if a value makes a segment empty, `.` or `..`, which servers resolve to another path.
pub(crate) fn path(source: &str, variables: &Value) -> Result<String, Unfilled> {
    let path = PATH
        .render_str(source, variables.clone())
        .map_err(|error| unfilled(&error))?;
    let inner = path
        .strip_suffix('/')
        .filter(|_| source.ends_with('/'))
        .unwrap_or(&path);
    let strange = |segment: &str| matches!(segment, "" | "." | "..");
    if source == "/" {
        return Ok(path);
    }
    let all = inner.strip_prefix('/').ok_or(Unfilled::Path)?;
    if all.split('/').any(strange) {
        return Err(Unfilled::Path);
    }
    Ok(path)
}

/// Fills in the strings of a JSON value. A string that is one expression and nothing else keeps the type of its value.
///
/// # Errors
/// As [`text`].
pub(crate) fn json(source: &Json, variables: &Value) -> Result<Json, Unfilled> {
    Ok(match source {
        Json::String(source) => match single_expression(source) {
            Some(expression) => evaluated(expression, variables)?,
            None => text(source, variables)?.into(),
        },
        Json::Array(items) => items
            .iter()
            .map(|item| json(item, variables))
            .collect::<Result<_, _>>()?,
        Json::Object(members) => {
            let filled = members
                .iter()
                .map(|(key, member)| Ok((key.clone(), json(member, variables)?)));
            Json::Object(filled.collect::<Result<_, Unfilled>>()?)
        }
        other => other.clone(),
    })
}

/// The names that a template uses, such as `key.value`.
///
/// # Errors
/// The engine's words on a template that it cannot parse.
pub(crate) fn names(source: &str) -> Result<BTreeSet<String>, String> {
    let engine = Environment::new();
    let template = engine.template_from_str(source).map_err(|error| words(&error))?;
    Ok(template.undeclared_variables(true).into_iter().collect())
}

fn words(error: &Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

fn engine(
    formatter: fn(&mut Output<'_>, &mut State<'_, '_>, &Value) -> Result<(), Error>,
) -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_formatter(formatter);
    engine
}

fn plain(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    write(out, format_args!("{}", defined(value)?))
}

fn segment(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let text = defined(value)?.to_string();
    write(out, format_args!("{}", outbound::encoded(&text)))
}

fn defined(value: &Value) -> Result<&Value, Error> {
    if value.is_undefined() || value.is_none() {
        Err(ErrorKind::UndefinedError.into())
    } else {
        Ok(value)
    }
}

fn write(out: &mut Output<'_>, text: std::fmt::Arguments<'_>) -> Result<(), Error> {
    out.write_fmt(text).map_err(|_| ErrorKind::WriteFailure.into())
}

/// The expression of `{{ expression }}`.
fn single_expression(source: &str) -> Option<&str> {
    let inner = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inner.contains("{{") && !inner.contains("}}") && !inner.contains("{%")).then(|| inner.trim_matches('-'))
}

fn evaluated(expression: &str, variables: &Value) -> Result<Json, Unfilled> {
    let compiled = PLAIN
        .compile_expression_owned(expression.to_owned())
        .map_err(|error| unfilled(&error))?;
    let value = compiled
        .eval(variables.clone())
        .map_err(|error| unfilled(&error))?;
    if value.is_undefined() || value.is_none() {
        return Err(Unfilled::Undefined);
    }
    // An object that prints as text, such as an admin secret that is a bare string, is that text.
    match serde_json::to_value(&value) {
        Ok(json) => Ok(json),
        Err(_) => Err(Unfilled::NotJson),
    }
}

/// The kind alone: a detail could quote the value that it is about.
fn unfilled(error: &Error) -> Unfilled {
    match error.kind() {
        ErrorKind::UndefinedError => Unfilled::Undefined,
        kind => Unfilled::Engine(kind.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::context;
    use proptest::prelude::*;
    use serde_json::json;

    fn with(value: &str) -> Value {
        context! { key => context! { value } }
    }

    #[test]
    fn an_unknown_name_is_an_error_and_not_nothing() {
        for source in ["{{ nothing }}", "{{ key.nothing }}", "{{ nothing.at.all }}"] {
            assert_eq!(text(source, &with("x")), Err(Unfilled::Undefined), "{source}");
            assert_eq!(
                path(&format!("/{source}"), &with("x")),
                Err(Unfilled::Undefined),
                "{source}"
            );
            assert_eq!(
                super::json(&json!(source), &with("x")),
                Err(Unfilled::Undefined),
                "{source}"
            );
        }
    }

    #[test]
    fn a_value_in_a_path_stays_one_segment() {
        let filled = |value: &str| path("/keys/{{ key.value }}", &with(value));
        assert_eq!(
            filled("a/../b?c#d%00 é").unwrap(),
            "/keys/a%2F..%2Fb%3Fc%23d%2500%20%C3%A9"
        );
        for (value, segment) in [
            ("%2f", "%252f"),
            ("..%2f..", "..%252f.."),
            ("%2e%2e", "%252e%252e"),
            (r"..\..", "..%5C.."),
            ("/", "%2F"),
            ("../", "..%2F"),
            ("...", "..."),
            ("a;b@c:d", "a%3Bb%40c%3Ad"),
            ("\r\nHost: x", "%0D%0AHost%3A%20x"),
            ("\0", "%00"),
        ] {
            assert_eq!(filled(value).unwrap(), format!("/keys/{segment}"), "{value:?}");
        }
        for elsewhere in ["", ".", ".."] {
            assert_eq!(filled(elsewhere), Err(Unfilled::Path), "{elsewhere:?}");
        }
        assert_eq!(path("/keys/", &with("")).unwrap(), "/keys/");
        assert_eq!(path("/", &with("")).unwrap(), "/");
        assert_eq!(path("/a/{{ key.value }}/b", &with("")), Err(Unfilled::Path));
    }

    #[test]
    fn a_string_that_is_one_expression_keeps_its_type() {
        let variables = context! { days => 90, name => "a\"b", list => vec!["x", "y"] };
        let filled = super::json(
            &json!({"n": "{{ days }}", "t": "{{ days }} days", "l": ["{{ list }}"], "s": "{{ name }}", "k": 1.5}),
            &variables,
        );
        assert_eq!(
            filled.unwrap(),
            json!({"n": 90, "t": "90 days", "l": [["x", "y"]], "s": "a\"b", "k": 1.5})
        );
    }

    #[test]
    fn what_a_value_holds_is_never_a_template_itself() {
        assert_eq!(
            text("{{ key.value }}", &with("{{ admin }}")).unwrap(),
            "{{ admin }}"
        );
    }

    #[test]
    fn the_names_of_a_template_are_told() {
        let used = names("{{ key.value }} {{ version }} {% if admin.x %}{{ admin.y }}{% endif %}").unwrap();
        assert_eq!(
            used.into_iter().collect::<Vec<_>>(),
            ["admin.x", "admin.y", "key.value", "version"]
        );
        assert!(names("{{ key.value").is_err());
    }

    proptest! {
        #[test]
        fn any_value_in_a_path_comes_back_from_one_segment(value in ".*") {
            match path("/a/{{ key.value }}/b", &with(&value)) {
                Ok(path) => {
                    let segments: Vec<_> = path.split('/').collect();
                    prop_assert_eq!(segments.len(), 4);
                    let back = percent_encoding::percent_decode_str(segments[2]).decode_utf8().unwrap();
                    prop_assert_eq!(back, value);
                }
                Err(error) => prop_assert!(error == Unfilled::Path && matches!(&*value, "" | "." | "..")),
            }
        }

        #[test]
        fn any_value_in_json_comes_back(value in ".*") {
            let filled = super::json(&json!(["x{{ key.value }}", "{{ key.value }}"]), &with(&value)).unwrap();
            prop_assert_eq!(filled, json!([format!("x{value}"), value]));
        }
    }
}
