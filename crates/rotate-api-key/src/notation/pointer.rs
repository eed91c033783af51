//! Where something stands in a JSON answer.

use std::fmt;

use jsonptr::PointerBuf;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A JSON pointer (RFC 6901); the empty one is the whole answer.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(transparent))]
pub(crate) struct Pointer(#[cfg_attr(test, schemars(with = "String"))] PointerBuf);

impl Pointer {
    /// Parses it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        PointerBuf::parse(text)
            .map(Self)
            .map_err(|_| format!("{text:?} is no JSON pointer, such as /data/0/key (~0 for ~, ~1 for /)"))
    }

    /// The names on the way, decoded.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.0.tokens().map(|token| token.decoded().into_owned())
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
pub(crate) struct Source(#[cfg_attr(test, schemars(with = "String"))] Option<Pointer>);

impl Source {
    /// The bare body, without the white space around it.
    pub(crate) const BODY: Self = Self(None);

    /// A place in a JSON answer.
    ///
    /// # Panics
    /// If it is no pointer: for tests.
    #[cfg(test)]
    pub(crate) fn at(pointer: &str) -> Self {
        Self(Some(Pointer::parse(pointer).expect("a pointer")))
    }

    /// The pointer; none for the bare body.
    pub(crate) fn pointer(&self) -> Option<&Pointer> {
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
    fn a_pointer_without_a_slash_is_refused() {
        for bad in ["key", "/a~2", "#/a"] {
            assert!(
                Pointer::parse(bad).unwrap_err().contains("no JSON pointer"),
                "{bad}"
            );
        }
    }
}
