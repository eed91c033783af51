//! What the operator says of copies, and what the secret itself says of its credential.

use std::collections::BTreeSet;

use password::Password;
use secrecy::ExposeSecret;

/// What a rotation does about copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CopyMode {
    /// Changes what is certainly a copy, and reports what may be one.
    #[default]
    Change,
    /// Changes nothing, and reports all of it.
    Report,
    /// Does not look for copies.
    Ignore,
}

/// How copies of a credential are told.
#[derive(Clone, Debug, Default)]
pub struct CopyRules {
    /// What to do about them.
    pub mode: CopyMode,
    /// Members that are copies by the operator's word, also if they name another host: their paths, as `config.url`.
    pub members: BTreeSet<String>,
    /// The host, if the secret has none.
    pub host: Option<String>,
    /// The port, if the secret has none.
    pub port: Option<u16>,
}

/// The credential that copies are compared with.
pub(in super::super) struct Known<'a> {
    pub(in super::super) user: &'a str,
    pub(in super::super) password: &'a Password,
    pub(in super::super) host: Option<&'a str>,
    pub(in super::super) port: u16,
}

impl Known<'_> {
    pub(super) fn is_user(&self, text: &str) -> bool {
        self.user == text
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "it is compared with a piece of the same secret"
    )]
    pub(super) fn plain(&self) -> &str {
        self.password.expose_secret()
    }

    pub(super) fn is_password(&self, text: &str) -> bool {
        self.plain() == text
    }

    /// Whether `host` is the credential's own; none if nothing says which one that is.
    pub(super) fn is_host(&self, host: &str) -> Option<bool> {
        let comparable = |host: &str| {
            let host = host.trim_matches(['[', ']']);
            host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
        };
        self.host.map(|own| comparable(own) == comparable(host))
    }

    pub(super) fn is_port(&self, port: &str) -> bool {
        port.parse() == Ok(self.port)
    }
}
