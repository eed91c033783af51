//! Lines of a `.pgpass` file, `host:port:database:user:password`, cut as libpq cuts them.

use secrecy::zeroize::Zeroizing;

use super::connection::{Connection, Place, Writing};
use crate::text::span_of;

/// What stands for every host, port, database or user.
const ANY: &str = "*";

/// Reads the lines; none if one of them is something else.
pub(super) fn read(text: &str) -> Option<Vec<Connection>> {
    let lines = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines.map(|line| connection(line, text)).collect()
}

fn connection(line: &str, text: &str) -> Option<Connection> {
    let (host, rest) = field(line)?;
    let (port, rest) = field(rest)?;
    let (_, rest) = field(rest)?;
    let (user, password) = field(rest)?;
    let is_port = port == ANY || (!port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    if !is_port || host.is_empty() || user.is_empty() || password.is_empty() {
        return None;
    }
    let given = |written: &str| (written != ANY).then(|| unescape(written).to_string());
    let place = |written: &str| Place {
        span: span_of(written, text),
        value: unescape(written),
        writing: Writing::Pgpass,
    };
    Some(Connection {
        users: if user == ANY {
            Vec::new()
        } else {
            vec![place(user)]
        },
        passwords: vec![place(password)],
        hosts: given(host).into_iter().collect(),
        ports: given(port).into_iter().collect(),
    })
}

/// The text up to the next bare colon, and what stands behind it.
fn field(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    let colon = text.bytes().position(|byte| {
        let ends = byte == b':' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    Some((&text[..colon], &text[colon + 1..]))
}

fn unescape(written: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(written.len()));
    let mut characters = written.chars();
    while let Some(c) = characters.next() {
        plain.push(if c == '\\' {
            characters.next().unwrap_or(c)
        } else {
            c
        });
    }
    plain
}

/// A value as a field; none if it would end the line.
pub(super) fn write(value: &str) -> Option<Zeroizing<String>> {
    let mut written = Zeroizing::new(String::with_capacity(value.len() * 2));
    for c in value.chars() {
        match c {
            '\n' | '\r' => return None,
            ':' | '\\' => written.extend(['\\', c]),
            _ => written.push(c),
        }
    }
    // A lone star would stand for everybody.
    (value != ANY).then_some(written)
}
