//! Makes a provider's words fit for logs and errors: on one line, short, and without credentials. Which words of an answer
//! are told is decided in `call`.

mod forms;
mod stream;

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};

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
/// As many bytes of a credential in a row are hidden wherever they stand: a provider may repeat a part of it.
const RUN: usize = 8;
/// A credential that is shorter is no credential, and to hide so short a text in place would show it.
const SHORTEST: usize = 4;
/// Longest name of a host.
const LONGEST_HOST: usize = 253;

/// The words on one line, of bounded length, without any of `secrets`, and without whatever looks like one.
pub(crate) fn clean(text: &str, secrets: &[SecretString]) -> String {
    let text = known(text, secrets);
    let words: Vec<_> = text.split(' ').map(masked).collect();
    let text = words.join(" ");
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// The words on one line, of bounded length, without any of `secrets`: plain, in JSON, XML, a URL or a form, or in Base64.
/// Of what is longer, no eight bytes in a row are left.
#[expect(
    clippy::disallowed_methods,
    reason = "a credential can only be hidden by one who knows it"
)]
pub(crate) fn known(text: &str, secrets: &[SecretString]) -> String {
    let text: String = text.chars().take(LONGEST_READ).map(one_line).collect();
    let mut needles = Vec::new();
    for secret in secrets.iter().map(ExposeSecret::expose_secret) {
        let secret: String = secret.chars().map(one_line).collect();
        if secret.chars().count() >= SHORTEST {
            needles.extend(forms(&secret));
        } else if !secret.is_empty() && text.contains(&secret) {
            return HIDDEN.to_owned();
        }
    }
    let mut hidden = vec![false; text.len()];
    for stream in streams(&text) {
        stream.mark(&needles, &mut hidden);
    }
    without(&text, &hidden)
}

/// The name of a host that a provider chose, without any of `secrets`, and without labels that look like one.
pub(crate) fn host(host: &str, secrets: &[SecretString]) -> String {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<IpAddr>().is_ok() {
        return host.to_owned();
    }
    if host.is_empty() || host.len() > LONGEST_HOST || !host.bytes().all(is_part) {
        return "another host".to_owned();
    }
    let small = known(&host.to_ascii_lowercase(), &in_small_letters(secrets));
    let labels = small
        .split('.')
        .map(|label| if is_suspicious(label) { HIDDEN } else { label });
    labels.collect::<Vec<_>>().join(".")
}

/// Hosts are written in letters of any size.
#[expect(
    clippy::disallowed_methods,
    reason = "a credential can only be hidden by one who knows it"
)]
fn in_small_letters(secrets: &[SecretString]) -> Vec<SecretString> {
    let small = secrets
        .iter()
        .map(|secret| secret.expose_secret().to_ascii_lowercase().into());
    small.collect()
}

fn one_line(c: char) -> char {
    if c.is_control() { ' ' } else { c }
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
