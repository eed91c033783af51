//! What a cluster is started with, as text.

use std::path::Path;

use super::Server;
use crate::certificates::ServerCertificate;

/// How a cluster differs from the shared one.
#[derive(Clone)]
pub struct Options {
    pub(super) server: Server,
    pub(super) certificate: Option<ServerCertificate>,
    pub(super) names: Vec<String>,
    pub(super) libraries: Vec<&'static str>,
    pub(super) settings: Vec<(String, String)>,
    pub(super) rules: String,
}

impl Options {
    /// The settings of the shared cluster.
    pub fn new(server: Server) -> Self {
        Self {
            server,
            certificate: None,
            names: Vec::new(),
            libraries: vec!["pg_stat_statements"],
            settings: Vec::new(),
            rules: String::new(),
        }
    }

    /// Refuses weak passwords, and clear-text ones that it cannot judge, by the `passwordcheck` module of contrib
    /// (not with the servers without TLS).
    #[must_use]
    pub fn with_password_check(mut self) -> Self {
        self.libraries.push("passwordcheck");
        self
    }

    /// Another certificate than the good one of the cluster's own authority.
    #[must_use]
    pub fn with_certificate(mut self, certificate: ServerCertificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// One more name in the good certificate.
    #[must_use]
    pub fn with_name(mut self, name: &str) -> Self {
        self.names.push(name.to_owned());
        self
    }

    /// A line of `pg_hba.conf`, before all others that are for logins over the network.
    #[must_use]
    pub fn with_rule(mut self, line: &str) -> Self {
        self.rules.push_str(line);
        self
    }

    /// A line of `postgresql.conf`; the last one of a name counts.
    #[must_use]
    pub fn with_setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// Roles whose members the server treats in a special way, by a line of `pg_hba.conf`: `GRANT kw_reject TO …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Refused whatever they send: SQLSTATE 28000.
    Reject,
    /// Refused over TLS.
    NoTls,
    /// Refused without TLS.
    TlsOnly,
    /// Asked for the password in clear text.
    ClearText,
    /// Asked for an MD5 hash, if the stored password is one.
    Md5,
    /// Let in with any password, or none.
    Trust,
    /// Asked for a client certificate.
    ClientCertificate,
}

impl Group {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Reject,
        Self::NoTls,
        Self::TlsOnly,
        Self::ClearText,
        Self::Md5,
        Self::Trust,
        Self::ClientCertificate,
    ];

    /// The role's name.
    pub fn role(self) -> &'static str {
        match self {
            Self::Reject => "kw_reject",
            Self::NoTls => "kw_no_tls",
            Self::TlsOnly => "kw_tls_only",
            Self::ClearText => "kw_clear_text",
            Self::Md5 => "kw_md5",
            Self::Trust => "kw_trust",
            Self::ClientCertificate => "kw_client_certificate",
        }
    }

    fn rule(self) -> (&'static str, &'static str) {
        match self {
            Self::Reject => ("host", "reject"),
            Self::NoTls => ("hostssl", "reject"),
            Self::TlsOnly => ("hostnossl", "reject"),
            Self::ClearText => ("host", "password"),
            Self::Md5 => ("host", "md5"),
            Self::Trust => ("host", "trust"),
            Self::ClientCertificate => ("hostssl", "cert"),
        }
    }
}

/// `pg_hba.conf`: SCRAM for everyone, but for the members of a [`Group`]; the harness comes in through its own socket.
pub(super) fn hba(tls: bool, rules: &str) -> String {
    let mut text = format!("local all all trust\nlocal replication all trust\n{rules}");
    for group in Group::ALL {
        let (connection, method) = group.rule();
        if tls || connection != "hostssl" {
            text.extend([connection, " all +", group.role(), " all ", method, "\n"]);
        }
    }
    text + "host all all all scram-sha-256\n"
}

/// `postgresql.conf`, for a server in `directory`.
pub(super) fn postgresql(
    directory: &Path,
    tls: bool,
    port: u16,
    addresses: &str,
    options: &Options,
) -> String {
    let directory = directory.display();
    let mut settings: Vec<(&str, String)> = vec![
        ("listen_addresses", addresses.to_owned()),
        ("port", port.to_string()),
        ("unix_socket_directories", format!("{directory}/socket")),
        ("hba_file", format!("{directory}/pg_hba.conf")),
        ("max_connections", "200".to_owned()),
        ("shared_buffers", "16MB".to_owned()),
        ("password_encryption", "scram-sha-256".to_owned()),
        ("shared_preload_libraries", options.libraries.join(",")),
        // Everything that could give a password away goes to the log, where a test can look for it.
        ("log_statement", "all".to_owned()),
        ("log_connections", "on".to_owned()),
        ("log_disconnections", "on".to_owned()),
        ("log_min_error_statement", "error".to_owned()),
        ("log_line_prefix", "%m [%p] %q<%u@%d> ".to_owned()),
        ("log_timezone", "UTC".to_owned()),
        // Nothing of it outlives the test.
        ("fsync", "off".to_owned()),
        ("full_page_writes", "off".to_owned()),
        ("max_wal_size", "128MB".to_owned()),
    ];
    if tls {
        settings.extend([
            ("ssl", "on".to_owned()),
            ("ssl_cert_file", format!("{directory}/server.crt")),
            ("ssl_key_file", format!("{directory}/server.key")),
            ("ssl_ca_file", format!("{directory}/ca.crt")),
        ]);
    }
    settings.extend(
        options
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone())),
    );
    let line = |(name, value): &(&str, String)| format!("{name} = '{}'", value.replace('\'', "''"));
    settings.iter().map(line).collect::<Vec<_>>().join("\n") + "\n"
}
