//! A text that says how to connect, whatever its form.

use std::ops::Range;

use secrecy::zeroize::Zeroizing;

use super::rules::Known;

/// How a value is written at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    Plain,
    Percent,
    Conninfo { quoted: bool },
    Pgpass,
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
