//! A request's parameters, read after the service model has checked their types and limits.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};
use staging_labels::{Label, VersionId};

use crate::model::violation;
use crate::state::{ApiError, ErrorCode, MAX_BYTES, Value};

/// The members of a request's JSON object.
#[derive(Clone, Copy)]
pub(crate) struct Args<'a>(pub(crate) &'a Map<String, Json>);

impl<'a> Args<'a> {
    /// A text.
    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str()
    }

    /// Whether it is there, and not null.
    pub(crate) fn has(self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    /// A text that must be there.
    pub(crate) fn required_text(self, name: &str) -> Result<&'a str, ApiError> {
        self.text(name).ok_or_else(|| missing(name))
    }

    /// The secret's name or ARN.
    pub(crate) fn secret_id(self) -> Result<&'a str, ApiError> {
        let id = self.required_text("SecretId")?;
        if !id.starts_with("arn:") {
            check_name(id)?;
        }
        Ok(id)
    }

    /// A version's id; AWS's own check is `InvalidParameterException` (fact 11).
    pub(crate) fn version_id(self, name: &str) -> Result<Option<VersionId>, ApiError> {
        let id = self.text(name).map(str::parse).transpose();
        id.map_err(|_| {
            ApiError::invalid_parameter(format!(
                "{name} must be {}-{} characters long.",
                VersionId::MIN_LENGTH,
                VersionId::MAX_LENGTH
            ))
        })
    }

    /// `ClientRequestToken`, which SDKs fill in. The code of the refusal depends on the operation (fact 25).
    pub(crate) fn request_token(self, missing: ErrorCode) -> Result<VersionId, ApiError> {
        self.version_id("ClientRequestToken")?.ok_or_else(|| {
            ApiError::new(
                missing,
                "You must provide a ClientRequestToken value. We recommend a UUID-type value.",
            )
        })
    }

    /// A staging label.
    pub(crate) fn stage(self, name: &str) -> Option<Label> {
        self.text(name).map(Label::from)
    }

    /// True or false.
    pub(crate) fn flag(self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    /// A whole number.
    pub(crate) fn integer(self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    /// A list.
    fn list(self, name: &str) -> Option<&'a [Json]> {
        self.0.get(name)?.as_array().map(Vec::as_slice)
    }

    /// A list of texts.
    pub(crate) fn texts(self, name: &str) -> Option<Vec<String>> {
        let texts = self.list(name)?.iter();
        Some(texts.filter_map(Json::as_str).map(str::to_owned).collect())
    }

    /// The members of a list that are structures, each read by `read`.
    pub(crate) fn structures<T>(
        self,
        name: &str,
        read: impl Fn(Args<'a>) -> Result<T, ApiError>,
    ) -> Result<Vec<T>, ApiError> {
        let all = self.list(name).unwrap_or_default().iter();
        all.filter_map(Json::as_object)
            .map(|members| read(Args(members)))
            .collect()
    }

    /// A structure.
    pub(crate) fn structure(self, name: &str) -> Option<Self> {
        self.0.get(name)?.as_object().map(Args)
    }

    /// `Tags`
    pub(crate) fn tags(self) -> Result<Vec<(String, String)>, ApiError> {
        self.structures("Tags", |tag| {
            let value = tag.text("Value").unwrap_or_default();
            Ok((tag.required_text("Key")?.to_owned(), value.to_owned()))
        })
    }

    /// `SecretString` or `SecretBinary`.
    pub(crate) fn value(self) -> Result<Option<Value>, ApiError> {
        let string = self.text("SecretString").map(str::to_owned);
        // The model counts characters, AWS bytes.
        if string.as_ref().is_some_and(|text| text.len() > MAX_BYTES) {
            let what = format!("Member must have length less than or equal to {MAX_BYTES}");
            return Err(violation("SecretString", &what));
        }
        let binary = self
            .text("SecretBinary")
            .and_then(|text| STANDARD.decode(text).ok());
        Value::from_parameters(string, binary)
    }
}

/// What the name of a secret can be, wherever it is given (fact 26).
pub(crate) fn check_name(name: &str) -> Result<(), ApiError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-/_+=.@!".contains(c);
    if name.chars().all(allowed) {
        return Ok(());
    }
    Err(ApiError::new(
        ErrorCode::Validation,
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
    ))
}

pub(crate) fn missing(name: &str) -> ApiError {
    violation(name, "Member must not be null")
}
