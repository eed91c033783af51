//! libpq's `host=… user=… password='…'`, cut as libpq cuts it.

use secrecy::zeroize::Zeroizing;

use super::connection::{Connection, Place, Writing};

/// Those of libpq's keys that make a text a connection string.
const TELLING: [&str; 7] = [
    "host", "hostaddr", "port", "user", "password", "dbname", "service",
];

/// Reads a string of keys and values; none if it is something else.
pub(super) fn read(text: &str) -> Option<Connection> {
    let mut found = Connection::default();
    let mut is_telling = false;
    let mut at = skip_space(text, 0);
    while at < text.len() {
        let equals = at + text[at..].find('=')?;
        let key = text[at..equals].trim_end();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            return None;
        }
        let (place, end) = value(text, skip_space(text, equals + 1))?;
        is_telling |= TELLING.contains(&key);
        match key {
            "user" => found.users.push(place),
            "password" => found.passwords.push(place),
            "host" | "hostaddr" => found.hosts.extend(place.value.split(',').map(str::to_owned)),
            "port" => found.ports.extend(place.value.split(',').map(str::to_owned)),
            _ => {}
        }
        at = skip_space(text, end);
    }
    is_telling.then_some(found)
}

/// A value with its quotes, and where it ends.
fn value(text: &str, start: usize) -> Option<(Place, usize)> {
    let quoted = text[start..].starts_with('\'');
    let begin = start + usize::from(quoted);
    let inner = begin + length(&text[begin..], quoted)?;
    let end = inner + usize::from(quoted);
    let place = Place {
        span: start..end,
        value: unescape(&text[begin..inner]),
        writing: Writing::Conninfo { quoted },
    };
    Some((place, end))
}

/// How long a value is that `text` begins with; none if the quote at its end is missing.
fn length(text: &str, quoted: bool) -> Option<usize> {
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => drop(characters.next()),
            '\'' if quoted => return Some(at),
            c if !quoted && is_space(c) => return Some(at),
            _ => {}
        }
    }
    (!quoted).then_some(text.len())
}

fn unescape(written: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(written.len()));
    let mut characters = written.chars();
    while let Some(c) = characters.next() {
        plain.extend(if c == '\\' { characters.next() } else { Some(c) });
    }
    plain
}

/// A value as it stands behind the `=`: in quotes if it was, or if it must be.
pub(super) fn write(value: &str, quoted: bool) -> Zeroizing<String> {
    let quoted =
        quoted || value.is_empty() || value.contains(|c: char| is_space(c) || c == '\'' || c == '\\');
    let mut written = Zeroizing::new(String::with_capacity(value.len() * 2 + 2));
    written.extend(quoted.then_some('\''));
    for c in value.chars() {
        if matches!(c, '\'' | '\\') {
            written.push('\\');
        }
        written.push(c);
    }
    written.extend(quoted.then_some('\''));
    written
}

fn skip_space(text: &str, at: usize) -> usize {
    text[at..]
        .find(|c| !is_space(c))
        .map_or(text.len(), |space| at + space)
}

/// C's `isspace`.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}
