//! A text that says how to connect, whatever its form.

use std::ops::Range;

use secrecy::zeroize::Zeroizing;

use super::rules::Known;
use super::{conninfo, pgpass, url};
use crate::percent;

/// How a value is written at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    Plain,
    Percent,
    Conninfo { quoted: bool },
    Pgpass,
}

impl Writing {
    /// The value as it is to be written; none if this form cannot hold it.
    pub(super) fn write(self, value: &str) -> Option<Zeroizing<String>> {
        match self {
            Self::Plain => Some(Zeroizing::new(value.to_owned())),
            Self::Percent => Some(percent::encode(value)),
            Self::Conninfo { quoted } => Some(conninfo::write(value, quoted)),
            Self::Pgpass => pgpass::write(value),
        }
    }
}

/// Where a user or a password stands in a text, and what it is.
pub(super) struct Place {
    pub(super) span: Range<usize>,
    pub(super) value: Zeroizing<String>,
    pub(super) writing: Writing,
}

/// What a text says of one connection. Each part may stand there more than once, or not at all.
#[derive(Default)]
pub(super) struct Connection {
    pub(super) users: Vec<Place>,
    pub(super) passwords: Vec<Place>,
    pub(super) hosts: Vec<String>,
    pub(super) ports: Vec<String>,
}

/// Where a connection goes, compared with the credential's own server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    Same,
    Other,
    NotKnown,
}

impl Connection {
    /// Whether all its hosts and ports are the credential's. A text without a host says nothing else.
    pub(super) fn server(&self, known: &Known<'_>) -> Server {
        let hosts: Vec<_> = self.hosts.iter().map(|host| known.is_host(host)).collect();
        let default = (!hosts.is_empty() && self.ports.is_empty()).then(|| "5432".to_owned());
        if hosts.contains(&Some(false)) || !self.ports.iter().chain(&default).all(|port| known.is_port(port))
        {
            Server::Other
        } else if hosts.contains(&None) {
            Server::NotKnown
        } else {
            Server::Same
        }
    }
}

/// Reads a text in each form that is known; one connection for each line of a `.pgpass` file. Empty if it is none of them.
pub(super) fn read(text: &str, known: &Known<'_>) -> Vec<Connection> {
    let one = url::read(text, known).or_else(|| conninfo::read(text));
    match one {
        Some(connection) => vec![connection],
        None => pgpass::read(text).unwrap_or_default(),
    }
}
