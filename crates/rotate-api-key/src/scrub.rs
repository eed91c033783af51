//! Makes a provider's words fit for logs and errors.

use secrecy::{ExposeSecret, SecretString};

/// What stands in a credential's place.
const HIDDEN: &str = "(hidden)";
/// Longest text that is passed on, in characters.
const LONGEST: usize = 200;
/// A word so long that has a digit or is of mixed case may be a credential that nobody told us of, such as the new key
/// in an answer that could not be read.
const SUSPICIOUS: usize = 12;

/// The words on one line, of bounded length, without any of `secrets`, and without whatever looks like one.
#[expect(
    clippy::disallowed_methods,
    reason = "a credential can only be hidden by one who knows it"
)]
pub fn clean(text: &str, secrets: &[SecretString]) -> String {
    let mut text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    for secret in secrets.iter().map(ExposeSecret::expose_secret) {
        if secret.chars().count() < 4 && text.contains(secret) {
            // To hide so short a text in place would show it.
            return HIDDEN.to_owned();
        }
        if !secret.is_empty() {
            text = text.replace(secret, HIDDEN);
        }
    }
    let words: Vec<_> = text.split(' ').map(masked).collect();
    let text = words.join(" ");
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// A word without what looks like a credential: letters and digits in a row, of more than one kind.
fn masked(word: &str) -> String {
    let is_part = |c: char| {
        c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '/' | '=' | '.' | '*' | ':' | '~' | '$' | '%')
    };
    let mut masked = String::new();
    let mut rest = word;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        masked.push_str(if is_suspicious(run) { HIDDEN } else { run });
        let mut others = after.chars();
        masked.extend(others.next());
        rest = others.as_str();
    }
    masked
}

fn is_suspicious(run: &str) -> bool {
    let long = run.chars().count() >= SUSPICIOUS;
    let digit = run.chars().any(|c| c.is_ascii_digit());
    let inner_capital = run.chars().skip(1).any(char::is_uppercase) && run.chars().any(char::is_lowercase);
    long && (digit || inner_capital)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(text: &str) -> String {
        clean(text, &["sesame street".into(), "plainwordscredential".into()])
    }

    #[test]
    fn known_credentials_are_hidden_wherever_they_stand() {
        assert_eq!(cleaned("no sesame street here"), "no (hidden) here");
        assert_eq!(cleaned("\"plainwordscredential\""), "\"(hidden)\"");
    }

    #[test]
    fn what_looks_like_a_credential_is_hidden_too() {
        for word in [
            "dd0c1a2b3c4d5e6f",
            "*:*.964a287e1b728cb5f4f3e0120df92cb5",
            "glsa_HOruNAb7SOiCdshU",
            "AbCdEfGhIjKlMnOp",
        ] {
            let text = cleaned(&format!("key '{word}' exists: {word}"));
            assert_eq!(text, "key '(hidden)' exists: (hidden)", "{word}");
        }
    }

    #[test]
    fn ordinary_words_stay() {
        for text in [
            "Forbidden: insufficient permissions",
            "Name is already in use (max. 100 keys)",
            "invalid_client",
        ] {
            assert_eq!(cleaned(text), text);
        }
    }

    #[test]
    fn the_text_is_one_line_of_bounded_length() {
        let text = cleaned(&format!("a\nb {}", "word ".repeat(500)));
        assert!(!text.contains('\n') && text.chars().count() <= LONGEST + 1);
        assert_eq!(clean("the key is abc", &["abc".into()]), HIDDEN);
    }

    proptest::proptest! {
        #[test]
        fn no_text_gets_a_known_credential_through(before in ".{0,30}", secret in "[!-~]{4,40}", after in ".{0,30}") {
            let text = clean(&format!("{before}{secret}{after}"), &[secret.as_str().into()]);
            // What stands for it may by chance hold so short a credential itself.
            proptest::prop_assert!(!text.contains(&secret) || HIDDEN.contains(&secret), "{}", text);
        }
    }
}
