//! Makes a server's words fit for logs and errors.

use outbound::shortened;
use postgres_protocol::escape::escape_literal;
use secrecy::ExposeSecret;
use tokio_postgres::error::DbError;

use crate::fault::Said;

/// Longest text that is passed on, in characters.
const LONGEST: usize = 300;

/// The credentials that a server has been told, or may repeat.
pub(crate) struct Scrub<'a>(outbound::Scrub<'a>);

impl<'a> Scrub<'a> {
    /// Hides these.
    pub(crate) fn new(secrets: impl IntoIterator<Item = &'a dyn ExposeSecret<str>>) -> Self {
        Self(outbound::Scrub::new(secrets).spelled(quoted))
    }

    /// The text on one line, of bounded length, without any of the credentials, in whatever quoting.
    pub(crate) fn clean(&self, text: &str) -> String {
        shortened(&self.0.known(text), LONGEST)
    }

    /// A server's error: SQLSTATE, message and detail.
    pub(crate) fn said(&self, error: &DbError) -> Said {
        let text = match error.detail() {
            Some(detail) => format!("{}: {detail}", error.message()),
            None => error.message().to_owned(),
        };
        Said::new(error.code().code(), &text, self.clean(&text))
    }
}

/// As SQL quotes it: as a literal, and with a quote doubled but no backslash.
fn quoted(secret: &str) -> Vec<String> {
    let literal = escape_literal(secret);
    vec![between_quotes(&literal).to_owned(), secret.replace('\'', "''")]
}

/// What stands between the quotes of a literal, `'…'` or ` E'…'`.
fn between_quotes(literal: &str) -> &str {
    let opened = literal.split_once('\'').map_or(literal, |(_, rest)| rest);
    opened.strip_suffix('\'').unwrap_or(opened)
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
    fn of_a_text_with_a_very_short_credential_longer_words_stay() {
        check(&["e"], "the password is e", "(hidden) password (hidden) (hidden)");
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

    proptest! {
        #[test]
        fn no_credential_is_left_in_any_text(
            secret in "[ -~äß\n]{4,12}",
            before in ".{0,20}",
            after in ".{0,20}",
            quoted in any::<bool>(),
        ) {
            prop_assume!(!"(hidden)".contains(&secret));
            let said = if quoted { escape_literal(&secret) } else { secret.clone() };
            let secrets = [SecretString::from(secret.as_str())];
            let scrub = Scrub::new(secrets.iter().map(|secret| secret as &dyn ExposeSecret<str>));
            let clean = scrub.clean(&format!("{before}{said}{after}"));
            prop_assert!(!clean.contains(&secret), "{}", clean);
            prop_assert!(!clean.chars().any(char::is_control));
        }
    }
}
