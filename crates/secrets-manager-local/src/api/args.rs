//! A request's parameters, checked as the service model says. No message repeats a value.

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};
use staging_labels::{Label, VersionId};

use crate::state::{ApiError, ErrorCode, MAX_BYTES, Value};

/// The members of a request's JSON object.
#[derive(Clone, Copy)]
pub(crate) struct Args<'a>(pub(crate) &'a Map<String, Json>);

impl<'a> Args<'a> {
    fn get(self, name: &str) -> Option<&'a Json> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text of so many characters.
    pub(crate) fn text(self, name: &str, length: RangeInclusive<usize>) -> Result<Option<String>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let text = value.as_str().ok_or_else(|| wrong_type(name, "a string"))?;
        check_length(name, text.chars().count(), &length)?;
        Ok(Some(text.to_owned()))
    }

    /// A text that must be there.
    pub(crate) fn required_text(self, name: &str, length: RangeInclusive<usize>) -> Result<String, ApiError> {
        self.text(name, length)?.ok_or_else(|| missing(name))
    }

    /// The secret's name or ARN.
    pub(crate) fn secret_id(self) -> Result<String, ApiError> {
        let id = self.required_text("SecretId", 1..=2048)?;
        if !id.starts_with("arn:") {
            check_name(&id)?;
        }
        Ok(id)
    }

    /// A version's id; AWS's own check is `InvalidParameterException` (fact 11).
    pub(crate) fn version_id(self, name: &str) -> Result<Option<VersionId>, ApiError> {
        let Some(text) = self.text(name, 0..=usize::MAX)? else {
            return Ok(None);
        };
        let id = text.parse().map_err(|_| {
            ApiError::invalid_parameter(format!(
                "{name} must be {}-{} characters long.",
                VersionId::MIN_LENGTH,
                VersionId::MAX_LENGTH
            ))
        })?;
        Ok(Some(id))
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
    pub(crate) fn stage(self, name: &str) -> Result<Option<Label>, ApiError> {
        Ok(self.text(name, 1..=256)?.map(|text| Label::from(text.as_str())))
    }

    /// True or false.
    pub(crate) fn flag(self, name: &str) -> Result<Option<bool>, ApiError> {
        let value = self.get(name);
        value
            .map(|value| value.as_bool().ok_or_else(|| wrong_type(name, "a boolean")))
            .transpose()
    }

    /// A whole number.
    pub(crate) fn integer(self, name: &str) -> Result<Option<i64>, ApiError> {
        let value = self.get(name);
        value
            .map(|value| value.as_i64().ok_or_else(|| wrong_type(name, "an integer")))
            .transpose()
    }

    /// A number of results from 1 to `most`, `most` if left out.
    pub(crate) fn max_results(self, most: usize) -> Result<usize, ApiError> {
        let Some(asked) = self.integer("MaxResults")? else {
            return Ok(most);
        };
        match usize::try_from(asked) {
            Ok(asked) if (1..=most).contains(&asked) => Ok(asked),
            _ => Err(constraint(
                "MaxResults",
                &format!("Member must have value from 1 to {most}"),
            )),
        }
    }

    /// A list of so many members.
    pub(crate) fn list(
        self,
        name: &str,
        length: RangeInclusive<usize>,
    ) -> Result<Option<&'a [Json]>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let list = value.as_array().ok_or_else(|| wrong_type(name, "a list"))?;
        check_length(name, list.len(), &length)?;
        Ok(Some(list))
    }

    /// A list of texts of 1 to `longest` characters each.
    pub(crate) fn texts(
        self,
        name: &str,
        length: RangeInclusive<usize>,
        longest: usize,
    ) -> Result<Option<Vec<String>>, ApiError> {
        let Some(list) = self.list(name, length)? else {
            return Ok(None);
        };
        let text = |value: &Json| {
            let text = value
                .as_str()
                .ok_or_else(|| wrong_type(name, "a list of strings"))?;
            check_length(name, text.chars().count(), &(1..=longest))?;
            Ok(text.to_owned())
        };
        list.iter().map(text).collect::<Result<_, _>>().map(Some)
    }

    /// The members of a list that are structures, each checked by `read`.
    pub(crate) fn structures<T>(
        self,
        name: &str,
        read: impl Fn(Args<'_>) -> Result<T, ApiError>,
    ) -> Result<Vec<T>, ApiError> {
        let list = self.list(name, 0..=usize::MAX)?.unwrap_or_default();
        let one = |value: &Json| {
            let members = value
                .as_object()
                .ok_or_else(|| wrong_type(name, "a list of structures"))?;
            read(Args(members))
        };
        list.iter().map(one).collect()
    }

    /// A structure.
    pub(crate) fn structure(self, name: &str) -> Result<Option<Args<'a>>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        value
            .as_object()
            .map(|members| Some(Args(members)))
            .ok_or_else(|| wrong_type(name, "a structure"))
    }

    /// `Tags`
    pub(crate) fn tags(self) -> Result<Vec<(String, String)>, ApiError> {
        self.structures("Tags", |tag| {
            let value = tag.text("Value", 0..=256)?.unwrap_or_default();
            Ok((tag.required_text("Key", 1..=128)?, value))
        })
    }

    /// `SecretString` or `SecretBinary`.
    pub(crate) fn value(self) -> Result<Option<Value>, ApiError> {
        let string = self.text("SecretString", 0..=usize::MAX)?;
        if let Some(text) = &string {
            check_length("SecretString", text.len(), &(1..=MAX_BYTES))?;
        }
        Value::from_parameters(string, self.blob("SecretBinary")?)
    }

    fn blob(self, name: &str) -> Result<Option<Vec<u8>>, ApiError> {
        let Some(text) = self.text(name, 0..=usize::MAX)? else {
            return Ok(None);
        };
        let bytes = STANDARD.decode(text).map_err(|_| wrong_type(name, "base64"))?;
        check_length(name, bytes.len(), &(1..=MAX_BYTES))?;
        Ok(Some(bytes))
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

fn check_length(name: &str, length: usize, allowed: &RangeInclusive<usize>) -> Result<(), ApiError> {
    if length < *allowed.start() {
        let shortest = allowed.start();
        return Err(constraint(
            name,
            &format!("Member must have length greater than or equal to {shortest}"),
        ));
    }
    if length > *allowed.end() {
        let longest = allowed.end();
        return Err(constraint(
            name,
            &format!("Member must have length less than or equal to {longest}"),
        ));
    }
    Ok(())
}

pub(crate) fn missing(name: &str) -> ApiError {
    constraint(name, "Member must not be null")
}

/// AWS's sentence for a parameter that the service model does not allow.
pub(crate) fn constraint(name: &str, what: &str) -> ApiError {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    let member: String = first.into_iter().chain(letters).collect();
    ApiError::new(
        ErrorCode::Validation,
        format!("1 validation error detected: Value at '{member}' failed to satisfy constraint: {what}"),
    )
}

fn wrong_type(name: &str, expected: &str) -> ApiError {
    ApiError::new(ErrorCode::Serialization, format!("{name} must be {expected}."))
}
