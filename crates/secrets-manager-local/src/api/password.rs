//! `GetRandomPassword` (fact 15): the options and the rules are those of the `password` crate.

use password::{Options, Policy};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value as Json, json};

use super::answer::Answer;
use super::args::Args;
use crate::state::{ApiError, ErrorCode};

/// Answers `GetRandomPassword` from the operating system's generator.
pub(super) fn random(members: &Map<String, Json>) -> Result<Answer, ApiError> {
    let options = options(Args(members))?;
    let policy = Policy::new(&options).map_err(|error| ApiError::invalid_parameter(error.to_string()))?;
    let password = policy
        .generate_from_os()
        .map_err(|error| ApiError::new(ErrorCode::InternalServiceError, error.to_string()))?;
    #[expect(clippy::disallowed_methods, reason = "the password is the answer")]
    let text = password.expose_secret();
    Ok(json!({ "RandomPassword": text }).into())
}

fn options(args: Args<'_>) -> Result<Options, ApiError> {
    let defaults = Options::default();
    let length = match args.integer("PasswordLength") {
        None => defaults.length,
        Some(length) => usize::try_from(length)
            .map_err(|_| ApiError::invalid_parameter("PasswordLength must be from 1 to 4096."))?,
    };
    let flag = |name, default| args.flag(name).unwrap_or(default);
    Ok(Options {
        length,
        exclude_characters: args.text("ExcludeCharacters").unwrap_or_default().to_owned(),
        exclude_numbers: flag("ExcludeNumbers", false),
        exclude_punctuation: flag("ExcludePunctuation", false),
        exclude_uppercase: flag("ExcludeUppercase", false),
        exclude_lowercase: flag("ExcludeLowercase", false),
        include_space: flag("IncludeSpace", false),
        require_each_included_type: flag("RequireEachIncludedType", true),
    })
}
