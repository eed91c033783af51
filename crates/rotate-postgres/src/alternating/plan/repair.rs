//! One statement that brings a role in line, as text and in words. Pure.

use std::fmt;

use postgres_protocol::escape::{escape_identifier, escape_literal};

/// Settings whose value is a list of names (`GUC_LIST_QUOTE` in PostgreSQL's source; `pg_dump` has the same list). One
/// literal would make one name of the whole list.
const LISTS: [&str; 7] = [
    "local_preload_libraries",
    "oauth_validator_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
];

/// A difference, and how to end it. `Display` completes "to …", and shows no setting's value: one may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Repair {
    Create {
        role: String,
    },
    /// `what` is a clause of ALTER ROLE: an attribute that differs, and no other.
    Alter {
        role: String,
        what: String,
    },
    Grant(Grant),
    Revoke {
        role: String,
        from: String,
    },
    Set {
        role: String,
        database: Option<String>,
        name: String,
        value: String,
    },
    Reset {
        role: String,
        database: Option<String>,
        name: String,
    },
    /// `COMMENT ON ROLE`.
    Mark {
        role: String,
        comment: String,
    },
}

/// `GRANT role TO …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) role: String,
    pub(crate) to: String,
    pub(crate) admin: bool,
    /// INHERIT and SET, on servers that have these options.
    pub(crate) options: Option<(bool, bool)>,
}

impl Repair {
    /// The statement, or several.
    pub(crate) fn sql(&self) -> String {
        let id = |name: &str| escape_identifier(name);
        match self {
            Self::Create { role } => format!("CREATE ROLE {} LOGIN", id(role)),
            Self::Alter { role, what } => format!("ALTER ROLE {} {what}", id(role)),
            Self::Grant(grant) => grant.sql(),
            Self::Revoke { role, from } => format!("REVOKE {} FROM {}", id(role), id(from)),
            Self::Set {
                role,
                database,
                name,
                value,
            } => {
                let scope = scope(database.as_deref());
                format!(
                    "ALTER ROLE {}{scope} SET {} TO {}",
                    id(role),
                    id(name),
                    literals(name, value)
                )
            }
            Self::Reset { role, database, name } => {
                format!(
                    "ALTER ROLE {}{} RESET {}",
                    id(role),
                    scope(database.as_deref()),
                    id(name)
                )
            }
            Self::Mark { role, comment } => {
                let comment = escape_literal(comment);
                format!("COMMENT ON ROLE {} IS {}", id(role), comment.trim_start())
            }
        }
    }

    /// Whether it sets or resets this setting.
    pub(crate) fn is_of_setting(&self, setting: &str) -> bool {
        matches!(self, Self::Set { name, .. } | Self::Reset { name, .. } if name == setting)
    }

    /// What a person would do who may.
    pub(crate) fn remedy(&self) -> String {
        match self {
            Self::Set { role, name, .. } => format!(
                "let the superuser role set it (GRANT SET ON PARAMETER {} TO …), or do as a superuser: ALTER ROLE {} SET {} TO …",
                escape_identifier(name),
                escape_identifier(role),
                escape_identifier(name)
            ),
            Self::Alter { what, .. } if what.ends_with("REPLICATION") => {
                format!(
                    "as a superuser, or as a role that has REPLICATION itself: {}",
                    self.sql()
                )
            }
            other => format!("as a superuser, or as a role that may alter it: {}", other.sql()),
        }
    }
}

impl Grant {
    fn sql(&self) -> String {
        let (role, to) = (escape_identifier(&self.role), escape_identifier(&self.to));
        let word = |on: bool| if on { "TRUE" } else { "FALSE" };
        match (self.options, self.admin) {
            (Some((inherit, set)), admin) => format!(
                "GRANT {role} TO {to} WITH ADMIN {}, INHERIT {}, SET {}",
                word(admin),
                word(inherit),
                word(set)
            ),
            (None, true) => format!("GRANT {role} TO {to} WITH ADMIN OPTION"),
            (None, false) => format!("GRANT {role} TO {to}"),
        }
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { role } => write!(f, "create role {role:?}"),
            Self::Alter { role, what } => write!(f, "give role {role:?} {what}"),
            Self::Grant(Grant { role, to, .. }) => write!(f, "grant {role:?} to {to:?}"),
            Self::Revoke { role, from } => write!(f, "revoke {role:?} from {from:?}"),
            Self::Set { role, name, .. } => write!(f, "set {name} for role {role:?}"),
            Self::Reset { role, name, .. } => write!(f, "reset {name} for role {role:?}"),
            Self::Mark { role, .. } => write!(f, "mark role {role:?} as the clone that it is"),
        }
    }
}

fn scope(database: Option<&str>) -> String {
    database.map_or_else(String::new, |name| {
        format!(" IN DATABASE {}", escape_identifier(name))
    })
}

fn literals(name: &str, value: &str) -> String {
    let literal = |text: &str| escape_literal(text).trim_start().to_owned();
    let list = LISTS
        .contains(&name.to_ascii_lowercase().as_str())
        .then(|| elements(value))
        .flatten();
    match list {
        Some(elements) if !elements.is_empty() => {
            let literals: Vec<_> = elements.iter().map(|element| literal(element)).collect();
            literals.join(", ")
        }
        _ => literal(value),
    }
}

/// The elements of a list as the server stores it: `"$user", public`. None if it is no such list.
fn elements(list: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = list.trim();
    while !rest.is_empty() {
        let (element, behind) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted_element(quoted)?
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            (rest[..end].trim_end().to_owned(), &rest[end..])
        };
        found.push(element);
        rest = behind.trim_start();
        if rest.is_empty() {
            break;
        }
        rest = rest.strip_prefix(',')?.trim_start();
        if rest.is_empty() {
            return None;
        }
    }
    Some(found)
}

/// What stands between double quotes, and what comes behind them.
fn quoted_element(text: &str) -> Option<(String, &str)> {
    let mut element = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"')?;
        element.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(behind) => {
                element.push('"');
                rest = behind;
            }
            None => return Some((element, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, value: &str) -> String {
        let repair = Repair::Set {
            role: "a\"b".to_owned(),
            database: None,
            name: name.to_owned(),
            value: value.to_owned(),
        };
        repair.sql()
    }

    #[test]
    fn a_list_stays_a_list() {
        assert_eq!(
            set("search_path", r#""$user", public, "a,""b""#),
            r#"ALTER ROLE "a""b" SET "search_path" TO '$user', 'public', 'a,"b'"#
        );
        assert_eq!(
            set("search_path", r#""""#),
            r#"ALTER ROLE "a""b" SET "search_path" TO ''"#
        );
        assert_eq!(
            set("search_path", ""),
            r#"ALTER ROLE "a""b" SET "search_path" TO ''"#
        );
    }

    #[test]
    fn any_other_value_is_one_literal() {
        assert_eq!(
            set("app.who", "it's, \"so\""),
            r#"ALTER ROLE "a""b" SET "app.who" TO 'it''s, "so"'"#
        );
        assert_eq!(
            set("search_path", "a, "),
            r#"ALTER ROLE "a""b" SET "search_path" TO 'a, '"#
        );
    }

    #[test]
    fn a_settings_value_is_never_shown() {
        let repair = Repair::Set {
            role: "app".to_owned(),
            database: None,
            name: "app.key".to_owned(),
            value: "canary".to_owned(),
        };
        assert!(!format!("{repair} {}", repair.remedy()).contains("canary"));
    }

    #[test]
    fn a_grant_names_its_options_where_the_server_has_them() {
        let mut grant = Grant {
            role: "app".to_owned(),
            to: "app_clone".to_owned(),
            admin: false,
            options: None,
        };
        assert_eq!(grant.sql(), r#"GRANT "app" TO "app_clone""#);
        grant.options = Some((true, false));
        assert_eq!(
            grant.sql(),
            r#"GRANT "app" TO "app_clone" WITH ADMIN FALSE, INHERIT TRUE, SET FALSE"#
        );
    }
}
