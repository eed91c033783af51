//! The shapes of the model as data.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The model, read once.
#[expect(
    clippy::expect_used,
    reason = "the file is part of the program, and every test reads it"
)]
pub(crate) static MODEL: LazyLock<Model> =
    LazyLock::new(|| serde_json::from_str(include_str!("service.json")).expect("service.json is a model"));

/// Operations and shapes, by name.
#[derive(Debug, Deserialize)]
pub(crate) struct Model {
    pub(crate) operations: BTreeMap<String, Ends>,
    pub(crate) shapes: BTreeMap<String, Shape>,
}

/// The shapes of a request and of its answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Ends {
    pub(crate) input: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "tests check the answers"))]
    pub(crate) output: Option<String>,
}

/// What a value must be. `min` and `max` are the length of a text, a list or bytes, or the value of a number.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum Shape {
    Structure {
        members: BTreeMap<String, String>,
        #[serde(default)]
        required: Vec<String>,
    },
    List {
        member: String,
        #[serde(flatten)]
        size: Size,
    },
    Map {
        key: String,
        value: String,
    },
    String {
        #[serde(flatten)]
        size: Size,
        pattern: Option<String>,
        #[serde(rename = "enum")]
        one_of: Option<Vec<String>>,
    },
    Blob {
        #[serde(flatten)]
        size: Size,
    },
    #[serde(alias = "integer")]
    Long {
        #[serde(flatten)]
        size: Size,
    },
    Boolean {},
    Timestamp {},
}

/// Limits, where there are any.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
pub(crate) struct Size {
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
}

impl Model {
    /// The shape of that name. All names in the file are its own.
    pub(crate) fn shape(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(name)
    }
}
