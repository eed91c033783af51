//! What to do about each cause: where to look, whether a retry can help, and the setting, the statement or the command.

use postgres_protocol::escape::{escape_identifier, escape_literal};
use rotation::{Advice, Fault, Kind, Prospect};

use super::postgres::PostgresFault;
use super::said::{Decider, Hint, POOLER, Said};

const ENCODED: &str = "let BASE64_MEMBERS of the function list `password` if the secret has it in Base64, and only then; nothing was changed";
const POLICY: &str = "let the policy of the function's environment (PASSWORD_LENGTH, EXCLUDE_…, REQUIRE_EACH_INCLUDED_TYPE) satisfy the server's";

impl Fault for PostgresFault {
    fn code(&self) -> &'static str {
        match self {
            Self::MayResume(fault) => fault.code(),
            _ => self.into(),
        }
    }

    fn advice(&self) -> Advice<'_> {
        match self {
            Self::SettingInvalid { name, expected, .. } => Advice::new(Kind::Configuration, format!("set {name} to {expected}, or remove it")),
            Self::CleartextNeedsTls => Advice::new(Kind::Configuration, "remove PASSWORD_SENT_AS, or let the secret ask for TLS (remove `ssl` and `sslmode`)"),
            Self::VerifyCaNeedsRoots => Advice::new(Kind::Configuration, "set PGSSLROOTCERT to the PEM of the authority that signs your server's certificate, or its path; or let the name be verified (verify-full, with `tls_server_name` if it is another one)"),
            Self::PendingNamesAnotherTarget(mismatch) => Advice::new(Kind::Secret, mismatch.remedy()),
            Self::OsGeneratorFailed(failed) => Advice::new(Kind::Internal, failed.remedy()),
            Self::HostMissing => Advice::new(Kind::Secret, "add `host` to the secret, or set PGHOST in the function's environment"),
            Self::LoginUnnamed { setting, tag, .. } => Advice::new(Kind::Configuration, format!("set {setting} in the function's environment; or tag the secret with {tag}, and list its login in TAGS_MAY_CHOOSE")),
            Self::TagNotAllowed { .. } => Advice::new(Kind::Configuration, "if people who may tag the secret may choose this login, list it in TAGS_MAY_CHOOSE of the function; otherwise find out who set the tags, and remove them"),
            Self::BarePasswordAlternates => Advice::new(Kind::Secret, "use rotate-postgres-single-user, or store JSON or a URL, which has the user name"),
            Self::PasswordEncoded { .. } => Advice::new(Kind::Secret, ENCODED),
            Self::PendingEncoded { .. } => Advice::new(Kind::Secret, ENCODED).with(Prospect::PoisonedPending),
            Self::RoleNameInvalid { .. } => Advice::new(Kind::Secret, "correct `username` in the secret: PostgreSQL's names have 1 to 63 bytes"),
            Self::TlsNameInvalid { .. } => Advice::new(Kind::Tls, "give the name that stands in the server's certificate as `tls_server_name` in the secret, or as TLS_SERVER_NAME"),
            Self::SuperuserSecretForAnotherServer { .. } => Advice::new(Kind::Secret, "let `masterarn` name the secret of a superuser role of this very server, with the same `host` and `port`"),
            Self::SuperuserIsTheUser { .. } => Advice::new(Kind::Secret, "let `masterarn` name the secret of another role, one that may alter this one, or remove it"),
            Self::HostUnknown { .. } => Advice::new(Kind::Network, "check `host` in the secret; if it is right, check that the function's VPC resolves it (DNS support, private hosted zones)"),
            Self::HostAddressRefused { .. } => Advice::new(Kind::Network, "correct `host` in the secret; if the database really is on the function's own machine, set ALLOW_LOCAL_HOSTS=true in the function's environment"),
            Self::ConnectionRefused { .. } => Advice::new(Kind::Network, "check `port` in the secret, and that the server runs and listens on that address (listen_addresses)"),
            Self::HostUnreachable { .. } => Advice::new(Kind::Network, "put the function into subnets with a route to the database (the same VPC, a peering or a transit gateway)"),
            Self::ServerSilent(_) => Advice::new(Kind::Network, "let the database's security group accept the function's security group on the database's port, and check network ACLs; if it accepts and is silent, check the server's load"),
            Self::MayResume(fault) => Advice::new(fault.advice().kind, resuming(fault)).with(Prospect::Resuming),
            Self::ConnectionLost { .. } => Advice::new(Kind::Network, "it is tried again by itself; if it stays, look into the server's log for a restart, a crash, or a proxy's idle limit").with(Prospect::Transient),
            Self::NotPostgres { .. } => Advice::new(Kind::Network, "check `host` and `port` in the secret: another service answers there"),
            Self::TlsNotOffered { .. } => Advice::new(Kind::Tls, "turn TLS on at the server (ssl = on; RDS: rds.force_ssl), or, knowing that passwords' proofs and data cross the network in the clear, write \"ssl\": false into the secret"),
            Self::CertificateUntrusted { .. } => Advice::new(Kind::Tls, "set PGSSLROOTCERT to the certificate authority that signed it (a path or the PEM itself); for a region that the built-in roots lack, to the region's RDS bundle"),
            Self::CertificateNameMismatch { .. } => Advice::new(Kind::Tls, "if `host` is an alias of the right server, set `tls_server_name` in the secret (or TLS_SERVER_NAME) to a name that the certificate has; otherwise correct `host`"),
            Self::CertificateNamesNoHost { .. } => Advice::new(Kind::Tls, "give the server a certificate with a subjectAltName; or write \"sslmode\": \"verify-ca\" into the secret and set PGSSLROOTCERT to the authority that signs it"),
            Self::CertificateUnusable { .. } => Advice::new(Kind::Tls, "give the server another certificate: X.509 version 3 with a subjectAltName, CA:FALSE, for servers (serverAuth), signed with SHA-256 by an RSA key of at least 2048 bits or an ECDSA key"),
            Self::CertificateExpired { .. } => Advice::new(Kind::Tls, "renew the server's certificate (RDS: rotate the instance's certificate authority)"),
            Self::TlsFailed { .. } => Advice::new(Kind::Tls, "let the server speak TLS 1.2 or 1.3 with ciphers of today, and ask for no client certificate (clientcert in pg_hba.conf)"),
            Self::TlsFromTheFirstByte { .. } => Advice::new(Kind::Tls, "let `host` and `port` lead to the server itself, or let what is in front of it answer PostgreSQL's request for TLS, as all clients with sslnegotiation=postgres ask"),
            Self::CleartextRefused { .. } => Advice::new(Kind::Tls, "let the server use scram-sha-256 in pg_hba.conf, or use TLS: remove \"ssl\": false from the secret"),
            Self::AuthenticationUnsupported { .. } => Advice::new(Kind::Login, "let pg_hba.conf match the function's connection with scram-sha-256, and keep scram_iterations at 100000 or below"),
            Self::ServerNotProven { .. } => Advice::new(Kind::Login, "find out who answers at this address: it accepted the login without knowing the password, as an impostor would"),
            Self::LoginProvesNothing { .. } => Advice::new(Kind::Login, "remove \"ssl\": false (or \"sslmode\": \"disable\") from the secret, or let pg_hba.conf ask for the password with scram-sha-256"),
            Self::PasswordNotAsked { .. } => Advice::new(Kind::Login, "let pg_hba.conf (or the pooler) ask for the password with scram-sha-256 on the function's connections; if everybody may log in there without one, set ALLOW_LOGIN_WITHOUT_PASSWORD=true in the function's environment"),
            Self::LoginRefused { role, decided, .. } => Advice::new(Kind::Login, elsewhere(*decided, role).unwrap_or_else(|| login(role))),
            Self::PoolerHasPasswords { .. } => Advice::new(Kind::Login, "let `host` name the server itself; or let the pooler ask the server (PgBouncer: auth_query in place of auth_file)"),
            Self::PendingRefused { role, said, .. } => Advice::new(Kind::Login, pending(role, said)),
            Self::DatabaseUnknown { .. } => Advice::new(Kind::Server, "correct `dbname` (or `database`) in the secret, or PGDATABASE; without any the database postgres is used"),
            Self::ConnectDenied { dbname, .. } if dbname == "postgres" => Advice::new(Kind::Privilege, "set `dbname` in the secret (or PGDATABASE in the function's environment) to a database that the role may connect to: without any, postgres is used"),
            Self::ConnectDenied { role, dbname, .. } => Advice::new(Kind::Privilege, format!("GRANT CONNECT ON DATABASE {} TO {}", escape_identifier(dbname), escape_identifier(role))),
            Self::ServerFull { .. } => Advice::new(Kind::Throttling, "close idle connections, or raise max_connections, or the role's limit (ALTER ROLE … CONNECTION LIMIT)").with(Prospect::Transient),
            Self::ServerStarting { .. } => Advice::new(Kind::Server, "it is tried again by itself; if it stays, look into the server's log").with(Prospect::Transient),
            Self::ServerError { said, doing: "logging in", .. } if said.state == POOLER => Advice::new(Kind::Server, "a pooler such as PgBouncer answers at this address, and cannot log in at the server or is at a limit: look into its log; or let `host` name the server itself"),
            Self::ServerError { .. } => Advice::new(Kind::Server, "look up the SQLSTATE, and look into the server's log at this moment"),
            Self::ReadOnlyStandby { .. } => Advice::new(Kind::Server, "let `host` name the primary (RDS and Aurora: the writer endpoint, not the reader's)"),
            Self::SessionOfAnotherRole { .. } => Advice::new(Kind::Login, "connect to the server itself, not through a pooler that logs in as somebody else, and check the user name map (pg_ident.conf)"),
            Self::ServerTooOld { .. } => Advice::new(Kind::Server, "rotate with PASSWORD_SENT_AS=cleartext over TLS, or upgrade to PostgreSQL 10 or later"),
            Self::RoleLocked { .. } => Advice::new(Kind::Server, "find the transaction (SELECT * FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.relation = 'pg_authid'::regclass) and end it"),
            Self::StandbyMissing { .. } => Advice::new(Kind::Server, "bring that standby back, or take it out of synchronous_standby_names and reload; until then the commits of all applications wait for it, too"),
            Self::StatementTimeout { .. } => Advice::new(Kind::Server, "look for what holds the server up (locks on pg_authid, a slow password policy, load), or raise the function's time limit"),
            Self::RoleBusy { .. } => Advice::new(Kind::Server, "it is tried again by itself; let only one rotation or tool change this role at a time").with(Prospect::Transient),
            Self::PrivilegeMissing { role, by, .. } => Advice::new(Kind::Privilege, privilege(role, by)),
            Self::PasswordRejected { .. } => Advice::new(Kind::Policy, POLICY).with(Prospect::PoisonedPending),
            Self::PasswordWouldBeRejected { .. } => Advice::new(Kind::Policy, POLICY),
            Self::PolicyNeedsCleartext { .. } => Advice::new(Kind::Policy, "set PASSWORD_SENT_AS=cleartext (the server, and its log at log_statement=ddl, then sees the password), or let the server's policy take hashed passwords (credcheck.encrypted_password_allowed = on)"),
            Self::TestSqlFailed { role, .. } => Advice::new(Kind::Privilege, format!("run the statement by hand as {}; if it is not what an application needs, correct TEST_SQL in the function's environment", escape_identifier(role))),
            Self::RoleUnknown { role, .. } => Advice::new(Kind::Login, format!("correct `username` in the secret, or CREATE ROLE {} LOGIN", escape_identifier(role))),
            Self::RoleExpired { role, .. } => Advice::new(Kind::Login, format!("find out who set the limit; if the role is still needed, ALTER ROLE {} VALID UNTIL 'infinity'", escape_identifier(role))),
            Self::RolePowerful { role, .. } => Advice::new(Kind::Privilege, powerful(role)),
            Self::RoleMayNotLogIn { role } => Advice::new(Kind::Login, format!("find out who locked the role; if nobody meant it, ALTER ROLE {} LOGIN", escape_identifier(role))),
        }
    }
}

fn resuming(fault: &PostgresFault) -> String {
    format!(
        "{}; an Aurora cluster that is paused takes up to half a minute to resume, for which the function needs a time limit of 60 s",
        fault.advice().remedy
    )
}

fn login(role: &str) -> String {
    format!(
        "as a superuser look at SELECT rolcanlogin, rolvaliduntil FROM pg_roles WHERE rolname = {}, and at pg_hba.conf; then set a password by hand (\\password) and write it into the secret, or name a superuser secret in `masterarn`; if another secret has the same user, let only one of them be rotated",
        escape_literal(role).trim_start()
    )
}

/// Where somebody else than the server decides.
fn elsewhere(decided: Hint, role: &str) -> Option<String> {
    let role = escape_identifier(role);
    match decided {
        Hint::DecidedBy(Decider::Pam) => Some(format!(
            "PAM decides about this login. On RDS that is IAM, for a member of rds_iam: such a role has no password to rotate, so end it (aws secretsmanager cancel-rotate-secret). If applications do log in with a password, REVOKE rds_iam FROM {role}"
        )),
        Hint::DecidedBy(who) => Some(format!(
            "{} decides about this login: rotate the password there, or let pg_hba.conf ask {role} with scram-sha-256",
            <&str>::from(who)
        )),
        Hint::DecidedByPooler => Some(
            "a pooler such as PgBouncer answers at this address, with a list of passwords of its own: let it ask the server (auth_query in place of auth_file), or write into its list the password that the server has (AWSPENDING's, if setSecret succeeded) and reload it; or let `host` name the server itself"
                .to_owned(),
        ),
        Hint::None | Hint::ConcurrentUpdate | Hint::WantsCleartext => None,
    }
}

fn pending(role: &str, said: &Said) -> String {
    if let Some(remedy) = elsewhere(said.hint(), role) {
        remedy
    } else if said.is_of_the_password() {
        "let setSecret run again (aws secretsmanager rotate-secret); if it stays, somebody else sets this role's password (such as another secret of the same user), or a proxy keeps its own list of passwords".to_owned()
    } else {
        format!(
            "the password is not the matter: let pg_hba.conf admit the function's subnets, and if the role has NOLOGIN, find out who locked it before you ALTER ROLE {} LOGIN",
            escape_identifier(role)
        )
    }
}

fn powerful(role: &str) -> String {
    format!(
        "if `username` is right, set the password of {} by hand (\\password) and write it into the secret, and remove `masterarn` (or ADMIN_IAM_USERNAME)",
        escape_identifier(role)
    )
}

fn privilege(role: &str, by: &str) -> String {
    let (quoted, admin) = (escape_identifier(role), escape_identifier(by));
    if role == by {
        format!(
            "roles may change their own password unless the server forbids it: on RDS with rds.restrict_password_commands, GRANT rds_password TO {quoted}"
        )
    } else {
        format!(
            "give the superuser role the right: GRANT {quoted} TO {admin} WITH ADMIN OPTION, and ALTER ROLE {admin} CREATEROLE; on RDS with rds.restrict_password_commands also GRANT rds_password TO {admin}"
        )
    }
}
