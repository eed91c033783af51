//! A connection URL as drivers take it: libpq's, with the name of a driver (`postgresql+psycopg2://`), or JDBC's (`jdbc:postgresql://host/db?user=…`).
//!
//! Drivers differ in where they cut a URL whose password has bare `@`, `/` or `#`. It is cut here where the known user and
//! password stand. What is written is percent-encoded, so that every one of them reads the same.

use std::ops::Range;

use percent_encoding::percent_decode_str;
use secrecy::zeroize::Zeroizing;

use super::connection::{Connection, Place, Writing};
use super::rules::Known;
use crate::text::span_of;

const DIALECTS: [&str; 4] = ["postgres", "postgresql", "postgis", "pgsql"];

/// Reads a URL; none if the text is not one of PostgreSQL's.
pub(super) fn read(text: &str, known: &Known<'_>) -> Option<Connection> {
    let rest = behind_scheme(text.trim())?;
    let span = |part: &str| span_of(part, text);
    let mut found = Connection::default();
    let (userinfo, behind) = cut(rest, known);
    if let Some(userinfo) = userinfo {
        let (user, password) = userinfo
            .split_once(':')
            .map_or((userinfo, None), |(user, password)| (user, Some(password)));
        if !user.is_empty() {
            found.users.push(place(user, span(user), known.user));
        }
        if let Some(password) = password {
            found
                .passwords
                .push(place(password, span(password), known.plain()));
        }
    }
    let end = behind.find(['/', '?', '#']).unwrap_or(behind.len());
    for server in behind[..end].split(',').filter(|server| !server.is_empty()) {
        let colon = server.rfind(':').filter(|colon| !server[*colon..].contains(']'));
        let (host, port) = colon.map_or((server, None), |colon| {
            (&server[..colon], Some(&server[colon + 1..]))
        });
        found.hosts.extend((!host.is_empty()).then(|| host.to_owned()));
        let port = port.filter(|port| !port.is_empty());
        found.ports.extend(port.map(str::to_owned));
    }
    let query = behind.split_once('?').map_or("", |(_, query)| query);
    for (key, value) in query.split('&').filter_map(|one| one.split_once('=')) {
        match key {
            "user" | "username" => found.users.push(place(value, span(value), known.user)),
            "password" => found.passwords.push(place(value, span(value), known.plain())),
            "host" | "hostaddr" => found.hosts.push(decode(value, "").to_string()),
            "port" => found.ports.push(value.to_owned()),
            _ => {}
        }
    }
    Some(found)
}

/// What stands behind `://`, if the scheme is PostgreSQL's, with a prefix (`jdbc:`) or a driver (`+asyncpg`) or without.
fn behind_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let dialect = match scheme.rsplit_once(':') {
        Some((prefix, dialect)) if prefix.starts_with("jdbc") || prefix.starts_with("r2dbc") => dialect,
        Some(_) => return None,
        None => scheme
            .split_once('+')
            .map_or(scheme.as_str(), |(dialect, _)| dialect),
    };
    DIALECTS.contains(&dialect).then_some(rest)
}

/// User and password, and what stands behind their `@`.
fn cut<'t>(rest: &'t str, known: &Known<'_>) -> (Option<&'t str>, &'t str) {
    let is_known = |at: &usize| {
        let pair = rest[..*at].split_once(':');
        pair.is_some_and(|(user, password)| {
            known.is_user(&decode(user, known.user)) && known.is_password(&decode(password, known.plain()))
        })
    };
    let ats = || rest.match_indices('@').map(|(at, _)| at);
    // Percent-encoded, a byte takes three at most.
    let longest = 3 * (known.user.len() + known.plain().len()) + 1;
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let at = ats()
        .take_while(|at| *at <= longest)
        .find(is_known)
        .or_else(|| rest[..authority].rfind('@'));
    at.map_or((None, rest), |at| (Some(&rest[..at]), &rest[at + 1..]))
}

fn place(written: &str, span: Range<usize>, wanted: &str) -> Place {
    Place {
        span,
        value: decode(written, wanted),
        writing: Writing::Percent,
    }
}

/// Decodes as most drivers do: a `%` without two digits stays. A `+` is a space for some and stays for others; it is read
/// so that it gives what is `wanted`, if one of the two does.
fn decode(written: &str, wanted: &str) -> Zeroizing<String> {
    let decoded = |text: &str| Zeroizing::new(percent_decode_str(text).decode_utf8_lossy().into_owned());
    let plain = decoded(written);
    if *plain != wanted && written.contains('+') {
        let spaced = decoded(&Zeroizing::new(written.replace('+', " ")));
        if *spaced == wanted {
            return spaced;
        }
    }
    plain
}
