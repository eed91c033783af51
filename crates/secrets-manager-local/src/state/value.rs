//! A secret value, which hides itself.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

use super::error::ApiError;

/// Longest value in bytes (fact 11).
pub(crate) const MAX_BYTES: usize = 65_536;

/// A secret value: text or bytes. `Debug` shows its kind and size only.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// `SecretString`
    String(String),
    /// `SecretBinary`, decoded
    Binary(Vec<u8>),
}

impl Value {
    /// The value out of the two parameters of which AWS takes one; `None` if neither is there.
    pub(crate) fn from_parameters(
        string: Option<String>,
        binary: Option<Vec<u8>>,
    ) -> Result<Option<Self>, ApiError> {
        match (string, binary) {
            (Some(_), Some(_)) => Err(ApiError::invalid_parameter(
                "You can't specify both a binary secret value and a string secret value in the same secret.",
            )),
            (Some(text), None) => Ok(Some(Self::String(text))),
            (None, Some(bytes)) => Ok(Some(Self::Binary(bytes))),
            (None, None) => Ok(None),
        }
    }

    /// Writes the value into an answer, under the name that goes with its kind.
    pub(crate) fn write_to(&self, answer: &mut Map<String, Json>) {
        match self {
            Self::String(text) => answer.insert("SecretString".to_owned(), text.clone().into()),
            Self::Binary(bytes) => answer.insert("SecretBinary".to_owned(), STANDARD.encode(bytes).into()),
        };
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => write!(f, "String(.. {} bytes)", text.len()),
            Self::Binary(bytes) => write!(f, "Binary(.. {} bytes)", bytes.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_value() {
        let shown = format!(
            "{:?}{:?}",
            Value::String("canary".to_owned()),
            Value::Binary(b"canary".to_vec())
        );
        assert_eq!(shown, "String(.. 6 bytes)Binary(.. 6 bytes)");
    }

    #[test]
    fn a_string_and_a_binary_together_are_refused() {
        let both = Value::from_parameters(Some(String::new()), Some(Vec::new()));
        assert_eq!(both.unwrap_err().code.as_str(), "InvalidParameterException");
    }
}
