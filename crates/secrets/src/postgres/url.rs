//! The URL form, split where libpq and the common drivers all split it.

use std::borrow::Cow;

use password::Password;
use secrecy::SecretString;

use super::fields::{self, Fields, HOST};
use crate::error::{DocumentError, NotJson, UrlProblem};
use crate::percent;
use crate::text::{span_of, splice};
use crate::tls::{self, TlsMode};

const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// What libpq lets a parameter override. Two places for one value: drivers differ in which one wins.
const MISPLACED: [&str; 9] = [
    "user", "username", "password", "host", "hostaddr", "port", "dbname", "database", "service",
];

/// The parts of a URL as they are written, each a slice of it.
struct Parts<'t> {
    username: &'t str,
    password: &'t str,
    host: &'t str,
    /// Behind the colon; empty is the same as none.
    port: Option<&'t str>,
    dbname: &'t str,
    query: &'t str,
}

/// The URL without its scheme, if it has one of PostgreSQL's, in any case.
pub(super) fn strip_scheme(text: &str) -> Option<&str> {
    SCHEMES.iter().find_map(|scheme| {
        let (begin, rest) = text.split_at_checked(scheme.len())?;
        begin.eq_ignore_ascii_case(scheme).then_some(rest)
    })
}

/// Whether a text begins as one of PostgreSQL's URLs does.
pub(crate) fn is_url(text: &str) -> bool {
    strip_scheme(text).is_some()
}

/// Reads a URL.
pub(super) fn read(text: &str) -> Result<Fields, DocumentError> {
    let parts = split(text)?;
    let username = decoded("username", parts.username)?;
    let password = decoded("password", parts.password)?;
    let (ssl, sslmode) = parameters(parts.query)?;
    Ok(Fields {
        username: username.into_owned(),
        password: Password::from(password.into_owned()),
        host: host(parts.host)?,
        port: parts
            .port
            .filter(|port| !port.is_empty())
            .map(fields::port)
            .transpose()?,
        dbname: Some(parts.dbname)
            .filter(|name| !name.is_empty())
            .map(|name| decoded("dbname", name))
            .transpose()?
            .map(Cow::into_owned),
        tls: tls::combine(ssl, sslmode)?,
        engine: None,
        masterarn: None,
        ownerrole: None,
        tls_server_name: None,
    })
}

/// The URL with the bytes of its password exchanged.
pub(super) fn replace_password(text: &str, password: &str) -> Result<SecretString, DocumentError> {
    let parts = split(text)?;
    splice(text, span_of(parts.password, text), &percent::encode(password))
}

/// The URL with the bytes of its user exchanged.
pub(super) fn replace_username(text: &str, username: &str) -> Result<SecretString, DocumentError> {
    let parts = split(text)?;
    splice(text, span_of(parts.username, text), &percent::encode(username))
}

/// Cuts the URL into its parts, and refuses one that could be cut in another way.
fn split(text: &str) -> Result<Parts<'_>, DocumentError> {
    let url = text.trim_matches([' ', '\t', '\r', '\n']);
    if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(UrlProblem::WhiteSpace.into());
    }
    if url.contains('#') {
        return Err(UrlProblem::Fragment.into());
    }
    let rest = strip_scheme(url).ok_or(NotJson::Text)?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let Some((userinfo, server)) = authority.split_once('@') else {
        let elsewhere = rest.contains('@');
        return Err(if elsewhere {
            UrlProblem::Delimiter.into()
        } else {
            DocumentError::missing("username")
        });
    };
    // A second one: the password, or a piece of it, could be taken for the host.
    if server.contains('@') || path.contains('@') || query.contains('@') {
        return Err(UrlProblem::Delimiter.into());
    }
    let (username, password) = userinfo
        .split_once(':')
        .ok_or_else(|| DocumentError::missing("password"))?;
    let (host, port) = split_server(server)?;
    Ok(Parts {
        username,
        password,
        host,
        port,
        dbname: path.strip_prefix('/').unwrap_or(path),
        query,
    })
}

/// Splits `host`, `host:port` or `[address]:port`; the brackets stay.
fn split_server(server: &str) -> Result<(&str, Option<&str>), DocumentError> {
    if server.contains(',') {
        return Err(DocumentError::invalid("host", "a list of several hosts", HOST));
    }
    if !server.starts_with('[') {
        return match server.split_once(':') {
            Some((_, port)) if port.contains(':') => Err(DocumentError::invalid(
                "host",
                "an IPv6 address without brackets",
                "[address]",
            )),
            Some((host, port)) => Ok((host, Some(port))),
            None => Ok((server, None)),
        };
    }
    let end = server.find(']').ok_or(UrlProblem::Brackets)? + 1;
    match &server[end..] {
        "" => Ok((&server[..end], None)),
        behind => Ok((
            &server[..end],
            Some(behind.strip_prefix(':').ok_or(UrlProblem::Brackets)?),
        )),
    }
}

fn host(written: &str) -> Result<Option<String>, DocumentError> {
    if written.is_empty() {
        return Ok(None);
    }
    let bracketed = written.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host = decoded("host", bracketed.unwrap_or(written))?;
    if bracketed.is_some() && !fields::is_ipv6(&host) {
        return Err(UrlProblem::Brackets.into());
    }
    fields::check_host("host", &host)?;
    Ok(Some(host.into_owned()))
}

fn decoded<'t>(part: &'static str, encoded: &'t str) -> Result<Cow<'t, str>, DocumentError> {
    let plain = percent::decode(part, encoded)?;
    fields::check_text(part, &plain)?;
    Ok(plain)
}

/// What the parameters say of TLS. Those of other meaning are the drivers' business.
fn parameters(query: &str) -> Result<(Option<bool>, Option<TlsMode>), DocumentError> {
    let (mut ssl, mut sslmode) = (None, None);
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (key, value) = parameter.split_once('=').ok_or(UrlProblem::Parameter)?;
        let key = percent::decode("parameters", key)?;
        let known = match &*key {
            "ssl" => ssl
                .replace(tls::ssl_word(&percent::decode("parameters", value)?)?)
                .is_some(),
            "sslmode" => sslmode
                .replace(tls::sslmode_word(&percent::decode("parameters", value)?)?)
                .is_some(),
            other => {
                refuse_misplaced(other)?;
                false
            }
        };
        if known {
            return Err(DocumentError::DuplicateKey {
                key: format!("the parameter `{key}`"),
            });
        }
    }
    Ok((ssl, sslmode))
}

fn refuse_misplaced(key: &str) -> Result<(), DocumentError> {
    match MISPLACED.iter().find(|misplaced| **misplaced == key) {
        None => Ok(()),
        Some(misplaced) => Err(DocumentError::invalid(
            *misplaced,
            "given as a parameter",
            "a part of the URL itself: postgresql://user:password@host:port/dbname",
        )),
    }
}
