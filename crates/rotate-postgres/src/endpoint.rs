//! Where a document leads: server, database and TLS. Pure.

use rotation::secrets::{PostgresSecret, TlsMode};
use rustls::pki_types::ServerName;

use crate::fault::PostgresFault;
use crate::roots::Roots;
use crate::settings::Settings;
use outbound::{Destination, shortened_name as shortened};

/// PostgreSQL's port.
const DEFAULT_PORT: u16 = 5432;
/// Where AWS's templates log in without a `dbname`.
const DEFAULT_DATABASE: &str = "postgres";
/// Longest name of a role that PostgreSQL keeps (`NAMEDATALEN` less one); a longer one is cut, silently.
const LONGEST_NAME: usize = 63;

/// A database on a server, and how to get there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// A name or an address; IPv6 without brackets.
    pub host: String,
    /// 1 to 65535.
    pub port: u16,
    /// The database to log in to.
    pub dbname: String,
    /// How the connection is protected.
    pub tls: TlsMode,
    /// The name to look for in the server's certificate.
    pub server_name: String,
}

impl Endpoint {
    /// What the document says, completed by the settings.
    ///
    /// # Errors
    /// `HostMissing`, `TlsNameInvalid`; `ConfigurationInvalid` for `verify-ca` without own roots.
    pub fn of(secret: &PostgresSecret, settings: &Settings) -> Result<Self, PostgresFault> {
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
    pub fn at(
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
        })
    }

    /// `host:port`, as errors name it.
    pub fn server(&self) -> String {
        self.destination().to_string()
    }

    /// Where it is.
    pub fn destination(&self) -> Destination<'_> {
        Destination {
            host: &self.host,
            port: self.port,
        }
    }

    /// Whether both are the same server; names are compared without regard to case and to a final dot.
    pub fn same_server(&self, other: &Self) -> bool {
        let plain = |host: &str| host.trim_end_matches('.').to_ascii_lowercase();
        plain(&self.host) == plain(&other.host) && self.port == other.port
    }

    /// The same, protected at least as well as `other`.
    #[must_use]
    pub fn at_least_as_safe_as(self, other: &Self) -> Self {
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
pub fn check_role_name(role: &str) -> Result<(), PostgresFault> {
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
}
