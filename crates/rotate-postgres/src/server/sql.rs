//! The statements, as text. Pure: a name or a password gets into one only through the driver's own quoting.

use std::time::Duration;

use postgres_protocol::escape::{escape_identifier, escape_literal};
use secrecy::{ExposeSecret, SecretString};

/// Who and where we are. In one simple query, since some poolers know no other; every function by its full
/// name, since a role's `search_path` may hold others of the same name.
pub(crate) const IDENTIFY: &str = "SELECT session_user, \
     pg_catalog.pg_is_in_recovery(), \
     pg_catalog.current_setting('server_version_num'), \
     pg_catalog.current_setting('scram_iterations', true), \
     pg_catalog.pg_backend_pid()";

/// Ends the transaction that [`begin`] began.
pub(crate) const COMMIT: &str = "COMMIT";

/// The first version that limits the time of each statement of a message. Before, `statement_timeout` was that of the whole message, as it
/// was set when the message came.
pub(crate) const FIRST_WITH_LIMITS_WITHIN_A_MESSAGE: u32 = 130_000;

/// The first version that has `createrole_self_grant`.
const FIRST_WITH_SELF_GRANT: u32 = 160_000;

/// The first version that has `transaction_timeout`.
const FIRST_WITH_TRANSACTION_TIMEOUT: u32 = 170_000;

/// Last in [`begin`], where `search_path` is known.
const RAISE_SYNCHRONOUS_COMMIT: &str = "SELECT set_config('synchronous_commit', 'on', true) \
     WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')";

/// A password in clear text is hashed as the server or the superuser's own settings say, and not as the owner of the database likes.
pub(crate) const HASH_AS_INTENDED: &str = "SELECT pg_catalog.set_config('password_encryption', 'scram-sha-256', true) \
     FROM pg_catalog.pg_settings AS s WHERE s.name OPERATOR(pg_catalog.=) 'password_encryption' \
     AND s.source OPERATOR(pg_catalog.=) 'database'";

/// Takes back what the transaction changed.
pub(crate) const ROLLBACK: &str = "ROLLBACK";

/// Puts a session back to the role that it means to act as, where `search_path` is known: what `ALTER ROLE … SET role` says for the
/// role that logged in, or that role itself. The owner of a database can say otherwise for everybody who logs in to it (`ALTER
/// DATABASE … SET role`), and the superuser would act as a role of the owner's choice. `role=` has five characters.
pub(crate) const ACT_AS_INTENDED: &str = "SELECT set_config('role', 'none', true) WHERE current_user::text IS DISTINCT FROM \
     (SELECT substr(c, 6) FROM pg_catalog.pg_db_role_setting AS s, unnest(s.setconfig) AS c \
     WHERE s.setrole = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user) \
     AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())) \
     AND c LIKE 'role=%' ORDER BY s.setdatabase DESC LIMIT 1)";

/// Begins a transaction that can change a role, whatever the role's or the database's own settings are:
/// `default_transaction_read_only` and `…_isolation` (the facts must not be older than the lock), `role`, `search_path`,
/// `standard_conforming_strings`, time limits, or none, and `synchronous_commit`: were it off,
/// a crash of the server could undo a password that was logged in with and promoted. It is only raised: `remote_apply` waits for
/// more than `on`. `transaction_timeout`, of PostgreSQL 17, would end a transaction that waits for Secrets Manager. Everything ends with the
/// transaction, so that a pooler's other clients inherit nothing. A session that hears no more of us is ended by the
/// server, later than any of our own limits. `createrole_self_grant`, of PostgreSQL 16, would make the superuser's role a member of
/// the clone that it makes, and leave it one.
///
/// `as_itself`: the role that logged in has its own rights, not those of the role that its settings make it act as. Otherwise it acts
/// as its own settings say, and never as those of the database do.
///
/// More statements may follow in the same message. The server reads all of it before it carries out the first, so what they mean must not
/// depend on `standard_conforming_strings`: the driver's quoting does not.
pub(crate) fn begin(
    statement_limit: Duration,
    lock_limit: Duration,
    idle_limit: Duration,
    as_itself: bool,
    version: u32,
) -> Vec<String> {
    let role = if as_itself {
        "SET LOCAL ROLE NONE"
    } else {
        ACT_AS_INTENDED
    };
    let mut statements = vec![
        "BEGIN READ WRITE, ISOLATION LEVEL READ COMMITTED".to_owned(),
        format!("SET LOCAL statement_timeout = {}", statement_limit.as_millis()),
        format!("SET LOCAL lock_timeout = {}", lock_limit.as_millis()),
        format!(
            "SET LOCAL idle_in_transaction_session_timeout = {}",
            idle_limit.as_millis()
        ),
        "SET LOCAL datestyle = 'ISO'".to_owned(),
        "SET LOCAL standard_conforming_strings = on".to_owned(),
    ];
    if version >= FIRST_WITH_TRANSACTION_TIMEOUT {
        statements.push("SET LOCAL transaction_timeout = 0".to_owned());
    }
    if version >= FIRST_WITH_SELF_GRANT {
        statements.push("SET LOCAL createrole_self_grant = ''".to_owned());
    }
    statements.push("SET LOCAL search_path = pg_catalog".to_owned());
    statements.extend([role, RAISE_SYNCHRONOUS_COMMIT].map(str::to_owned));
    statements
}

/// Sets a role's password to a verifier, or to the password itself. ALTER ROLE takes no parameters.
#[expect(clippy::disallowed_methods, reason = "the statement is for the wire")]
pub(crate) fn set_password(role: &str, password: &dyn ExposeSecret<str>) -> SecretString {
    let literal = escape_literal(password.expose_secret());
    format!(
        "ALTER ROLE {} PASSWORD {}",
        escape_identifier(role),
        literal.trim_start()
    )
    .into()
}

/// Roles with power over what is others', by what they can do. `p` is a row of `pg_roles`.
///
/// - Those with an attribute that leads to other roles, to all data, or past row policies.
/// - Every role that the server defines itself, in this version or in a later one: nobody else can make one whose name begins with
///   `pg_`. Each reads, writes, stops or maintains what is not its own; the settings and statements that `pg_monitor` reads can
///   hold passwords. `pg_database_owner` is none of them: its member is the owner of the session's database, an ordinary role.
/// - Those of RDS that change passwords, or have a superuser's rights.
/// - Owners of `postgres` or of a template: what they leave there runs in the sessions of others, and is in every new database.
///   Owners of other databases are ordinary: an application often owns its own.
const POWERFUL: &str = "p.rolsuper OR p.rolcreaterole OR p.rolreplication OR p.rolbypassrls \
     OR (left(p.rolname::text, 3) = 'pg_' AND p.rolname <> 'pg_database_owner') \
     OR p.rolname IN ('rds_superuser', 'rds_password', 'rds_replication') \
     OR EXISTS (SELECT FROM pg_catalog.pg_database AS d WHERE d.datdba = p.oid AND (d.datistemplate OR d.datname = 'postgres'))";

/// Whether a role exists, may log in, and until when; `rolvaliduntil` as text, and whether it is past; last, the
/// powerful role that it is or is a member of, if any.
pub(crate) fn describe_role(role: &str) -> String {
    format!(
        "SELECT r.rolcanlogin, r.rolvaliduntil, r.rolvaliduntil <= pg_catalog.now(), \
         (SELECT p.rolname FROM pg_catalog.pg_roles AS p \
         WHERE ({POWERFUL}) \
         AND pg_catalog.pg_has_role(r.oid, p.oid, 'MEMBER') ORDER BY p.oid <> r.oid, p.rolname LIMIT 1) \
         FROM pg_catalog.pg_roles AS r WHERE r.rolname = {}",
        escape_literal(role).trim_start()
    )
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test looks at what it put in")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(role: &str, password: &str, expected: &str) {
        let password = SecretString::from(password);
        assert_eq!(set_password(role, &password).expose_secret(), expected);
    }

    #[test]
    fn every_name_and_password_is_quoted() {
        check("app", "pw", r#"ALTER ROLE "app" PASSWORD 'pw'"#);
        check("App User", "pw", r#"ALTER ROLE "App User" PASSWORD 'pw'"#);
        check("a%b", "100%s", r#"ALTER ROLE "a%b" PASSWORD '100%s'"#);
        check("a%%b", "%%", r#"ALTER ROLE "a%%b" PASSWORD '%%'"#);
        check(r#"a"b"#, "it's", r#"ALTER ROLE "a""b" PASSWORD 'it''s'"#);
        check(
            r#"x" SUPERUSER; --"#,
            "pw",
            r#"ALTER ROLE "x"" SUPERUSER; --" PASSWORD 'pw'"#,
        );
        check(r"a\b", r"p\w", r#"ALTER ROLE "a\b" PASSWORD E'p\\w'"#);
        check("größe😀", "ß", r#"ALTER ROLE "größe😀" PASSWORD 'ß'"#);
        check("$1", "$1", r#"ALTER ROLE "$1" PASSWORD '$1'"#);
    }

    #[test]
    fn a_role_is_looked_up_by_a_literal() {
        assert!(describe_role("o'brien").ends_with("WHERE r.rolname = 'o''brien'"));
        assert!(describe_role(r"a\b").ends_with(r"WHERE r.rolname = E'a\\b'"));
    }

    #[test]
    fn time_limits_are_whole_milliseconds() {
        let begin = begun(Duration::from_micros(9_999_999), 150_004);
        assert!(
            begin.contains("statement_timeout = 9999; SET LOCAL lock_timeout = 5000;"),
            "{begin}"
        );
    }

    #[test]
    fn a_commit_is_flushed_before_it_is_answered() {
        let begin = begun(Duration::from_secs(10), 150_004);
        assert!(
            begin.contains("; SELECT set_config('synchronous_commit', 'on', true) WHERE"),
            "{begin}"
        );
        assert!(!begin.contains("remote_apply"), "what is stronger stays: {begin}");
    }

    #[test]
    fn the_limit_of_a_whole_transaction_is_lifted_where_there_is_one() {
        let limited = |version| begun(Duration::from_secs(10), version).contains("transaction_timeout = 0;");
        // The longer name of the limit of an idle one is in both.
        assert!(
            begun(Duration::from_secs(10), 169_999).contains("idle_in_transaction_session_timeout = 22000;")
        );
        assert!(!limited(160_009) && limited(170_000) && limited(180_004));
    }

    fn begun(statement_limit: Duration, version: u32) -> String {
        let (lock, idle) = (Duration::from_secs(5), Duration::from_secs(22));
        begin(statement_limit, lock, idle, true, version).join("; ")
    }

    /// What a server reads between the quotes of an identifier, and what follows them.
    fn read_identifier(text: &str) -> Option<(String, &str)> {
        let mut rest = text.strip_prefix('"')?;
        let mut name = String::new();
        loop {
            let (part, after) = rest.split_once('"')?;
            name.push_str(part);
            let Some(doubled) = after.strip_prefix('"') else {
                return Some((name, after));
            };
            name.push('"');
            rest = doubled;
        }
    }

    proptest! {
        #[test]
        fn a_server_reads_the_very_name_and_nothing_behind_it(role in "\\PC{1,63}", password in "[a-z]{1,9}") {
            let statement = set_password(&role, &SecretString::from(password.as_str()));
            let (name, rest) = read_identifier(statement.expose_secret().strip_prefix("ALTER ROLE ").unwrap()).unwrap();
            prop_assert_eq!(name, role);
            prop_assert_eq!(rest, format!(" PASSWORD '{password}'"));
        }
    }
}
