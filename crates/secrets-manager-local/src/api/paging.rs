//! What the calls that list share: filters and pages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json};

use super::args::{Args, constraint};
use crate::state::{ApiError, ErrorCode, Secret};

/// One of `Filters`: a key and the values of which one must match.
pub(super) struct Filter {
    key: Key,
    values: Vec<String>,
}

#[derive(Clone, Copy)]
enum Key {
    All,
    Description,
    Name,
    OwningService,
    PrimaryRegion,
    TagName,
    TagContent,
}

/// `Filters`
pub(super) fn filters(args: Args<'_>) -> Result<Vec<Filter>, ApiError> {
    args.list("Filters", 0..=10)?;
    args.structures("Filters", |filter| {
        let key = match filter.required_text("Key", 1..=64)?.as_str() {
            "all" => Key::All,
            "description" => Key::Description,
            "name" => Key::Name,
            "owning-service" => Key::OwningService,
            "primary-region" => Key::PrimaryRegion,
            "tag-key" => Key::TagName,
            "tag-value" => Key::TagContent,
            _ => return Err(constraint("Filters", "Member must satisfy enum value set")),
        };
        let values = filter.texts("Values", 1..=10, 512)?.unwrap_or_default();
        Ok(Filter { key, values })
    })
}

impl Filter {
    /// Whether one of the values matches; a value that begins with `!` matches what the rest does not.
    pub(super) fn matches(&self, secret: &Secret) -> bool {
        self.values.iter().any(|value| match value.strip_prefix('!') {
            Some(rest) => !self.key.matches(secret, rest),
            None => self.key.matches(secret, value),
        })
    }
}

impl Key {
    fn matches(self, secret: &Secret, value: &str) -> bool {
        let begins = |text: &Option<String>| text.as_deref().unwrap_or_default().starts_with(value);
        match self {
            Self::All => every_word_is_somewhere(secret, value),
            Self::Description => {
                let description = secret.description.as_deref().unwrap_or_default().to_lowercase();
                description.starts_with(&value.to_lowercase())
            }
            Self::Name => secret.name.starts_with(value),
            Self::OwningService => begins(&secret.owning_service),
            Self::PrimaryRegion => begins(&secret.primary_region),
            Self::TagName => secret.tags.iter().any(|(key, _)| key.starts_with(value)),
            Self::TagContent => secret.tags.iter().any(|(_, tag)| tag.starts_with(value)),
        }
    }
}

fn every_word_is_somewhere(secret: &Secret, words: &str) -> bool {
    let tags = secret
        .tags
        .iter()
        .flat_map(|(key, value)| [key.as_str(), value.as_str()]);
    let texts = [
        Some(secret.name.as_str()),
        secret.description.as_deref(),
        secret.owning_service.as_deref(),
        secret.primary_region.as_deref(),
    ];
    let all: Vec<String> = texts
        .into_iter()
        .flatten()
        .chain(tags)
        .map(str::to_lowercase)
        .collect();
    words
        .split_whitespace()
        .all(|word| all.iter().any(|text| text.contains(&word.to_lowercase())))
}

/// The page that `NextToken` and `MaxResults` ask for, and where the next one begins.
pub(super) fn page<T>(args: Args<'_>, most: usize, all: Vec<T>) -> Result<(Vec<T>, Option<usize>), ApiError> {
    let most = args.max_results(most)?;
    let start = args
        .text("NextToken", 1..=4096)?
        .map_or(Ok(0), |token| offset(&token))?;
    let next = (start + most < all.len()).then_some(start + most);
    Ok((all.into_iter().skip(start).take(most).collect(), next))
}

pub(super) fn add_next_token(answer: &mut Map<String, Json>, next: Option<usize>) {
    if let Some(next) = next {
        let token = URL_SAFE_NO_PAD.encode(format!("from {next}"));
        answer.insert("NextToken".to_owned(), token.into());
    }
}

fn offset(token: &str) -> Result<usize, ApiError> {
    let wrong = || {
        ApiError::new(
            ErrorCode::InvalidNextToken,
            "The NextToken is not one that this server gave.",
        )
    };
    let text = URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let number = text
        .as_deref()
        .and_then(|text| text.strip_prefix("from "))
        .map(str::parse);
    number.ok_or_else(wrong)?.map_err(|_| wrong())
}
