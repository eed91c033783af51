//! What to do about each cause: the setting, the statement, the command.

use std::borrow::Cow;

use postgres_protocol::escape::{escape_identifier, escape_literal};

use super::{PostgresFault as F, Said};

/// The remedy: lower case, no full stop.
pub(super) fn of(fault: &F) -> Cow<'_, str> {
    match fault {
        F::SettingInvalid { name, expected, .. } => format!("set {name} to {expected}, or remove it").into(),
        F::CleartextNeedsTls => {
            "remove PASSWORD_SENT_AS, or let the secret ask for TLS (remove `ssl` and `sslmode`)".into()
        }
        F::VerifyCaNeedsRoots => {
            "set PGSSLROOTCERT to the PEM of the authority that signs your server's certificate, or its path; or let the name be verified (verify-full, with `tls_server_name` if it is another one)".into()
        }
        F::Mismatch(mismatch) => mismatch.remedy().into(),
        F::NoRandomness(failed) => failed.remedy().into(),
        F::HostMissing => "add `host` to the secret, or set PGHOST in the function's environment".into(),
        F::RoleNameInvalid { .. } => "correct `username` in the secret: PostgreSQL's names have 1 to 63 bytes".into(),
        F::TlsNameInvalid { .. } => {
            "give the name that stands in the server's certificate as `tls_server_name` in the secret, or as TLS_SERVER_NAME".into()
        }
        F::AdminElsewhere { .. } => {
            "let `masterarn` name the secret of an admin of this very server, with the same `host` and `port`".into()
        }
        F::AdminIsTheUser { .. } => "let `masterarn` name the secret of another role, one that may alter this one, or remove it".into(),
        F::HostUnknown { .. } => {
            "check `host` in the secret; if it is right, check that the function's VPC resolves it (DNS support, private hosted zones)".into()
        }
        F::ConnectionRefused { .. } => {
            "check `port` in the secret, and that the server runs and listens on that address (listen_addresses)".into()
        }
        F::HostUnreachable { .. } => {
            "put the function into subnets with a route to the database (the same VPC, a peering or a transit gateway)".into()
        }
        F::ServerSilent(_) => {
            "let the database's security group accept the function's security group on the database's port, and check network ACLs; if it accepts and is silent, check the server's load".into()
        }
        F::MayResume(fault) => resuming(fault).into(),
        F::ConnectionLost { .. } => {
            "it is tried again by itself; if it stays, look into the server's log for a restart, a crash, or a proxy's idle limit".into()
        }
        F::NotPostgres { .. } => "check `host` and `port` in the secret: another service answers there".into(),
        F::TlsNotOffered { .. } => {
            "turn TLS on at the server (ssl = on; RDS: rds.force_ssl), or, knowing that passwords' proofs and data cross the network in the clear, write \"ssl\": false into the secret".into()
        }
        F::CertificateUntrusted { .. } => {
            "set PGSSLROOTCERT to the certificate authority that signed it (a path or the PEM itself); for a region that the built-in roots lack, to the region's RDS bundle".into()
        }
        F::CertificateNameMismatch { .. } => {
            "if `host` is an alias of the right server, set `tls_server_name` in the secret (or TLS_SERVER_NAME) to a name that the certificate has; otherwise correct `host`".into()
        }
        F::CertificateExpired { .. } => "renew the server's certificate (RDS: rotate the instance's certificate authority)".into(),
        F::TlsFailed { .. } => {
            "see the detail; the server must speak TLS 1.2 or 1.3 with an X.509 version 3 certificate that is not itself an authority".into()
        }
        F::CleartextRefused { .. } => {
            "let the server use scram-sha-256 in pg_hba.conf, or use TLS: remove \"ssl\": false from the secret".into()
        }
        F::AuthenticationUnsupported { .. } => {
            "let pg_hba.conf match the function's connection with scram-sha-256, and keep scram_iterations at 100000 or below".into()
        }
        F::ServerNotProven { .. } => {
            "find out who answers at this address: it accepted the login without knowing the password, as an impostor would".into()
        }
        F::LoginRefused { role, .. } => login(role).into(),
        F::PendingRefused { role, said, .. } => pending(role, said).into(),
        F::DatabaseUnknown { .. } => "correct `dbname` (or `database`) in the secret, or PGDATABASE; without any the database postgres is used".into(),
        F::ConnectDenied { role, dbname, .. } => {
            format!("GRANT CONNECT ON DATABASE {} TO {}", escape_identifier(dbname), escape_identifier(role)).into()
        }
        F::ServerFull { .. } => {
            "close idle connections, or raise max_connections, or the role's limit (ALTER ROLE … CONNECTION LIMIT)".into()
        }
        F::ServerStarting { .. } => "it is tried again by itself; if it stays, look into the server's log".into(),
        F::ServerError { .. } => "look up the SQLSTATE, and look into the server's log at this moment".into(),
        F::ReadOnlyStandby { .. } => "let `host` name the primary (RDS and Aurora: the writer endpoint, not the reader's)".into(),
        F::SessionOfAnotherRole { .. } => {
            "connect to the server itself, not through a pooler that logs in as somebody else, and check the user name map (pg_ident.conf)".into()
        }
        F::ServerTooOld { .. } => "rotate with PASSWORD_SENT_AS=cleartext over TLS, or upgrade to PostgreSQL 10 or later".into(),
        F::RoleLocked { .. } => {
            "find the transaction (SELECT * FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.relation = 'pg_authid'::regclass) and end it".into()
        }
        F::StatementTimeout { .. } => {
            "look for what holds the server up (locks on pg_authid, a slow password policy, load), or raise the function's time limit".into()
        }
        F::RoleBusy { .. } => "it is tried again by itself; let only one rotation or tool change this role at a time".into(),
        F::PrivilegeMissing { role, by, .. } => privilege(role, by).into(),
        F::PasswordRejected { .. } => {
            "let the policy of the function's environment (PASSWORD_LENGTH, EXCLUDE_…, REQUIRE_EACH_INCLUDED_TYPE) satisfy the server's".into()
        }
        F::PolicyNeedsCleartext { .. } => {
            "set PASSWORD_SENT_AS=cleartext (the server, and its log at log_statement=ddl, then sees the password), or let the server's policy take hashed passwords (credcheck.encrypted_password_allowed = on)".into()
        }
        F::TestSqlFailed { role, .. } => {
            format!("run the statement by hand as {}; if it is not what an application needs, correct TEST_SQL in the function's environment", escape_identifier(role)).into()
        }
        F::RoleUnknown { role, .. } => {
            format!("correct `username` in the secret, or CREATE ROLE {} LOGIN", escape_identifier(role)).into()
        }
        F::RoleExpired { role, .. } => format!("ALTER ROLE {} VALID UNTIL 'infinity'", escape_identifier(role)).into(),
        F::RolePowerful { role, .. } => powerful(role).into(),
        F::RoleMayNotLogIn { role } => format!("ALTER ROLE {} LOGIN", escape_identifier(role)).into(),
    }
}

fn resuming(fault: &F) -> String {
    format!(
        "{}; an Aurora cluster that is paused takes up to half a minute to resume, for which the function needs a time limit of 60 s",
        of(fault)
    )
}

fn login(role: &str) -> String {
    format!(
        "as an admin look at SELECT rolcanlogin, rolvaliduntil FROM pg_roles WHERE rolname = {}, and at pg_hba.conf; then set a password by hand (\\password) and write it into the secret, or name an admin secret in `masterarn`",
        escape_literal(role).trim_start()
    )
}

fn pending(role: &str, said: &Said) -> String {
    if said.is_of_the_password() {
        "let setSecret run again (aws secretsmanager rotate-secret); if it stays, somebody else sets this role's password, or a proxy keeps its own list of passwords".to_owned()
    } else {
        format!(
            "the password is not the matter: let pg_hba.conf admit the function's subnets, and if the role has NOLOGIN, ALTER ROLE {} LOGIN",
            escape_identifier(role)
        )
    }
}

fn powerful(role: &str) -> String {
    format!(
        "if `username` is right, set the password of {} by hand (\\password) and write it into the secret, and remove `masterarn`",
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
            "give the admin the right: GRANT {quoted} TO {admin} WITH ADMIN OPTION, and ALTER ROLE {admin} CREATEROLE; on RDS with rds.restrict_password_commands also GRANT rds_password TO {admin}"
        )
    }
}
