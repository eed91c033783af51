//! Where the function looked for the database: its own words say it.

use std::net::IpAddr;

/// A host, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The name or address.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: Option<u16>,
    /// The address that the name led to.
    pub(crate) address: Option<IpAddr>,
}

/// What stands before the server in the messages of `rotate-postgres`.
const BEFORE: [&str; 6] = [
    "connecting to ",
    "the connection to ",
    "there is no route to ",
    "the name ",
    "the host ",
    "logging in at ",
];

impl Place {
    /// The place that the message of a failure names.
    pub(crate) fn in_words(message: &str) -> Option<Self> {
        let rest = BEFORE
            .iter()
            .find_map(|before| message.split_once(before))
            .map(|(_, rest)| rest)
            .or_else(|| message.contains(" does not speak PostgreSQL").then_some(message))?;
        let mut words = rest.split_whitespace();
        let word = words.next()?.trim_end_matches([':', ';', ',', '.']);
        // An address of IPv6 with a port is in brackets, and without one it is not.
        let (host, port) = match word.rsplit_once(':') {
            Some((host, port)) if host.starts_with('[') || !host.contains(':') => {
                (host, Some(port.parse().ok()?))
            }
            _ => (word, None),
        };
        let host = host.trim_matches(['[', ']']);
        let next = words.next().unwrap_or_default();
        let next = next.trim_matches(['(', ')', ':', ';', ',', '.']);
        let address = host.parse().or_else(|_| next.parse()).ok();
        (!host.is_empty()).then(|| Self {
            host: host.to_owned(),
            port,
            address,
        })
    }
}
