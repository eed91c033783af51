//! Makes the words of a server fit for logs and errors.
//!
//! A server may repeat a credential that it was told, whole or in part, in any encoding. `forms` has the spellings of a
//! credential, `stream` the readings of a text. What reads like a spelling is hidden.

mod forms;
mod stream;

use std::net::IpAddr;

use secrecy::ExposeSecret;

use crate::words::{one_line, printable, shortened};
use forms::forms;
use stream::streams;

/// What stands in a credential's place.
const HIDDEN: &str = "(hidden)";
/// Longest text that is passed on, in characters.
const LONGEST: usize = 200;
/// Longest text that is looked at, in characters.
const LONGEST_READ: usize = 4096;
/// A word so long that has a digit or is of mixed case may be a credential that nobody told us of, such as the new key
/// in an answer that could not be read.
const SUSPICIOUS: usize = 12;
/// A credential that is shorter is part of ordinary words: a gap in just its place would show it.
const SHORTEST: usize = 4;
/// Longest name of a host.
const LONGEST_HOST: usize = 253;

/// The credentials that a server has been told, or may repeat. It has no `Debug`: it holds them in plain text.
pub struct Scrub<'a> {
    secrets: Vec<&'a str>,
    spellings: fn(&str) -> Vec<String>,
}

impl<'a> Scrub<'a> {
    /// Hides these.
    #[expect(
        clippy::disallowed_methods,
        reason = "a credential can only be hidden by one who knows it"
    )]
    pub fn new<S: ExposeSecret<str> + ?Sized + 'a>(secrets: impl IntoIterator<Item = &'a S>) -> Self {
        Self {
            secrets: secrets.into_iter().map(S::expose_secret).collect(),
            spellings: |_| Vec::new(),
        }
    }

    /// Hides what `spellings` makes of each credential too: its quoted form in the server's language, say.
    #[must_use]
    pub fn spelled(self, spellings: fn(&str) -> Vec<String>) -> Self {
        Self { spellings, ..self }
    }

    /// The words as [`known`](Self::known) has them, without whatever looks like a credential, cut to 200 characters.
    pub fn clean(&self, text: &str) -> String {
        let text = self.known(text);
        let words: Vec<_> = text.split(' ').map(masked).collect();
        shortened(&words.join(" "), LONGEST)
    }

    /// The first 4096 characters on one line, without any of the credentials: plain, in JSON, XML, a URL or a form, in
    /// Base64, or spelled. Of a longer credential, no eight bytes in a row are left.
    ///
    /// If a credential has fewer than four characters, only words of four letters and more are left, whether the text has
    /// the credential or not: what is shown then says nothing of it.
    pub fn known(&self, text: &str) -> String {
        hide(text, &self.secrets, self.spellings)
    }

    /// The name of a host that a server chose, without any of the credentials, and without labels that look like one.
    pub fn host(&self, host: &str) -> String {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if bare.parse::<IpAddr>().is_ok() {
            return host.to_owned();
        }
        if host.is_empty() || host.len() > LONGEST_HOST || !host.bytes().all(is_part) {
            return "another host".to_owned();
        }
        // A host's name is the same in letters of any size.
        let small = |secret: &&str| secret.to_ascii_lowercase();
        let small: Vec<_> = self.secrets.iter().map(small).collect();
        let long = small
            .iter()
            .map(String::as_str)
            .filter(|secret| !is_short(secret));
        let secrets: Vec<_> = long.collect();
        let host = hide(&host.to_ascii_lowercase(), &secrets, self.spellings);
        let short = self.secrets.iter().any(|secret| is_short(secret));
        let is_hidden = |label: &str| is_suspicious(label) || (short && label.len() < SHORTEST);
        let labels = host
            .split('.')
            .map(|label| if is_hidden(label) { HIDDEN } else { label });
        labels.collect::<Vec<_>>().join(".")
    }
}

fn hide(text: &str, secrets: &[&str], spellings: fn(&str) -> Vec<String>) -> String {
    let text: String = text.chars().take(LONGEST_READ).map(printable).collect();
    let mut needles = Vec::new();
    let is_long = |secret: &&&str| !secret.is_empty() && !is_short(secret);
    for secret in secrets.iter().filter(is_long) {
        needles.extend(forms(&one_line(secret)));
        needles.extend(
            spellings(secret)
                .iter()
                .map(|spelling| one_line(spelling).into_bytes()),
        );
    }
    let short = secrets.iter().any(|secret| is_short(secret));
    let mut hidden = vec![false; text.len()];
    for stream in streams(&text) {
        stream.mark(&needles, &mut hidden);
        if short {
            stream.mark_all_but_words(SHORTEST, &mut hidden);
        }
    }
    without(&text, &hidden)
}

/// An empty one is none.
fn is_short(secret: &str) -> bool {
    (1..SHORTEST).contains(&one_line(secret).chars().count())
}

/// The text with [`HIDDEN`] in the place of each run of bytes that are to be hidden, and of the characters that they cut.
fn without(text: &str, hidden: &[bool]) -> String {
    let mut shown = String::new();
    let mut hiding = false;
    for (start, c) in text.char_indices() {
        let hide = hidden[start..start + c.len_utf8()].contains(&true);
        match (hide, hiding) {
            (true, false) => shown.push_str(HIDDEN),
            (true, true) => {}
            (false, _) => shown.push(c),
        }
        hiding = hide;
    }
    shown
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
mod tests;
