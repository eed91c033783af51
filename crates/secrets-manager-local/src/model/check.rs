//! What of a request, or of an answer, is not as the model has it. No message repeats a value.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex_lite::Regex;
use serde_json::{Map, Value as Json};

use super::shape::{MODEL, Shape, Size};
use crate::state::{ApiError, ErrorCode};

/// Limits that the calls check themselves: AWS answers their violation with another code than `ValidationException`.
const CHECKED_BY_THE_CALL: [&str; 5] = [
    "AutomaticallyRotateAfterDaysType",
    "ClientRequestTokenType",
    "DurationType",
    "ScheduleExpressionType",
    "SecretVersionIdType",
];
/// Most violations that one answer names.
const NAMED: usize = 10;

/// Refuses a request that the model does not allow: `SerializationException` for a wrong type, `ValidationException`
/// for the rest. Members that the model does not know are ignored, as AWS ignores them.
pub(crate) fn check(operation: &str, members: &Map<String, Json>) -> Result<(), ApiError> {
    let Some(ends) = MODEL.operations.get(operation) else {
        return Ok(());
    };
    let mut walk = Walk::default();
    walk.structure(&ends.input, members, "");
    if let Some(wrong) = walk.wrong_types.first() {
        return Err(ApiError::new(ErrorCode::Serialization, wrong.as_str()));
    }
    let number = walk.violations.len();
    if number == 0 {
        return Ok(());
    }
    walk.violations.truncate(NAMED);
    let errors = if number == 1 { "error" } else { "errors" };
    let list = walk.violations.join("; ");
    Err(ApiError::new(
        ErrorCode::Validation,
        format!("{number} validation {errors} detected: {list}"),
    ))
}

/// What of an answer is not as the model has it, its own limits and unknown members included.
#[cfg(test)]
pub(crate) fn answer_violations(operation: &str, answer: &Json) -> Vec<String> {
    let output = MODEL
        .operations
        .get(operation)
        .and_then(|ends| ends.output.as_deref());
    let mut walk = Walk {
        strict: true,
        ..Walk::default()
    };
    match (output, answer.as_object()) {
        (Some(output), Some(members)) => walk.structure(output, members, ""),
        (None, Some(members)) if members.is_empty() => {}
        _ => walk.wrong_types.push("the answer".to_owned()),
    }
    walk.wrong_types.into_iter().chain(walk.violations).collect()
}

#[derive(Default)]
struct Walk {
    /// Unknown members and the limits of [`CHECKED_BY_THE_CALL`] count.
    strict: bool,
    wrong_types: Vec<String>,
    violations: Vec<String>,
}

impl Walk {
    fn structure(&mut self, name: &str, given: &Map<String, Json>, path: &str) {
        let Some(Shape::Structure { members, required }) = MODEL.shape(name) else {
            return;
        };
        for name in required {
            if given.get(name).is_none_or(Json::is_null) {
                self.violates(&join(path, name), "Member must not be null");
            }
        }
        for (name, value) in given {
            match members.get(name) {
                Some(shape) if !value.is_null() => self.value(shape, value, &join(path, name)),
                None if self.strict => self.violates(&join(path, name), "Member is not in the model"),
                Some(_) | None => {}
            }
        }
    }

    fn value(&mut self, name: &str, value: &Json, path: &str) {
        let limited = self.strict || !CHECKED_BY_THE_CALL.contains(&name);
        match (MODEL.shape(name), value) {
            (Some(Shape::Structure { .. }), Json::Object(members)) => self.structure(name, members, path),
            (Some(Shape::List { member, size }), Json::Array(all)) => {
                self.length(*size, all.len(), path);
                for (at, value) in all.iter().enumerate() {
                    self.value(member, value, &format!("{path}.{}.member", at + 1));
                }
            }
            (Some(Shape::Map { key, value: shape }), Json::Object(members)) => {
                for (name, value) in members {
                    self.value(key, &name.as_str().into(), path);
                    self.value(shape, value, path);
                }
            }
            (
                Some(Shape::String {
                    size,
                    pattern,
                    one_of,
                }),
                Json::String(text),
            ) if limited => {
                self.length(*size, text.chars().count(), path);
                self.text(text, pattern.as_deref(), one_of.as_deref(), path);
            }
            (Some(Shape::Blob { size }), Json::String(text)) => match STANDARD.decode(text) {
                Ok(bytes) => self.length(*size, bytes.len(), path),
                Err(_) => self.wrong_type(path, "base64"),
            },
            (Some(Shape::Long { size }), Json::Number(number)) => match number.as_i64() {
                Some(number) if limited => self.limits(*size, number, "value", path),
                Some(_) => {}
                None => self.wrong_type(path, "an integer"),
            },
            (Some(Shape::String { .. }), Json::String(_))
            | (Some(Shape::Boolean {}), Json::Bool(_))
            | (Some(Shape::Timestamp {}), Json::Number(_))
            | (None, _) => {}
            (Some(shape), _) => self.wrong_type(path, expected(shape)),
        }
    }

    fn text(&mut self, text: &str, pattern: Option<&str>, one_of: Option<&[String]>, path: &str) {
        if let Some(pattern) = pattern
            && !matches_whole(pattern, text)
        {
            let what = format!("Member must satisfy regular expression pattern: {pattern}");
            self.violates(path, &what);
        }
        if let Some(names) = one_of
            && !names.iter().any(|name| name == text)
        {
            let what = format!("Member must satisfy enum value set: [{}]", names.join(", "));
            self.violates(path, &what);
        }
    }

    fn length(&mut self, size: Size, length: usize, path: &str) {
        self.limits(size, i64::try_from(length).unwrap_or(i64::MAX), "length", path);
    }

    fn limits(&mut self, size: Size, is: i64, what: &str, path: &str) {
        if let Some(min) = size.min.filter(|min| is < *min) {
            let text = format!("Member must have {what} greater than or equal to {min}");
            self.violates(path, &text);
        }
        if let Some(max) = size.max.filter(|max| is > *max) {
            let text = format!("Member must have {what} less than or equal to {max}");
            self.violates(path, &text);
        }
    }

    fn violates(&mut self, path: &str, what: &str) {
        self.violations
            .push(format!("Value at '{path}' failed to satisfy constraint: {what}"));
    }

    fn wrong_type(&mut self, path: &str, expected: &str) {
        self.wrong_types.push(format!("{path} must be {expected}."));
    }
}

const fn expected(shape: &Shape) -> &'static str {
    match shape {
        Shape::Structure { .. } | Shape::Map { .. } => "a structure",
        Shape::List { .. } => "a list",
        Shape::String { .. } => "a string",
        Shape::Blob { .. } => "base64",
        Shape::Long { .. } => "an integer",
        Shape::Boolean {} => "a boolean",
        Shape::Timestamp {} => "a number of seconds",
    }
}

/// The model's patterns are Java's, of the whole text; those of this service mean the same here.
fn matches_whole(pattern: &str, text: &str) -> bool {
    Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|pattern| pattern.is_match(text))
}

/// AWS begins a member's name with a small letter.
fn join(path: &str, name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    let name: String = first.into_iter().chain(letters).collect();
    if path.is_empty() {
        name
    } else {
        format!("{path}.{name}")
    }
}

/// AWS's sentence for a parameter that is not as it must be, of those that the model does not say.
pub(crate) fn violation(name: &str, what: &str) -> ApiError {
    let name = join("", name);
    ApiError::new(
        ErrorCode::Validation,
        format!("1 validation error detected: Value at '{name}' failed to satisfy constraint: {what}"),
    )
}
