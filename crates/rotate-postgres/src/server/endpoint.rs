//! Where a document leads: server, database and TLS. Pure.

use rotation::secrets::{PostgresSecret, TlsMode};
use rustls::pki_types::ServerName;

use crate::fault::PostgresFault;
use crate::rds::RdsName;
use crate::settings::roots::Roots;
use crate::settings::{Allowed, Settings};
use outbound::{Destination, shortened_name as shortened};

/// PostgreSQL's port.
const DEFAULT_PORT: u16 = 5432;
/// Where AWS's templates log in without a `dbname`.
const DEFAULT_DATABASE: &str = "postgres";
/// Longest name of a role that PostgreSQL keeps (`NAMEDATALEN` less one); a longer one is cut, silently.
pub(crate) const LONGEST_NAME: usize = 63;

/// A database on a server, and how to get there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// A name or an address; IPv6 without brackets.
    pub(crate) host: String,
    /// 1 to 65535.
    pub(crate) port: u16,
    /// The database to log in to.
    pub(crate) dbname: String,
    /// How the connection is protected.
    pub(crate) tls: TlsMode,
    /// The name to look for in the server's certificate.
    pub(crate) server_name: String,
    /// What the environment allows there.
    pub(crate) allowed: Allowed,
}

impl Endpoint {
    /// What the document says, completed by the settings.
    ///
    /// # Errors
    /// `HostMissing`, `TlsNameInvalid`; `ConfigurationInvalid` for `verify-ca` without own roots.
    pub(crate) fn of(secret: &PostgresSecret, settings: &Settings) -> Result<Self, PostgresFault> {
        let host = secret
            .host()
            .or(settings.host.as_deref())
            .ok_or(PostgresFault::HostMissing)?;
        Self::at(secret, settings, host, secret.port().or(settings.port))
    }

    /// The same at a host that was found otherwise.
    ///
    /// # Errors
    /// `TlsNameInvalid`; `ConfigurationInvalid` for `verify-ca` without own roots.
    pub(crate) fn at(
        secret: &PostgresSecret,
        settings: &Settings,
        host: &str,
        port: Option<u16>,
    ) -> Result<Self, PostgresFault> {
        let server_name = secret
            .tls_server_name()
            .or(settings.tls_server_name.as_deref())
            .unwrap_or(host);
        let tls = secret.tls().or(settings.tls).unwrap_or(TlsMode::VerifyFull);
        if tls != TlsMode::Disable && ServerName::try_from(server_name).is_err() {
            return Err(PostgresFault::TlsNameInvalid {
                name: shortened(server_name),
            });
        }
        if tls == TlsMode::VerifyCa && !matches!(settings.roots, Roots::Own(_)) {
            return Err(PostgresFault::VerifyCaNeedsRoots);
        }
        Ok(Self {
            host: host.to_owned(),
            port: port.unwrap_or(DEFAULT_PORT),
            dbname: secret
                .dbname()
                .or(settings.dbname.as_deref())
                .unwrap_or(DEFAULT_DATABASE)
                .to_owned(),
            tls,
            server_name: server_name.to_owned(),
            allowed: settings.allowed,
        })
    }

    /// `host:port`, as errors name it.
    pub(crate) fn server(&self) -> String {
        self.destination().to_string()
    }

    /// Where it is.
    pub(crate) fn destination(&self) -> Destination<'_> {
        Destination {
            host: &self.host,
            port: self.port,
        }
    }

    /// Whether both are the same server, as far as names tell: those of a cluster's readers and of its writer are the same one.
    /// Names are compared without regard to case and to a final dot.
    pub(crate) fn same_server(&self, other: &Self) -> bool {
        let plain = |endpoint: &Self| {
            let host = endpoint.writer().host;
            (host.trim_end_matches('.').to_ascii_lowercase(), endpoint.port)
        };
        plain(self) == plain(other)
    }

    /// Whether a login there is as good a proof as one at `other`: the same server, known by the same signs.
    pub(crate) fn same_connection(&self, other: &Self) -> bool {
        self.same_server(other) && self.tls == other.tls && self.server_name == other.server_name
    }

    /// The name of RDS's that a connection is proven to lead to: the host, or, for an alias, the name that the certificate is
    /// checked against.
    pub(crate) fn rds_name(&self) -> Option<RdsName> {
        let proven = (self.tls == TlsMode::VerifyFull).then_some(self.server_name.as_str());
        RdsName::parse(&self.host).or_else(|| RdsName::parse(proven?))
    }

    /// Whether the server may be a paused Aurora cluster: silent, refusing or hanging up until it has resumed.
    pub(crate) fn may_be_paused(&self) -> bool {
        self.rds_name().is_some_and(|name| name.is_of_a_cluster())
    }

    /// The same at the cluster's writer, if the name is that of its readers: the one name tells the other.
    #[must_use]
    pub(crate) fn writer(&self) -> Self {
        let writer = self.rds_name().and_then(|name| name.writer());
        writer.map_or_else(|| self.clone(), |writer| self.moved_to(&writer, self.port))
    }

    /// The same in another database.
    #[must_use]
    pub(crate) fn in_database(&self, dbname: &str) -> Self {
        Self {
            dbname: dbname.to_owned(),
            ..self.clone()
        }
    }

    /// The same at another of the server's endpoints. A name that was given for the certificate stays.
    #[must_use]
    pub(crate) fn moved_to(&self, host: &str, port: u16) -> Self {
        let own_name = RdsName::parse(&self.server_name).is_some();
        Self {
            host: host.to_owned(),
            port,
            server_name: if own_name {
                host.to_owned()
            } else {
                self.server_name.clone()
            },
            ..self.clone()
        }
    }

    /// The same, protected at least as well as `other`.
    #[must_use]
    pub(crate) fn at_least_as_safe_as(self, other: &Self) -> Self {
        let tls = if strength(self.tls) < strength(other.tls) {
            other.tls
        } else {
            self.tls
        };
        Self { tls, ..self }
    }
}

const fn strength(tls: TlsMode) -> u8 {
    match tls {
        TlsMode::Disable => 0,
        TlsMode::VerifyCa => 1,
        TlsMode::VerifyFull => 2,
    }
}

/// Refuses a name that PostgreSQL would cut to another role's.
///
/// # Errors
/// `RoleNameInvalid`.
pub(crate) fn check_role_name(role: &str) -> Result<(), PostgresFault> {
    let problem = match role.len() {
        0 => "is empty",
        1..=LONGEST_NAME => return Ok(()),
        _ => "is longer than 63 bytes, the server would cut it",
    };
    Err(PostgresFault::RoleNameInvalid {
        role: shortened(role),
        problem,
    })
}

#[cfg(test)]
mod tests {
    use TlsMode::{Disable, VerifyCa, VerifyFull};
    use rotation::Fault;

    use super::*;

    const OWN_ROOTS: (&str, &str) = (
        "PGSSLROOTCERT",
        concat!(env!("CARGO_MANIFEST_DIR"), "/roots/rds.pem"),
    );

    fn settings(variables: &[(&str, &str)]) -> Settings {
        Settings::from_env(&|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
        .unwrap()
    }

    fn secret(fields: &str) -> PostgresSecret {
        let text = format!(r#"{{"username": "app", "password": "secret"{fields}}}"#);
        PostgresSecret::parse(&text.into()).unwrap()
    }

    /// `host:port/dbname tls server-name`, or the error's code.
    #[track_caller]
    fn check(fields: &str, variables: &[(&str, &str)], expected: &str) {
        let shown = match Endpoint::of(&secret(fields), &settings(variables)) {
            Ok(at) => format!("{}/{} {} {}", at.server(), at.dbname, at.tls, at.server_name),
            Err(fault) => fault.code().to_owned(),
        };
        assert_eq!(shown, expected, "{fields} {variables:?}");
    }

    #[test]
    fn a_document_that_says_all_needs_no_settings() {
        let fields = r#", "host": "db", "port": 6432, "dbname": "app", "sslmode": "verify-ca", "tls_server_name": "n""#;
        check(fields, &[OWN_ROOTS], "db:6432/app verify-ca n");
        let others = [
            OWN_ROOTS,
            ("PGHOST", "x"),
            ("PGPORT", "1"),
            ("PGDATABASE", "x"),
            ("PGSSLMODE", "disable"),
            ("TLS_SERVER_NAME", "x"),
        ];
        check(fields, &others, "db:6432/app verify-ca n");
    }

    #[test]
    fn an_authority_alone_is_trusted_only_if_it_is_an_own_one() {
        let fields = r#", "host": "db", "sslmode": "verify-ca""#;
        for public in [&[][..], &[("PGSSLROOTCERT", "system")]] {
            check(fields, public, "ConfigurationInvalid");
        }
        check(
            r#", "host": "db""#,
            &[("PGSSLMODE", "verify-ca")],
            "ConfigurationInvalid",
        );
        check(fields, &[OWN_ROOTS], "db:5432/postgres verify-ca db");
    }

    #[test]
    fn settings_complete_a_silent_document() {
        let all = [
            ("PGHOST", "db"),
            ("PGPORT", "6432"),
            ("PGDATABASE", "app"),
            ("PGSSLMODE", "disable"),
            ("TLS_SERVER_NAME", "n"),
        ];
        check("", &all, "db:6432/app disable n");
        check("", &[("PGHOST", "db")], "db:5432/postgres verify-full db");
    }

    #[test]
    fn without_any_host_there_is_an_error() {
        check("", &[], "HostMissing");
    }

    #[test]
    fn plain_text_needs_the_documents_word() {
        check(
            r#", "host": "db", "ssl": false"#,
            &[("PGSSLMODE", "verify-full")],
            "db:5432/postgres disable db",
        );
        check(
            r#", "host": "db", "ssl": true"#,
            &[("PGSSLMODE", "disable")],
            "db:5432/postgres verify-full db",
        );
        check(
            r#", "host": "db", "sslmode": "prefer""#,
            &[],
            "db:5432/postgres verify-full db",
        );
    }

    #[test]
    fn an_ipv6_address_is_shown_in_brackets() {
        check(r#", "host": "::1""#, &[], "[::1]:5432/postgres verify-full ::1");
    }

    #[test]
    fn a_name_that_no_certificate_can_have_is_refused_only_where_tls_is_used() {
        check(r#", "host": "d!b""#, &[], "TlsNameInvalid");
        check(
            r#", "host": "d!b", "ssl": false"#,
            &[],
            "d!b:5432/postgres disable d!b",
        );
        check(
            r#", "host": "d!b", "tls_server_name": "db""#,
            &[],
            "d!b:5432/postgres verify-full db",
        );
    }

    #[test]
    fn servers_are_the_same_by_name_and_port() {
        let at = |fields: &str| Endpoint::of(&secret(fields), &settings(&[])).unwrap();
        let db = at(r#", "host": "db.example.com""#);
        assert!(db.same_server(&at(
            r#", "host": "DB.example.com.", "port": "5432", "dbname": "other""#
        )));
        assert!(!db.same_server(&at(r#", "host": "db.example.com", "port": 5433"#)));
        assert!(!db.same_server(&at(r#", "host": "db.example.org""#)));
    }

    #[test]
    fn protection_is_raised_and_never_lowered() {
        let at = |tls| Endpoint {
            tls,
            ..Endpoint::of(&secret(r#", "host": "db""#), &settings(&[])).unwrap()
        };
        for (own, other, expected) in [
            (Disable, VerifyFull, VerifyFull),
            (VerifyCa, VerifyFull, VerifyFull),
            (VerifyFull, Disable, VerifyFull),
            (VerifyCa, Disable, VerifyCa),
            (Disable, Disable, Disable),
        ] {
            assert_eq!(at(own).at_least_as_safe_as(&at(other)).tls, expected);
        }
    }

    #[test]
    fn names_are_measured_in_bytes() {
        assert!(check_role_name(&"ü".repeat(31)).is_ok());
        assert!(check_role_name(&"x".repeat(63)).is_ok());
        assert!(check_role_name(&"ü".repeat(32)).is_err());
        assert!(check_role_name("").is_err());
    }

    const READERS: &str = "orders.cluster-ro-abc.us-east-1.rds.amazonaws.com";
    const WRITER: &str = "orders.cluster-abc.us-east-1.rds.amazonaws.com";

    fn endpoint(host: &str, server_name: &str) -> Endpoint {
        Endpoint {
            host: host.to_owned(),
            port: 5432,
            dbname: "app".to_owned(),
            tls: TlsMode::VerifyFull,
            server_name: server_name.to_owned(),
            allowed: Allowed {
                no_password: false,
                local_hosts: true,
            },
        }
    }

    #[test]
    fn readers_lead_to_the_writer_and_its_certificate() {
        assert_eq!(endpoint(READERS, READERS).writer(), endpoint(WRITER, WRITER));
        for host in [WRITER, "one.abc.us-east-1.rds.amazonaws.com", "db.example.com"] {
            assert_eq!(endpoint(host, host).writer(), endpoint(host, host));
        }
    }

    #[test]
    fn an_alias_is_what_its_certificate_is_checked_for_if_that_is_checked() {
        let alias = endpoint("db.example.com", READERS);
        assert_eq!(alias.writer(), endpoint(WRITER, WRITER));
        for tls in [TlsMode::Disable, TlsMode::VerifyCa] {
            let alias = Endpoint { tls, ..alias.clone() };
            assert_eq!(alias.writer(), alias);
        }
    }

    #[test]
    fn a_name_of_ones_own_for_the_certificate_stays() {
        let own = endpoint(READERS, "db.internal");
        assert_eq!(own.writer(), endpoint(WRITER, "db.internal"));
    }

    #[test]
    fn readers_and_writer_are_the_same_server() {
        let (readers, writer) = (endpoint(READERS, READERS), endpoint(WRITER, WRITER));
        assert!(readers.same_server(&writer) && writer.same_server(&readers));
        assert!(!readers.same_server(&Endpoint { port: 5433, ..writer }));
    }
}
