//! What a document says, and what each value must look like, whatever the form.

use std::net::Ipv6Addr;

use password::Password;

use crate::error::DocumentError;
use crate::tls::TlsMode;

pub(super) const TEXT: &str = "a string that is not empty";
pub(super) const HOST: &str = "one host name or address; the port belongs in `port`";
pub(super) const PORT: &str = "a whole number from 1 to 65535";

/// PostgreSQL's.
pub(super) const DEFAULT_PORT: u16 = 5432;

/// The values of a document, checked.
#[derive(Clone)]
pub(super) struct Fields {
    pub(super) username: String,
    pub(super) password: Password,
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) dbname: Option<String>,
    pub(super) engine: Option<String>,
    pub(super) masterarn: Option<String>,
    pub(super) ownerrole: Option<String>,
    pub(super) tls: Option<TlsMode>,
    pub(super) tls_server_name: Option<String>,
}

/// Longest ARN that Secrets Manager takes (API reference, `SecretId`).
const LONGEST_ARN: usize = 2048;
const SECRET_ARN: &str = "an ARN such as arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf";

/// Refuses an empty value, and one with a character that no PostgreSQL string can have.
pub(super) fn check_text(field: &'static str, value: &str) -> Result<(), DocumentError> {
    if value.is_empty() {
        Err(DocumentError::invalid(field, "empty", TEXT))
    } else if value.contains('\0') {
        Err(DocumentError::invalid(
            field,
            "a string with the character U+0000",
            "a string without it",
        ))
    } else {
        Ok(())
    }
}

/// Refuses what is not one host: a list, a host with its port, a URL, the path of a socket (over
/// which there would be no TLS).
pub(super) fn check_host(field: &'static str, host: &str) -> Result<(), DocumentError> {
    let problem = if host.is_empty() {
        "empty"
    } else if host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        "a string with white space or a control character"
    } else if host.contains(',') {
        "a list of several hosts"
    } else if host.contains(['/', '@', '?', '#', '[', ']', '\\']) {
        "a URL, a path or in brackets"
    } else if host.contains(':') && !is_ipv6(host) {
        "a string with a colon, but no IPv6 address"
    } else {
        return Ok(());
    };
    Err(DocumentError::invalid(field, problem, HOST))
}

/// Refuses what is no ARN of a secret, without repeating it: the usual slip is the admin's whole document.
pub(super) fn check_secret_arn(field: &'static str, arn: &str) -> Result<(), DocumentError> {
    let printable = arn.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
    let parts: Vec<_> = arn.splitn(7, ':').collect();
    let shaped = matches!(parts[..], ["arn", _, "secretsmanager", _, _, "secret", name] if !name.is_empty());
    if printable && shaped && arn.len() <= LONGEST_ARN {
        Ok(())
    } else {
        Err(DocumentError::invalid(
            field,
            "not the ARN of a secret",
            SECRET_ARN,
        ))
    }
}

/// An IPv6 address, with or without a zone (`fe80::1%eth0`).
pub(super) fn is_ipv6(host: &str) -> bool {
    let address = host.split_once('%').map_or(host, |(address, _zone)| address);
    address.parse::<Ipv6Addr>().is_ok()
}

/// A port written in digits and nothing else.
pub(super) fn port(digits: &str) -> Result<u16, DocumentError> {
    let only_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse() {
        Ok(port @ 1..) if only_digits => Ok(port),
        _ => Err(DocumentError::invalid("port", "not a port", PORT)),
    }
}
