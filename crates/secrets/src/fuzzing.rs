//! What holds for every text of a secret, as functions of arbitrary bytes. The targets in `fuzz/` call them, and so does a
//! test, with the committed corpus. They are not in a build for Lambda.
//!
//! An input has up to three parts, with a line `----` between them: the document, the new credential, and a damage that is
//! done to the document.

#![expect(clippy::disallowed_methods, reason = "a test looks at what it put in")]

use std::ops::Range;

use password::Password;
use secrecy::ExposeSecret;

use crate::error::{DocumentError, MAX_BYTES};
use crate::json::Object;
use crate::key::KeyDocument;
use crate::postgres::{CopyRules, PostgresSecret};
use crate::text::span_of;

const CANARY: &str = "c4n4ryQz7Wv";
/// As many characters of the canary in a row are no chance.
const PIECE: usize = 5;

/// The parts of an input.
fn parts(input: &str) -> (&str, &str, &str) {
    let (document, rest) = input.split_once("\n----\n").unwrap_or((input, "new"));
    let (new, damage) = rest.split_once("\n----\n").unwrap_or((rest, ""));
    (document, new, damage)
}

/// A PostgreSQL secret, JSON or a URL. Another password changes the bytes of the password and no others, and is read back.
/// So is another user. An error, also of a damaged document, has nothing of the password.
///
/// # Panics
/// If that does not hold.
pub fn postgres_secret(data: &[u8]) {
    let input = String::from_utf8_lossy(data);
    let (text, new, damage) = parts(&input);
    let secret = match PostgresSecret::parse(&text.into()) {
        Ok(secret) => secret,
        Err(error) => return check_words(&error),
    };
    assert_eq!(secret.text().expose_secret(), text);

    let password = Password::from(new.to_owned());
    match secret.with_password(&password) {
        Ok(changed) => {
            check_one_span(
                text,
                &changed_text(&changed),
                &password_span(text),
                new,
                secret.password(),
            );
            assert!(*changed.password() == password);
            assert_eq!(changed.same_account_as(&secret), Ok(()));
            let again = changed.with_password(&password).expect("it was taken before");
            assert_eq!(changed_text(&again), changed_text(&changed));
        }
        Err(error) => {
            check_words(&error);
            assert!(cannot_be_text(new) || text.len() + 6 * new.len() > MAX_BYTES);
        }
    }
    match secret.with_credentials(new, &password) {
        Ok(other) => {
            assert_eq!(other.username(), new);
            assert!(*other.password() == password);
            assert_eq!(other.same_place_as(&secret), Ok(()));
        }
        Err(error) => {
            check_words(&error);
            assert!(cannot_be_text(new) || text.len() + 12 * new.len() > MAX_BYTES);
        }
    }

    match secret.rotated(new, &password, &CopyRules::default()) {
        Ok(done) => {
            assert_eq!(done.secret.username(), new);
            assert!(*done.secret.password() == password);
            assert_eq!(done.secret.same_place_as(&secret), Ok(()));
            done.doubts
                .iter()
                .for_each(|doubt| check_line(&doubt.to_string()));
        }
        Err(error) => {
            check_words(&error);
            assert!(cannot_be_text(new) || error.code() == "SecretTooLarge", "{error}");
        }
    }

    let canary = Password::from(CANARY.to_owned());
    if let Ok(known) = secret.with_password(&canary)
        && !betrays(text)
    {
        let damaged = damaged(known.text().expose_secret(), damage);
        match PostgresSecret::parse(&damaged.into()) {
            Ok(secret) => assert!(!betrays(&format!("{secret:?}"))),
            Err(error) => assert!(!betrays(&shown(&error)), "{error}"),
        }
    }
}

/// An API key, bare or in an object's member `key`. Another key changes its bytes and no others, and is read back; so does
/// another id. A bare key that would be read back as something else can be told by reading it.
///
/// # Panics
/// If that does not hold.
pub fn key_secret(data: &[u8]) {
    let input = String::from_utf8_lossy(data);
    let (text, new, damage) = parts(&input);
    let document = match KeyDocument::parse(&text.into()) {
        Ok(document) => document,
        Err(error) => return check_words(&error),
    };
    assert_eq!(document.text().expose_secret(), text);
    let debug = format!("KeyDocument {{ is_object: {}, .. }}", document.is_object());
    assert_eq!(format!("{document:?}"), debug);
    for error in [document.plain("id").err(), document.settings().err()]
        .iter()
        .flatten()
    {
        check_words(error);
    }

    let key = Password::from(new.to_owned());
    if let Ok(old) = document.key("key") {
        let bare_again = new.trim() == new && !new.starts_with(['{', '[', '"', '\u{feff}']);
        let readable = !new.is_empty() && (document.is_object() || bare_again);
        match document.with_key("key", &key) {
            Ok(changed) => {
                let span = key_span(text, document.is_object());
                check_one_span(text, changed.text().expose_secret(), &span, new, &old);
                let kept =
                    changed.key("key").as_ref() == Ok(&key) && changed.is_object() == document.is_object();
                assert_eq!(kept, readable);
                let differs = changed.difference(&document, &["key"]);
                assert!(!kept || differs.is_ok_and(|name| name.is_none()));
            }
            Err(error) => {
                check_words(&error);
                assert!(!readable || text.len() + 6 * new.len() > MAX_BYTES, "{error}");
            }
        }
        if let Ok(known) = document.with_key("key", &Password::from(CANARY.to_owned()))
            && !betrays(text)
        {
            let damaged = damaged(known.text().expose_secret(), damage);
            let document = KeyDocument::parse(&damaged.into());
            let error = document.and_then(|document| {
                document
                    .settings()
                    .and(document.plain("id"))
                    .and(document.key("key"))
            });
            let words = error.err().map(|error| shown(&error)).unwrap_or_default();
            assert!(!betrays(&words), "{words}");
        }
    }
    match document.with_id("id", new) {
        Ok(changed) if document.is_object() => {
            let id = Some(new.to_owned()).filter(|id| !id.is_empty());
            assert_eq!(changed.plain("id"), Ok(id));
            assert_eq!(changed.difference(&document, &["id"]), Ok(None));
        }
        Ok(changed) => assert_eq!(changed.text().expose_secret(), text),
        Err(error) => check_words(&error),
    }
}

fn changed_text(secret: &PostgresSecret) -> String {
    secret.text().expose_secret().to_owned()
}

/// What PostgreSQL can have neither as a name nor as a password.
fn cannot_be_text(text: &str) -> bool {
    text.is_empty() || text.contains('\0')
}

/// Where the password stands, spelled as it is.
fn password_span(text: &str) -> Range<usize> {
    if text.trim_start().starts_with('{') {
        return key_of("password", text);
    }
    let start = text.find("://").expect("a URL") + 3;
    let start = start + text[start..].find(':').expect("a password") + 1;
    start..start + text[start..].find('@').expect("a host")
}

fn key_span(text: &str, is_object: bool) -> Range<usize> {
    if is_object {
        return key_of("key", text);
    }
    span_of(text.trim(), text)
}

fn key_of(member: &str, text: &str) -> Range<usize> {
    let object = Object::parse(text).expect("it was read before");
    span_of(object.get(member).expect("it was read before").raw(), text)
}

/// `changed` is `text` with `new` in the place of `span`, or `text` itself if `new` is what was there.
fn check_one_span(text: &str, changed: &str, span: &Range<usize>, new: &str, old: &Password) {
    if old.expose_secret() == new {
        assert_eq!(changed, text);
        return;
    }
    let inside = changed.strip_prefix(&text[..span.start]);
    let written = inside.and_then(|inside| inside.strip_suffix(&text[span.end..]));
    let written = written.unwrap_or_else(|| panic!("other bytes changed: {text:?} to {changed:?}"));
    if text.trim_start().starts_with('{') {
        assert_eq!(serde_json::from_str::<String>(written).expect("a string"), new);
    } else if text[..span.start].contains("://") {
        let decoded = percent_encoding::percent_decode_str(written).decode_utf8();
        assert_eq!(decoded.expect("it was UTF-8"), new);
    } else {
        assert_eq!(written, new);
    }
}

/// One edit: the place by two bytes, how much is removed by one, what is inserted by the rest.
fn damaged(text: &str, damage: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let mut damage = damage.chars();
    let mut number = || damage.next().map_or(0, |c| c as usize);
    let at = (number() * 256 + number()) % (characters.len() + 1);
    let end = (at + number() % 5).min(characters.len());
    characters.splice(at..end, damage.take(3));
    characters.into_iter().collect()
}

fn shown(error: &DocumentError) -> String {
    format!("{error} {error:?} {}", error.remedy())
}

/// An error is a line of a log.
fn check_words(error: &DocumentError) {
    check_line(&format!("{error} {}", error.remedy()));
}

fn check_line(words: &str) {
    assert!(
        words.len() < 2000 && !words.contains(char::is_control),
        "{words:?}"
    );
}

fn betrays(text: &str) -> bool {
    (0..=CANARY.len() - PIECE).any(|at| text.contains(&CANARY[at..at + PIECE]))
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::corpus::check;

    #[test]
    fn what_holds_for_every_postgres_secret_holds_for_the_corpus() {
        check("postgres-secret", &[], super::postgres_secret);
    }

    #[test]
    fn what_holds_for_every_key_holds_for_the_corpus() {
        check("key-secret", &[], super::key_secret);
    }
}
