//! Whose password a bare text is: what the function's environment says, and what it lets the secret's tags say. Pure.
//!
//! Who may tag a secret need not be able to read or write it. So tags choose among the logins that `TAGS_MAY_CHOOSE` lists, and
//! nothing else.

use outbound::shortened_name;
use rotation::Tags;
use rotation::password::shown;
use rotation::secrets::Login;

use super::iam_hosts::Hosts;
use crate::fault::PostgresFault;

const NAME: &str = "TAGS_MAY_CHOOSE";
const EXPECTED: &str = "logins with commas in between, as app@db.example.com:5432/orders; a `*` may stand for the user, the port or the database, and for the beginning of a host";

const USERNAME: Part = Part::new("user", "PGUSER", "keywheel:username");
const HOST: Part = Part::new("host", "PGHOST", "keywheel:host");
const PORT: &str = "keywheel:port";
const DATABASE: &str = "keywheel:database";
/// PostgreSQL's, and where AWS's templates log in.
const DEFAULTS: (u16, &str) = (5432, "postgres");

/// A part of a login that has no default.
struct Part {
    what: &'static str,
    setting: &'static str,
    tag: &'static str,
}

impl Part {
    const fn new(what: &'static str, setting: &'static str, tag: &'static str) -> Self {
        Self { what, setting, tag }
    }

    fn value(&self, tags: &Tags, setting: Option<&String>) -> Result<String, PostgresFault> {
        let value = said(tags, self.tag).or(setting);
        value.cloned().ok_or(PostgresFault::LoginUnnamed {
            what: self.what,
            setting: self.setting,
            tag: self.tag,
        })
    }
}

/// The logins that tags may choose. None by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TaggedLogins(Vec<Entry>);

/// What the environment says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usual<'a> {
    pub(super) user: Option<&'a String>,
    pub(super) host: Option<&'a String>,
    pub(super) port: Option<u16>,
    pub(super) dbname: Option<&'a String>,
    pub(super) tagged: &'a TaggedLogins,
}

/// A login, with a wildcard where a tag decides alone.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    username: Choice<String>,
    host: Hosts,
    port: Choice<u16>,
    database: Choice<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice<T> {
    Any,
    One(T),
    /// What the environment says, or the default.
    Usual,
}

impl<T: PartialEq> Choice<T> {
    fn allows(&self, value: &T, usual: &T) -> bool {
        match self {
            Self::Any => true,
            Self::One(one) => one == value,
            Self::Usual => value == usual,
        }
    }
}

impl TaggedLogins {
    pub(super) const NAME: &str = NAME;

    /// Reads a list with commas in between.
    ///
    /// # Errors
    /// `ConfigurationInvalid`.
    pub(super) fn parse(text: &str) -> Result<Self, PostgresFault> {
        let entries = text.split(',').map(|entry| {
            Entry::parse(entry.trim()).ok_or_else(|| PostgresFault::SettingInvalid {
                name: NAME,
                problem: format!("has an entry that is {}", shown(entry.trim())),
                expected: EXPECTED,
            })
        });
        entries.collect::<Result<_, _>>().map(Self)
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        let (username, rest) = text.rsplit_once('@')?;
        let (server, database) = match rest.split_once('/') {
            Some((server, database)) => (server, Some(database)),
            None => (rest, None),
        };
        let (host, port) = match server.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (server, None),
        };
        // An IPv6 address would be cut in the middle.
        let host = Some(host).filter(|host| !host.contains(':'))?;
        Some(Self {
            username: text_of(Some(username))?,
            host: Hosts::parse(host).ok()?,
            port: match port {
                None => Choice::Usual,
                Some("*") => Choice::Any,
                Some(digits) => Choice::One(self::port(digits)?),
            },
            database: text_of(database)?,
        })
    }

    fn allows(&self, login: &Login, usual: Usual<'_>) -> bool {
        let port = |own: Option<u16>| own.unwrap_or(DEFAULTS.0);
        let database = |own: Option<&String>| own.cloned().unwrap_or_else(|| DEFAULTS.1.to_owned());
        self.username.allows(&login.username, &String::new())
            && self.host.allow(&login.host)
            && self.port.allows(&port(login.port), &port(usual.port))
            && self
                .database
                .allows(&database(login.dbname.as_ref()), &database(usual.dbname))
    }
}

/// A port in digits and nothing else.
pub(super) fn port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0)
}

/// A name, or a `*` for any; none if it is empty.
fn text_of(text: Option<&str>) -> Option<Choice<String>> {
    match text {
        None => Some(Choice::Usual),
        Some("*") => Some(Choice::Any),
        Some("") => None,
        Some(one) if one.contains('*') => None,
        Some(one) => Some(Choice::One(one.to_owned())),
    }
}

/// A tag that says something.
fn said<'t>(tags: &'t Tags, name: &str) -> Option<&'t String> {
    tags.get(name).filter(|value| !value.is_empty())
}

/// Whose password a bare text is; none if nothing says that bare texts are passwords.
///
/// # Errors
/// `LoginUnnamed` for a part that neither says, and `TagNotAllowed` for tags that choose what is not listed.
pub(super) fn login(usual: Usual<'_>, tags: &Tags) -> Result<Option<Login>, PostgresFault> {
    let names = [USERNAME.tag, HOST.tag, PORT, DATABASE];
    let used: Vec<&str> = names
        .into_iter()
        .filter(|name| said(tags, name).is_some())
        .collect();
    if usual.user.is_none() && usual.tagged.0.is_empty() && used.is_empty() {
        return Ok(None);
    }
    let refused = |login: String| PostgresFault::TagNotAllowed {
        tags: used.join(", "),
        login,
    };
    let chosen = match said(tags, PORT) {
        Some(digits) => Some(port(digits).ok_or_else(|| refused(format!("port {}", shown(digits))))?),
        None => usual.port,
    };
    let login = Login {
        username: USERNAME.value(tags, usual.user)?,
        host: HOST.value(tags, usual.host)?,
        port: chosen,
        dbname: said(tags, DATABASE).or(usual.dbname).cloned(),
    };
    let is_listed = usual.tagged.0.iter().any(|entry| entry.allows(&login, usual));
    if used.is_empty() || is_listed {
        return Ok(Some(login));
    }
    let (host, port) = (&login.host, login.port.unwrap_or(DEFAULTS.0));
    let database = login.dbname.as_deref().unwrap_or(DEFAULTS.1);
    Err(refused(format!(
        "{:?}",
        shortened_name(&format!("{}@{host}:{port}/{database}", login.username))
    )))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use rotation::Fault;

    use super::*;

    /// What the environment would say.
    struct Said(BTreeMap<&'static str, String>, TaggedLogins);

    impl Said {
        fn of(variables: &[(&'static str, &str)]) -> Self {
            let said: BTreeMap<_, _> = variables
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect();
            let tagged = said.get(NAME).map(|list| TaggedLogins::parse(list).unwrap());
            Self(said, tagged.unwrap_or_default())
        }

        fn usual(&self) -> Usual<'_> {
            Usual {
                user: self.0.get("PGUSER"),
                host: self.0.get("PGHOST"),
                port: self.0.get("PGPORT").and_then(|digits| port(digits)),
                dbname: self.0.get("PGDATABASE"),
                tagged: &self.1,
            }
        }
    }

    fn tags(list: &[(&str, &str)]) -> Tags {
        let own = |(name, value): &(&str, &str)| (format!("keywheel:{name}"), (*value).to_owned());
        list.iter().map(own).collect()
    }

    /// The login as `user@host:port/database`, or the code.
    fn chosen(variables: &[(&'static str, &str)], list: &[(&str, &str)]) -> String {
        match login(Said::of(variables).usual(), &tags(list)) {
            Ok(None) => "none".to_owned(),
            Ok(Some(login)) => format!(
                "{}@{}:{}/{}",
                login.username,
                login.host,
                login.port.map_or_else(String::new, |port| port.to_string()),
                login.dbname.unwrap_or_default()
            ),
            Err(fault) => fault.code().to_owned(),
        }
    }

    const HERE: [(&str, &str); 4] = [
        ("PGUSER", "app"),
        ("PGHOST", "db"),
        ("PGPORT", "6432"),
        ("PGDATABASE", "orders"),
    ];

    #[test]
    fn the_environment_alone_is_enough_and_nothing_is_guessed() {
        assert_eq!(chosen(&[], &[]), "none");
        assert_eq!(chosen(&HERE, &[]), "app@db:6432/orders");
        assert_eq!(chosen(&HERE[..2], &[]), "app@db:/");
        assert_eq!(chosen(&HERE[..1], &[]), "LoginUnnamed");
        assert_eq!(chosen(&HERE[1..], &[]), "none");
        let listed = [("PGHOST", "db"), (NAME, "app@db")];
        assert_eq!(chosen(&listed, &[]), "LoginUnnamed");
    }

    #[test]
    fn what_is_missing_is_named_with_its_setting_and_its_tag() {
        let fault = login(Said::of(&HERE[..1]).usual(), &tags(&[])).unwrap_err();
        let words = format!("{fault}; {}", fault.advice().remedy);
        assert!(
            words.contains("PGHOST") && words.contains("keywheel:host"),
            "{words}"
        );
    }

    #[test]
    fn tags_choose_what_is_listed_and_nothing_else() {
        let list = "app@db, report@*.eu.db.example.com:*/*, *@db2:5433/x";
        let variables = [("PGHOST", "db"), (NAME, list)];
        for (list, expected) in [
            (&[("username", "app")][..], "app@db:/"),
            (
                &[("username", "app"), ("port", "5432"), ("database", "postgres")],
                "app@db:5432/postgres",
            ),
            (
                &[
                    ("username", "report"),
                    ("host", "a.eu.db.example.com"),
                    ("port", "7"),
                    ("database", "y"),
                ],
                "report@a.eu.db.example.com:7/y",
            ),
            (
                &[
                    ("username", "any"),
                    ("host", "DB2"),
                    ("port", "5433"),
                    ("database", "x"),
                ],
                "any@DB2:5433/x",
            ),
            (&[("username", "other")], "TagNotAllowed"),
            (&[("username", "app"), ("port", "5433")], "TagNotAllowed"),
            (&[("username", "app"), ("port", "no")], "TagNotAllowed"),
            (&[("username", "app"), ("database", "orders")], "TagNotAllowed"),
            (&[("username", "report")], "TagNotAllowed"),
            (
                &[("username", "app"), ("host", "evil.example.com")],
                "TagNotAllowed",
            ),
            (&[("host", "db")], "LoginUnnamed"),
            (&[("username", "")], "LoginUnnamed"),
        ] {
            assert_eq!(chosen(&variables, list), expected, "{list:?}");
        }
        // A tag decides nothing where nothing is listed, not even what the function says itself.
        assert_eq!(chosen(&HERE, &[("username", "app")]), "TagNotAllowed");
        assert_eq!(
            chosen(&[], &[("username", "app"), ("host", "db")]),
            "TagNotAllowed"
        );
    }

    #[test]
    fn a_list_that_can_be_read_in_two_ways_is_refused() {
        for text in [
            "",
            "app",
            "@db",
            "app@",
            "app@*",
            "app@db,",
            "a*@db",
            "app@db:0",
            "app@db/",
            "app@::1",
            "app@a*b.c",
        ] {
            assert!(TaggedLogins::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        /// Whatever tags say, the login is the environment's own or one that is listed.
        #[test]
        fn no_tag_leads_elsewhere(
            username in "[a-c]{0,2}", host in "[a-c]{0,2}", port in "[0-9]{0,3}", database in "[a-c]{0,2}",
        ) {
            let said = Said::of(&[("PGUSER", "a"), ("PGHOST", "a"), (NAME, "b@b:5/b, a@c")]);
            let list = [("username", &*username), ("host", &host), ("port", &port), ("database", &database)];
            if let Ok(Some(login)) = login(said.usual(), &tags(&list)) {
                let login = (&*login.username, &*login.host, login.port.unwrap_or(5432), login.dbname.as_deref().unwrap_or("postgres"));
                let allowed = [("a", "a", 5432, "postgres"), ("b", "b", 5, "b"), ("a", "c", 5432, "postgres")];
                prop_assert!(allowed.contains(&login), "{:?}", login);
            }
        }
    }
}
