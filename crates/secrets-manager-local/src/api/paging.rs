//! What the calls that list share: filters and pages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json};

use super::args::Args;
use crate::model::violation;
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
    args.structures("Filters", |filter| {
        let key = match filter.required_text("Key")? {
            "all" => Key::All,
            "description" => Key::Description,
            "name" => Key::Name,
            "owning-service" => Key::OwningService,
            "primary-region" => Key::PrimaryRegion,
            "tag-key" => Key::TagName,
            "tag-value" => Key::TagContent,
            _ => return Err(violation("Filters", "Member must satisfy enum value set")),
        };
        let values = filter.texts("Values").unwrap_or_default();
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
    /// Names and tags match by their beginning, the rest by words (fact 29).
    fn matches(self, secret: &Secret, value: &str) -> bool {
        let tags = secret.tags().iter();
        let in_words = |text: &Option<String>| words_match(value, text.as_deref().unwrap_or_default());
        match self {
            Self::All => {
                let tags = tags.flat_map(|(key, value)| [key, value]);
                let texts = secret.description.iter().chain([&secret.name]).chain(tags);
                texts.into_iter().any(|text| words_match(value, text))
            }
            Self::Description => in_words(&secret.description),
            Self::Name => secret.name.starts_with(value),
            Self::OwningService => in_words(&secret.owning_service),
            Self::PrimaryRegion => secret
                .primary_region
                .as_deref()
                .is_some_and(|region| region.starts_with(value)),
            Self::TagName => tags.into_iter().any(|(key, _)| key.starts_with(value)),
            Self::TagContent => tags.into_iter().any(|(_, tag)| tag.starts_with(value)),
        }
    }
}

/// Whether each word that is asked for begins a word of the text.
fn words_match(asked: &str, text: &str) -> bool {
    let (asked, text) = (words(asked), words(text));
    !asked.is_empty()
        && asked
            .iter()
            .all(|word| text.iter().any(|other| other.starts_with(word)))
}

/// A text's words in lower case, as AWS was seen to split them: at one of `/-_+=.@` if it has only that one of
/// them, and before an upper-case letter, a digit or a blank that lower-case letters follow.
fn words(text: &str) -> Vec<String> {
    const SEPARATORS: [char; 7] = ['/', '-', '_', '+', '=', '.', '@'];
    let mut found = SEPARATORS
        .into_iter()
        .filter(|separator| text.contains(*separator));
    let parts: Vec<&str> = match (found.next(), found.next()) {
        (Some(_), Some(_)) => return vec![text.to_lowercase()],
        (Some(only), None) => text.split(only).collect(),
        (None, _) => vec![text],
    };
    let words = parts.into_iter().flat_map(split_at_capitals);
    words.filter(|word| !word.is_empty()).collect()
}

fn split_at_capitals(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let is_lower = |at: usize| letters.get(at).is_some_and(char::is_ascii_lowercase);
    let begins = |at: usize| !is_lower(at) && is_lower(at + 1);
    let (mut words, mut word, mut in_capitalised) = (Vec::new(), String::new(), false);
    for (at, letter) in letters.iter().enumerate() {
        if begins(at) || (in_capitalised && !is_lower(at)) {
            words.push(std::mem::take(&mut word));
            in_capitalised = begins(at);
        }
        word.push(*letter);
    }
    words.push(word);
    words.iter().map(|word| word.trim().to_lowercase()).collect()
}

/// The page that `NextToken` and `MaxResults` ask for, and where the next one begins.
pub(super) fn page<T>(args: Args<'_>, most: usize, all: Vec<T>) -> Result<(Vec<T>, Option<usize>), ApiError> {
    let asked = args
        .integer("MaxResults")
        .and_then(|asked| usize::try_from(asked).ok());
    let most = asked.unwrap_or(most);
    let start = args.text("NextToken").map_or(Ok(0), offset)?;
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
