//! Where something stands in a JSON answer.

use std::fmt;

use jsonptr::PointerBuf;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A JSON pointer (RFC 6901); the empty one is the whole answer.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(transparent))]
pub struct Pointer(#[cfg_attr(test, schemars(with = "String"))] PointerBuf);

impl Pointer {
    /// Parses it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        PointerBuf::parse(text)
            .map(Self)
            .map_err(|_| format!("{text:?} is no JSON pointer, such as /data/0/key (~0 for ~, ~1 for /)"))
    }

    /// What stands there, if something does.
    pub fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.resolve(value).ok()
    }

    /// The string, or number, that stands there.
    pub fn text(&self, value: &Value) -> Option<String> {
        match self.find(value)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Whether something stands there that tells of an error: not null, false, or empty.
    pub fn tells(&self, value: &Value) -> bool {
        match self.find(value) {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Array(items)) => !items.is_empty(),
            Some(Value::Object(members)) => !members.is_empty(),
            Some(Value::Bool(true) | Value::Number(_)) => true,
        }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl fmt::Debug for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Where a new key stands in an answer: a pointer, or `body`, the bare body.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(transparent))]
pub struct Source(#[cfg_attr(test, schemars(with = "String"))] Option<Pointer>);

impl Source {
    /// The bare body, without the white space around it.
    pub const BODY: Self = Self(None);

    /// A place in a JSON answer.
    ///
    /// # Panics
    /// If it is no pointer: for tests.
    #[cfg(test)]
    pub fn at(pointer: &str) -> Self {
        Self(Some(Pointer::parse(pointer).expect("a pointer")))
    }

    /// The pointer; none for the bare body.
    pub fn pointer(&self) -> Option<&Pointer> {
        self.0.as_ref()
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "body" {
            return Ok(Self::BODY);
        }
        Pointer::parse(&text)
            .map(|pointer| Self(Some(pointer)))
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_at_a_pointer_is_found_and_numbers_are_texts() {
        let answer = serde_json::json!({"data": [{"id": 17, "a/b": "x"}], "no": null});
        let text = |pointer: &str| Pointer::parse(pointer).unwrap().text(&answer);
        assert_eq!(text("/data/0/id").as_deref(), Some("17"));
        assert_eq!(text("/data/0/a~1b").as_deref(), Some("x"));
        assert_eq!(text("/data/1/id"), None);
        assert_eq!(text("/data"), None);
        assert_eq!(
            Pointer::default().text(&serde_json::json!("bare")).as_deref(),
            Some("bare")
        );
    }

    #[test]
    fn nothing_null_false_and_empty_tell_of_no_error() {
        let tells = |value: Value| Pointer::parse("/e").unwrap().tells(&value);
        for quiet in [
            r"{}",
            r#"{"e":null}"#,
            r#"{"e":false}"#,
            r#"{"e":[]}"#,
            r#"{"e":""}"#,
            r#"{"e":{}}"#,
        ] {
            assert!(!tells(serde_json::from_str(quiet).unwrap()), "{quiet}");
        }
        for loud in [
            r#"{"e":true}"#,
            r#"{"e":0}"#,
            r#"{"e":[0]}"#,
            r#"{"e":"x"}"#,
            r#"{"e":{"a":1}}"#,
        ] {
            assert!(tells(serde_json::from_str(loud).unwrap()), "{loud}");
        }
    }

    #[test]
    fn a_pointer_without_a_slash_is_refused() {
        for bad in ["key", "/a~2", "#/a"] {
            assert!(
                Pointer::parse(bad).unwrap_err().contains("no JSON pointer"),
                "{bad}"
            );
        }
    }
}
