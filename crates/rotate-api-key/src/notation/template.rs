//! Templates, by minijinja: strict, and escaped for where the text goes.
//!
//! In a path every value is percent-encoded as one segment, so that no value can add a segment, a query or a host. In JSON,
//! a form, a query or a header the writer of the request encodes the whole text: a template gives plain text there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};
use serde_json::Value as Json;

static PLAIN: LazyLock<Environment<'static>> = LazyLock::new(|| engine(plain));
/// What is not there is nothing, and so is what is inside of it.
static TRIAL: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Chainable);
    engine
});
static PATH: LazyLock<Environment<'static>> = LazyLock::new(|| engine(segment));

/// Why a template could not be filled in. It quotes nothing that was filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfilled {
    /// A value that is not there.
    #[error("uses {{{{ {0} }}}}, which is not there")]
    Undefined(String),
    /// An object or a list, such as the whole of an admin secret that has members.
    #[error("uses {{{{ {0} }}}}, which is no text")]
    NotText(String),
    /// The engine's word for it, and the names that the template uses.
    #[error("cannot be filled in from {{{{ {1} }}}} ({0})")]
    Engine(String, String),
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
        .map_err(|error| unfilled(&error, source, variables))
}

/// Fills in a path, each value as one segment or a part of one.
///
/// # Errors
/// As [`text`], and if a value makes a segment empty, `.` or `..`, which servers resolve to another path.
pub(crate) fn path(source: &str, variables: &Value) -> Result<String, Unfilled> {
    let path = PATH
        .render_str(source, variables.clone())
        .map_err(|error| unfilled(&error, source, variables))?;
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

/// Fills in the strings of a JSON value, which stands at `place`. A string that is one expression and nothing else keeps the
/// type of its value.
///
/// # Errors
/// As [`text`], with the place of the string.
pub(crate) fn json(place: &str, source: &Json, variables: &Value) -> Result<Json, (String, Unfilled)> {
    let at = |unfilled| (place.to_owned(), unfilled);
    Ok(match source {
        Json::String(source) => match single_expression(source) {
            Some(expression) => evaluated(expression, source, variables).map_err(at)?,
            None => text(source, variables).map_err(at)?.into(),
        },
        Json::Array(items) => {
            let filled = items
                .iter()
                .enumerate()
                .map(|(number, item)| json(&format!("{place}.{number}"), item, variables));
            filled.collect::<Result<_, _>>()?
        }
        Json::Object(members) => {
            let filled = members
                .iter()
                .map(|(key, member)| Ok((key.clone(), json(&format!("{place}.{key}"), member, variables)?)));
            Json::Object(filled.collect::<Result<_, (String, Unfilled)>>()?)
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

/// Tries the filters, tests and functions of a template, which the engine looks up only when it fills in. Stand-ins take the
/// places of the values, once such that conditions hold, and once such that they do not.
///
/// # Errors
/// The engine's words on one that there is not, or that has other arguments.
pub(crate) fn try_filters(source: &str, names: &BTreeSet<String>) -> Result<(), String> {
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    for stand_in in ["1", ""] {
        let value = stand_ins(&names, stand_in);
        match TRIAL.render_str(source, value) {
            Err(error) if is_of_the_template(error.kind()) => return Err(words(&error)),
            // The stand-in may be of another type than the value.
            _ => {}
        }
    }
    Ok(())
}

fn stand_ins(names: &[&str], stand_in: &str) -> Value {
    let mut members: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in names.iter().filter(|name| !name.is_empty()) {
        let (outer, inner) = name.split_once('.').unwrap_or((name, ""));
        members.entry(outer).or_default().push(inner);
    }
    if members.is_empty() {
        return Value::from(stand_in);
    }
    let filled = members.into_iter();
    let filled = filled.map(|(outer, inner)| (outer.to_owned(), stand_ins(&inner, stand_in)));
    Value::from_object(filled.collect::<BTreeMap<String, Value>>())
}

fn is_of_the_template(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnknownFilter
            | ErrorKind::UnknownTest
            | ErrorKind::UnknownFunction
            | ErrorKind::UnknownMethod
            | ErrorKind::MissingArgument
            | ErrorKind::TooManyArguments
    )
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
    } else if is_no_text(value) {
        Err(ErrorKind::NonPrimitive.into())
    } else {
        Ok(value)
    }
}

fn is_no_text(value: &Value) -> bool {
    matches!(
        value.kind(),
        ValueKind::Map | ValueKind::Seq | ValueKind::Iterable
    )
}

fn write(out: &mut Output<'_>, text: std::fmt::Arguments<'_>) -> Result<(), Error> {
    out.write_fmt(text).map_err(|_| ErrorKind::WriteFailure.into())
}

/// The expression of `{{ expression }}`.
fn single_expression(source: &str) -> Option<&str> {
    let inner = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inner.contains("{{") && !inner.contains("}}") && !inner.contains("{%")).then(|| inner.trim_matches('-'))
}

fn evaluated(expression: &str, source: &str, variables: &Value) -> Result<Json, Unfilled> {
    let compiled = PLAIN
        .compile_expression_owned(expression.to_owned())
        .map_err(|error| unfilled(&error, source, variables))?;
    let value = compiled
        .eval(variables.clone())
        .map_err(|error| unfilled(&error, source, variables))?;
    if value.is_undefined() || value.is_none() {
        return Err(unfilled(&ErrorKind::UndefinedError.into(), source, variables));
    }
    // An object that prints as text, such as an admin secret that is a bare string, is that text.
    match serde_json::to_value(&value) {
        Ok(json) => Ok(json),
        Err(_) => Err(Unfilled::NotJson),
    }
}

/// The kind alone, and the names that it is about: a detail could quote a value, and the template one that was typed into it.
fn unfilled(error: &Error, source: &str, variables: &Value) -> Unfilled {
    let used = names(source).unwrap_or_default();
    let all = || used.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let one = |is: fn(&Value) -> bool| {
        let found = used.iter().find(|name| is(&value_of(name, variables)));
        found.cloned().unwrap_or_else(all)
    };
    match error.kind() {
        ErrorKind::UndefinedError => {
            Unfilled::Undefined(one(|value| value.is_undefined() || value.is_none()))
        }
        ErrorKind::NonPrimitive => Unfilled::NotText(one(is_no_text)),
        kind => Unfilled::Engine(kind.to_string(), all()),
    }
}

/// What stands at a name such as `admin.token`; undefined if nothing does.
fn value_of(name: &str, variables: &Value) -> Value {
    name.split('.').fold(variables.clone(), |value, part| {
        value.get_attr(part).unwrap_or(Value::UNDEFINED)
    })
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
        for name in ["nothing", "key.nothing", "nothing.at.all"] {
            let missing = || Unfilled::Undefined(name.to_owned());
            for source in [
                format!("{{{{ {name} }}}}"),
                format!("{{{{ key.value }}}}{{{{ {name} | upper }}}}"),
            ] {
                assert_eq!(text(&source, &with("x")), Err(missing()), "{source}");
                assert_eq!(
                    path(&format!("/{source}"), &with("x")),
                    Err(missing()),
                    "{source}"
                );
                assert_eq!(
                    super::json("json", &json!({"a": [source]}), &with("x")),
                    Err(("json.a.0".to_owned(), missing())),
                    "{source}"
                );
            }
        }
        assert_eq!(
            Unfilled::Undefined("admin.tokn".to_owned()).to_string(),
            "uses {{ admin.tokn }}, which is not there"
        );
    }

    #[test]
    fn an_object_is_not_written_as_text() {
        assert_eq!(
            text("Bearer {{ key }}", &with("x")),
            Err(Unfilled::NotText("key".to_owned()))
        );
        assert_eq!(
            text("{{ key.value | split(' ') }}", &with("x")),
            Err(Unfilled::NotText("key.value".to_owned()))
        );
    }

    #[test]
    fn a_value_that_does_not_fit_a_filter_is_named_and_not_shown() {
        let unfit = text("{{ key.value | int }}", &with("s3cret"))
            .unwrap_err()
            .to_string();
        assert_eq!(
            unfit,
            "cannot be filled in from {{ key.value }} (invalid operation)"
        );
    }

    #[test]
    fn filters_are_tried_without_values() {
        let tried = |source: &str| try_filters(source, &names(source).unwrap());
        for good in [
            "{{ key.value }}{{ key }}",
            "{{ a.b | int }} {{ a.b // 3600 }}",
            "{{ a | split(' ') | first }}",
            "{% if a.b %}{{ a.c | upper }}{% else %}{{ a.d | lower }}{% endif %}",
            "{{ a if b is defined else c }}",
        ] {
            assert_eq!(tried(good), Ok(()), "{good}");
        }
        for (bad, what) in [
            ("{{ a | splitt(' ') }}", "unknown filter"),
            ("{{ a.b | replace('x') }}", "missing argument"),
            ("{{ a is nonsense }}", "unknown test"),
            ("{% if a %}{{ a | uper }}{% endif %}", "unknown filter"),
            ("{% if a %}{% else %}{{ a | uper }}{% endif %}", "unknown filter"),
        ] {
            let words = tried(bad).unwrap_err();
            assert!(words.contains(what), "{bad}: {words}");
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
            "json",
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
            let filled = super::json("json", &json!(["x{{ key.value }}", "{{ key.value }}"]), &with(&value)).unwrap();
            prop_assert_eq!(filled, json!([format!("x{value}"), value]));
        }
    }
}
