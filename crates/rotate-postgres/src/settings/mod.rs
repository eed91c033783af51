//! The settings of a function, read once from its environment: all that is the same for each of its secrets.
//!
//! What a secret says is completed by them in `server::endpoint`, not here.

mod copies;
pub(crate) mod iam_hosts;
pub(crate) mod logins;
pub(crate) mod roots;
pub(crate) mod superuser_secrets;
pub(crate) mod variables;

use std::collections::BTreeSet;
use std::time::Duration;

use rotation::password::{Policy, shown};
use rotation::secrets::{CopyRules, Declared, FIELDS, TlsMode};
use rotation::{Cause, CurrentMoves, Tags};

use self::iam_hosts::Hosts;
use self::logins::{TaggedLogins, Usual};
use self::roots::Roots;
use self::superuser_secrets::SuperuserSecrets;
use crate::fault::PostgresFault;

/// Lambda's own limit, in seconds.
const LONGEST_WAIT: u64 = 900;
const DEFAULT_WAIT: Duration = Duration::from_secs(10);

/// How the new password reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum SentAs {
    /// As a SCRAM-SHA-256 verifier: the server never sees the password.
    #[default]
    Verifier,
    /// As an MD5 hash, over TLS only, for clients that cannot do SCRAM. It is as good as the password.
    Md5,
    /// As it is, over TLS only, for servers whose password policy must see it.
    Cleartext,
}

impl SentAs {
    /// Whether what is sent is the password, or as good as the password.
    pub(crate) fn needs_tls(self) -> bool {
        self != Self::Verifier
    }
}

/// What to do about sessions that still use the role that is to be reset. They stay open whatever happens; but their clients
/// cannot log in again with the password that they know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum IdleSessions {
    /// Say how many there are, and go on.
    #[default]
    Report,
    /// Wait until they are gone, at most as long as this, then go on all the same.
    Wait(Duration),
    /// Wait at most as long as this, then refuse.
    Refuse(Duration),
}

/// What no secret can ask for, and the environment alone can allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Allowed {
    /// A server that lets anybody in without a password counts as a login.
    pub(crate) no_password: bool,
    /// The machine itself, link-local addresses and the like may be a database's.
    pub(crate) local_hosts: bool,
}

/// Everything that is the same for all secrets of a function: what [`VARIABLES`](variables::VARIABLES) say.
///
/// An empty value counts as none, as it does for libpq.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// What new passwords look like.
    pub(crate) policy: Policy,
    /// The user of a bare password.
    pub(crate) user: Option<String>,
    /// The logins that the tags of a bare password may choose.
    pub(crate) tagged: TaggedLogins,
    /// The members that are Base64.
    pub(crate) base64: BTreeSet<String>,
    /// The host, if the document has none.
    pub(crate) host: Option<String>,
    /// The port, if the document has none.
    pub(crate) port: Option<u16>,
    /// The database, if the document has none.
    pub(crate) dbname: Option<String>,
    /// TLS, if the document says nothing about it.
    pub(crate) tls: Option<TlsMode>,
    /// The name to check a certificate against, if the document has none.
    pub(crate) tls_server_name: Option<String>,
    /// Whom to trust.
    pub(crate) roots: Roots,
    /// What to do about copies of the credential in the same secret.
    pub(crate) copies: CopyRules,
    /// How the new password reaches the server.
    pub(crate) sent_as: SentAs,
    /// The operator's own test.
    pub(crate) test_sql: Option<String>,
    /// When a single user's AWSCURRENT moves.
    pub(crate) order: CurrentMoves,
    /// The role that alternating users act as, if the document names none.
    pub(crate) owner_role: Option<String>,
    /// What to do about sessions of the role that is to be reset.
    pub(crate) idle_sessions: IdleSessions,
    /// The superuser secrets that `masterarn` may name.
    pub(crate) superuser_secrets: SuperuserSecrets,
    /// The superuser secret where the secret names none; one of those.
    pub(crate) superuser_secret: Option<String>,
    /// The admin where neither names a superuser secret.
    pub(crate) iam_admin: Option<String>,
    /// Where its token may go.
    pub(crate) iam_hosts: Hosts,
    /// What is refused otherwise.
    pub(crate) allowed: Allowed,
}

impl Settings {
    /// Reads the environment, which `get` looks up by name, and the file that `PGSSLROOTCERT` may name.
    ///
    /// # Errors
    /// `ConfigurationInvalid` or `PasswordPolicyImpossible`: the first setting that cannot be used.
    pub(crate) fn from_env(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, Cause> {
        let set = |name: &str| get(name).filter(|value| !value.is_empty());
        let (host, port) = (set("PGHOST"), set("PGPORT").as_deref().map(port).transpose()?);
        let superuser_secrets = set(SuperuserSecrets::NAME)
            .as_deref()
            .map_or(Ok(SuperuserSecrets::default()), SuperuserSecrets::parse)?;
        Ok(Self {
            policy: Policy::from_env(get)?,
            copies: copies::rules(
                set("COPIES").as_deref(),
                set("COPY_MEMBERS").as_deref(),
                (host.clone(), port),
            )?,
            user: set("PGUSER"),
            tagged: set(TaggedLogins::NAME)
                .as_deref()
                .map_or(Ok(TaggedLogins::default()), TaggedLogins::parse)?,
            base64: base64(set("BASE64_MEMBERS").as_deref())?,
            host,
            port,
            dbname: set("PGDATABASE"),
            tls: set("PGSSLMODE").as_deref().map(tls).transpose()?,
            tls_server_name: set("TLS_SERVER_NAME"),
            roots: Roots::from_setting(set("PGSSLROOTCERT"))?,
            sent_as: set("PASSWORD_SENT_AS")
                .as_deref()
                .map_or(Ok(SentAs::default()), sent_as)?,
            test_sql: set("TEST_SQL"),
            order: set("AWSCURRENT_MOVES")
                .as_deref()
                .map_or(Ok(CurrentMoves::InSetSecret), order)?,
            owner_role: set("OWNER_ROLE"),
            idle_sessions: idle_sessions(
                set("IDLE_SESSIONS").as_deref(),
                set("IDLE_SESSIONS_WAIT").as_deref(),
            )?,
            superuser_secret: set("SUPERUSER_SECRET")
                .map(|arn| listed(arn, &superuser_secrets))
                .transpose()?,
            superuser_secrets,
            iam_admin: set("ADMIN_IAM_USERNAME"),
            iam_hosts: set(Hosts::NAME)
                .as_deref()
                .map_or(Ok(Hosts::default()), Hosts::parse)?,
            allowed: Allowed {
                no_password: flag("ALLOW_LOGIN_WITHOUT_PASSWORD", set)?,
                local_hosts: flag("ALLOW_LOCAL_HOSTS", set)?,
            },
        })
    }
}

impl Settings {
    /// How secrets are to be read, whatever their tags say.
    pub(crate) fn declared(&self) -> Declared {
        Declared {
            login: None,
            base64: self.base64.clone(),
        }
    }

    /// The same for a bare password, whose tags may say whose it is.
    ///
    /// # Errors
    /// `LoginUnnamed`, `TagNotAllowed`.
    pub(crate) fn declared_for_bare(&self, tags: &Tags) -> Result<Declared, PostgresFault> {
        Ok(Declared {
            login: logins::login(
                Usual {
                    user: self.user.as_ref(),
                    host: self.host.as_ref(),
                    port: self.port,
                    dbname: self.dbname.as_ref(),
                    tagged: &self.tagged,
                },
                tags,
            )?,
            ..self.declared()
        })
    }
}

fn base64(members: Option<&str>) -> Result<BTreeSet<String>, PostgresFault> {
    let members = members.unwrap_or_default().split(',').map(str::trim);
    let members: BTreeSet<_> = members
        .filter(|member| !member.is_empty())
        .map(str::to_owned)
        .collect();
    let is_known = |member: &&String| FIELDS.iter().any(|(names, ..)| names.contains(&member.as_str()));
    match members.iter().find(|member| !is_known(member)) {
        None => Ok(members),
        Some(other) => Err(PostgresFault::SettingInvalid {
            name: "BASE64_MEMBERS",
            problem: format!("has a member that is {}", shown(other)),
            expected: "members that Keywheel reads, such as username,password, with commas in between",
        }),
    }
}

/// The function's own choice is held to the same list as a secret's.
fn listed(arn: String, list: &SuperuserSecrets) -> Result<String, PostgresFault> {
    if list.allow(&arn) && !arn.contains(['*', '?']) {
        return Ok(arn);
    }
    Err(PostgresFault::SettingInvalid {
        name: "SUPERUSER_SECRET",
        problem: "is not listed in SUPERUSER_SECRETS".to_owned(),
        expected: "the whole ARN of a secret that SUPERUSER_SECRETS lists",
    })
}

fn flag(name: &'static str, set: impl Fn(&str) -> Option<String>) -> Result<bool, PostgresFault> {
    let Some(text) = set(name) else { return Ok(false) };
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "y" | "yes" => Ok(true),
        "false" | "0" | "n" | "no" => Ok(false),
        _ => Err(invalid(name, &text, "true or false")),
    }
}

fn port(text: &str) -> Result<u16, PostgresFault> {
    logins::port(text).ok_or_else(|| invalid("PGPORT", text, "a number from 1 to 65535"))
}

fn tls(text: &str) -> Result<TlsMode, PostgresFault> {
    TlsMode::from_sslmode(text).ok_or_else(|| invalid("PGSSLMODE", text, "verify-full, verify-ca or disable"))
}

fn sent_as(text: &str) -> Result<SentAs, PostgresFault> {
    match text {
        "verifier" => Ok(SentAs::Verifier),
        "md5" => Ok(SentAs::Md5),
        "cleartext" => Ok(SentAs::Cleartext),
        _ => Err(invalid("PASSWORD_SENT_AS", text, "verifier, md5 or cleartext")),
    }
}

fn order(text: &str) -> Result<CurrentMoves, PostgresFault> {
    let order = text.parse();
    order.map_err(|_| invalid("AWSCURRENT_MOVES", text, "setSecret or finishSecret"))
}

fn idle_sessions(what: Option<&str>, seconds: Option<&str>) -> Result<IdleSessions, PostgresFault> {
    let wait = seconds.map(|text| {
        let seconds = text.parse().ok().filter(|seconds| *seconds <= LONGEST_WAIT);
        let seconds = seconds.ok_or_else(|| invalid("IDLE_SESSIONS_WAIT", text, "seconds, 0 to 900"));
        seconds.map(Duration::from_secs)
    });
    let wait = wait.transpose()?;
    match what {
        None | Some("report") => Ok(IdleSessions::Report),
        Some("wait") => Ok(IdleSessions::Wait(wait.unwrap_or(DEFAULT_WAIT))),
        Some("refuse") => Ok(IdleSessions::Refuse(wait.unwrap_or_default())),
        Some(other) => Err(invalid("IDLE_SESSIONS", other, "report, wait or refuse")),
    }
}

fn invalid(name: &'static str, value: &str, expected: &'static str) -> PostgresFault {
    PostgresFault::SettingInvalid {
        name,
        problem: format!("is {}", shown(value)),
        expected,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, Cause> {
        Settings::from_env(&|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_variables_that_are_read_are_those_that_are_listed() {
        let asked = RefCell::new(BTreeSet::new());
        Settings::from_env(&|name| {
            asked.borrow_mut().insert(name.to_owned());
            None
        })
        .unwrap();
        let lists = rotation::VARIABLES[..1].iter().chain(variables::VARIABLES);
        let listed = lists.flat_map(|(_, rows)| *rows).map(|row| row.name.to_owned());
        // The SDK reads this one itself.
        let listed = listed.filter(|name| name != "AWS_ENDPOINT_URL_RDS");
        assert_eq!(asked.into_inner(), listed.collect());
    }

    #[test]
    fn an_empty_environment_means_verified_tls_and_a_verifier() {
        let settings = read(&[]).unwrap();
        assert_eq!(
            (settings.host, settings.port, settings.dbname, settings.tls),
            (None, None, None, None)
        );
        assert!(matches!(settings.roots, Roots::BuiltIn));
        assert_eq!(settings.sent_as, SentAs::Verifier);
        assert_eq!(settings.order, CurrentMoves::InSetSecret);
        assert_eq!(settings.allowed, Allowed::default());
    }

    #[test]
    fn every_variable_is_read() {
        let settings = read(&[
            ("PGHOST", "db"),
            ("PGPORT", "6432"),
            ("PGDATABASE", "app"),
            ("PGSSLMODE", "verify-ca"),
            ("PGSSLROOTCERT", "system"),
            ("TLS_SERVER_NAME", "db.internal"),
            ("PASSWORD_SENT_AS", "cleartext"),
            ("AWSCURRENT_MOVES", "finishSecret"),
            ("PASSWORD_LENGTH", "20"),
            ("ADMIN_IAM_USERNAME", "admin"),
            ("ADMIN_IAM_HOSTS", "db.example.com"),
            (
                "SUPERUSER_SECRETS",
                "arn:aws:secretsmanager:us-east-1:111111111111:secret:admin-AbCdEf",
            ),
            ("ALLOW_LOGIN_WITHOUT_PASSWORD", "Yes"),
        ])
        .unwrap();
        assert_eq!(settings.host.as_deref(), Some("db"));
        assert_eq!(settings.port, Some(6432));
        assert_eq!(settings.dbname.as_deref(), Some("app"));
        assert_eq!(settings.tls, Some(TlsMode::VerifyCa));
        assert!(matches!(settings.roots, Roots::Web));
        assert_eq!(settings.tls_server_name.as_deref(), Some("db.internal"));
        assert_eq!(settings.sent_as, SentAs::Cleartext);
        assert_eq!(settings.order, CurrentMoves::InFinishSecret);
        assert_eq!(settings.iam_admin.as_deref(), Some("admin"));
        assert!(settings.iam_hosts.allow("db.example.com"));
        let admin = "arn:aws:secretsmanager:us-east-1:111111111111:secret:admin-AbCdEf";
        let both = |arn| read(&[("SUPERUSER_SECRETS", admin), ("SUPERUSER_SECRET", arn)]);
        assert_eq!(both(admin).unwrap().superuser_secret.as_deref(), Some(admin));
        for other in [&admin.replace("admin", "other"), "admin", "*"] {
            assert_eq!(both(other).unwrap_err().code(), "ConfigurationInvalid", "{other}");
        }
        assert!(settings.superuser_secrets.allow(admin));
        assert!(settings.allowed.no_password && !settings.allowed.local_hosts);
    }

    #[test]
    fn an_empty_value_is_none() {
        let settings = read(&[
            ("PGHOST", ""),
            ("PGPORT", ""),
            ("PASSWORD_SENT_AS", ""),
            ("PGSSLROOTCERT", ""),
        ]);
        assert_eq!(settings.unwrap().host, None);
    }

    #[test]
    fn a_value_that_means_nothing_is_refused_by_name() {
        for (name, value) in [
            ("PGPORT", "0"),
            ("PGPORT", "+5432"),
            ("PGPORT", "65536"),
            ("PGPORT", "postgres"),
            ("PGSSLMODE", "on"),
            ("PGSSLROOTCERT", "/nowhere/ca.pem"),
            (
                "PGSSLROOTCERT",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            ),
            ("PASSWORD_SENT_AS", "plain"),
            ("AWSCURRENT_MOVES", "testSecret"),
            ("PASSWORD_LENGTH", "0"),
            ("ADMIN_IAM_HOSTS", "*"),
            ("SUPERUSER_SECRETS", "*"),
            ("EXCLUDE_NUMBERS", "maybe"),
            ("COPIES", "yes"),
            ("ALLOW_LOCAL_HOSTS", "on"),
        ] {
            let cause = read(&[(name, value)]).unwrap_err();
            assert_eq!(cause.code(), "ConfigurationInvalid", "{name}={value}");
            assert!(cause.to_string().contains(name), "{cause}");
        }
    }
}
