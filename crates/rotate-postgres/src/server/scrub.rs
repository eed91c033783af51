//! Makes a server's words fit for logs and errors.

use postgres_protocol::escape::escape_literal;
use secrecy::ExposeSecret;
use tokio_postgres::error::DbError;

use crate::fault::Said;

/// What stands in a credential's place.
const HIDDEN: &str = "(hidden)";
/// Longest text that is passed on, in characters.
const LONGEST: usize = 300;
/// Longest part of a document's name that is shown; DNS and PostgreSQL allow no longer ones anyway.
const LONGEST_NAME: usize = 255;
/// A credential this short is part of ordinary words: to hide it in place would show it.
const TELLING: usize = 4;

/// The credentials that a server has been told, or may repeat.
pub(crate) struct Scrub<'a> {
    secrets: Vec<&'a dyn ExposeSecret<str>>,
}

impl<'a> Scrub<'a> {
    /// Hides these.
    pub(crate) fn new(secrets: impl IntoIterator<Item = &'a dyn ExposeSecret<str>>) -> Self {
        Self {
            secrets: secrets.into_iter().collect(),
        }
    }

    /// The text on one line, of bounded length, without any of the credentials, in whatever quoting.
    pub(crate) fn clean(&self, text: &str) -> String {
        // Once more on one line: a credential with a space may have stood there with a line's end instead.
        cut(&self.hide(&joined(&self.hide(text))))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a credential can only be hidden by one who knows it"
    )]
    fn hide(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for secret in self.secrets.iter().map(|secret| secret.expose_secret()) {
            let literal = escape_literal(secret);
            // Without a backslash in mind, a quote alone is doubled.
            let doubled = secret.replace('\'', "''");
            for spelling in [secret, between_quotes(&literal), &doubled] {
                if spelling.is_empty() || !clean.contains(spelling) {
                    continue;
                }
                if spelling.chars().count() < TELLING {
                    return HIDDEN.to_owned();
                }
                clean = clean.replace(spelling, HIDDEN);
            }
        }
        clean
    }

    /// A server's error: message and detail.
    pub(crate) fn said(&self, error: &DbError) -> Said {
        let text = match error.detail() {
            Some(detail) => format!("{}: {detail}", error.message()),
            None => error.message().to_owned(),
        };
        Said {
            state: self.clean(error.code().code()),
            text: self.clean(&text),
        }
    }
}

/// What stands between the quotes of a literal, `'…'` or ` E'…'`.
fn between_quotes(literal: &str) -> &str {
    let opened = literal.split_once('\'').map_or(literal, |(_, rest)| rest);
    opened.strip_suffix('\'').unwrap_or(opened)
}

/// A name out of a document, fit for an error: a document may hold one of 60,000 characters.
pub(crate) fn shortened(name: &str) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        None => name.to_owned(),
        Some((end, _)) => format!("{}…", &name[..end]),
    }
}

fn joined(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::SecretString;

    use super::*;

    #[track_caller]
    fn check(secrets: &[&str], text: &str, expected: &str) {
        let secrets: Vec<SecretString> = secrets.iter().map(|&secret| secret.into()).collect();
        let scrub = Scrub::new(secrets.iter().map(|secret| secret as &dyn ExposeSecret<str>));
        assert_eq!(scrub.clean(text), expected);
    }

    #[test]
    fn every_occurrence_of_every_credential_is_hidden() {
        check(
            &["hunter2", "verifier"],
            "hunter2 verifier hunter2",
            "(hidden) (hidden) (hidden)",
        );
    }

    #[test]
    fn a_credential_is_hidden_in_its_quoted_spelling_too() {
        check(
            &["it's \\me"],
            r"syntax error near E'it''s \\me'",
            "syntax error near E'(hidden)'",
        );
        check(
            &["Ex''y"],
            "near 'Ex''''y' and Ex''y",
            "near '(hidden)' and (hidden)",
        );
    }

    #[test]
    fn a_credential_is_hidden_where_only_its_quotes_are_doubled() {
        check(&[r"it's \me"], r"near 'it''s \me'", "near '(hidden)'");
    }

    #[test]
    fn a_text_with_a_very_short_credential_is_hidden_as_a_whole() {
        check(&["e"], "the password is e", "(hidden)");
    }

    #[test]
    fn an_empty_credential_hides_nothing() {
        check(&[""], "all of it", "all of it");
    }

    #[test]
    fn lines_are_joined_and_cut() {
        check(&[], "one\ntwo\u{1b}[31m\r\n", "one two [31m  ");
        check(&[], &"ä".repeat(400), &format!("{}…", "ä".repeat(300)));
    }

    #[test]
    fn a_credential_that_the_cut_would_halve_is_hidden_first() {
        let text = format!("{}hunter2", "x".repeat(297));
        check(&["hunter2"], &text, &format!("{}(hi…", "x".repeat(297)));
    }

    #[test]
    fn a_name_is_cut_only_where_no_server_would_take_it() {
        assert_eq!(shortened(&"ä".repeat(255)), "ä".repeat(255));
        assert_eq!(shortened(&"ä".repeat(60_000)), format!("{}…", "ä".repeat(255)));
    }

    proptest! {
        #[test]
        fn no_credential_is_left_in_any_text(
            secret in "[ -~äß\n]{4,12}",
            before in ".{0,20}",
            after in ".{0,20}",
            quoted in any::<bool>(),
        ) {
            prop_assume!(!HIDDEN.contains(&secret));
            let said = if quoted { escape_literal(&secret) } else { secret.clone() };
            let secrets = [SecretString::from(secret.as_str())];
            let scrub = Scrub::new(secrets.iter().map(|secret| secret as &dyn ExposeSecret<str>));
            let clean = scrub.clean(&format!("{before}{said}{after}"));
            prop_assert!(!clean.contains(&secret), "{}", clean);
            prop_assert!(!clean.chars().any(char::is_control));
        }
    }
}
