//! Errors and names as one short line.

use std::error::Error;
use std::io;

use crate::tls_failure::TlsFailure;

/// Longest name that is shown whole, in characters. DNS allows 253 and PostgreSQL 63; a secret may hold one of 60,000.
const LONGEST_NAME: usize = 255;

/// An error and its sources on one line: `problem: source: source`. A failure of TLS is told in our own words.
pub fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        if let Some(tls) = of_tls(source) {
            words = format!("{words}: {}", TlsFailure::of(tls).problem);
            break;
        }
        words = format!("{words}: {source}");
        next = source.source();
    }
    one_line(&words)
}

/// The error of TLS that this is, or that an I/O error wraps.
fn of_tls<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    let wrapped = wrapped.and_then(|inner| inner.downcast_ref());
    wrapped.or_else(|| error.downcast_ref())
}

/// The last source of an error. It comes from the system or from the protocol, and quotes nothing that a peer sent.
pub fn innermost<'e>(error: &'e (dyn Error + 'e)) -> &'e (dyn Error + 'e) {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost
}

/// The text with a space in the place of each control character, line breaks included.
pub fn one_line(text: &str) -> String {
    text.chars().map(printable).collect()
}

/// A space for a control character, which would start a new line or an escape sequence of a terminal.
pub(crate) fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

/// The text, or its first `longest` characters and `…`.
pub fn shortened(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// The name of a host, a role or a database, no longer than such a name can be.
pub fn shortened_name(name: &str) -> String {
    shortened(name, LONGEST_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("it failed")]
    struct Failed(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("line one\nline two")]
    struct Inner(#[source] io::Error);

    fn failed() -> Failed {
        Failed(Inner(io::Error::other("broken pipe")))
    }

    #[test]
    fn an_error_is_told_with_its_sources_on_one_line() {
        assert_eq!(chain(&failed()), "it failed: line one line two: broken pipe");
        assert_eq!(chain(&io::Error::other("alone")), "alone");
    }

    #[test]
    fn a_failure_of_tls_is_told_in_words() {
        let tls = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let words = "it failed: line one line two: no authority that is trusted has signed it";
        assert_eq!(chain(&Failed(Inner(io::Error::other(tls)))), words);
    }

    #[test]
    fn the_innermost_source_is_told_alone() {
        assert_eq!(innermost(&failed()).to_string(), "broken pipe");
        assert_eq!(innermost(&io::Error::other("alone")).to_string(), "alone");
    }

    #[test]
    fn control_characters_become_spaces() {
        assert_eq!(one_line("one\ntwo\u{1b}[31m\r\n\u{85}"), "one two [31m   ");
        assert_eq!(one_line("ä ö"), "ä ö");
    }

    #[test]
    fn a_text_is_cut_at_a_character() {
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äöüß", 3), "äöü…");
        assert_eq!(shortened("", 0), "");
    }

    #[test]
    fn a_name_is_cut_only_where_no_server_would_take_it() {
        assert_eq!(shortened_name(&"ä".repeat(255)), "ä".repeat(255));
        assert_eq!(
            shortened_name(&"ä".repeat(60_000)),
            format!("{}…", "ä".repeat(255))
        );
    }
}
