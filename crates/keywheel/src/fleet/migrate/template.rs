//! What a rotation function is, by its name and its configuration. Pure.

use rotation::VARIABLES;

use crate::aws::Deployed;
use crate::words::names::name_of;

/// One of AWS's templates, and what takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    /// What it is, in a few words.
    pub(super) what: &'static str,
    /// The function of Keywheel; none if no function rotates such secrets.
    pub(super) becomes: Option<&'static str>,
    /// What must be known or done first. The network comes on top.
    pub(super) needs: Vec<&'static str>,
    /// The names of its settings that mean the same to Keywheel.
    pub(super) settings: Vec<String>,
    /// The names of those that Keywheel does not read.
    pub(super) other_settings: Vec<String>,
    /// What is remarkable about how it runs.
    pub(super) runtime: String,
}

const SINGLE: &str = "rotate-postgres-single-user";
const ALTERNATING: &str = "rotate-postgres-alternating-users";
/// Databases of AWS's other templates, as their names have them.
const OTHERS: [&str; 8] = [
    "MySQL",
    "MariaDB",
    "Oracle",
    "SQLServer",
    "Db2",
    "MongoDB",
    "Redshift",
    "ElastiCache",
];
const TLS: &str = "without an `ssl` key the template falls back to plain text; Keywheel requires TLS, or \"ssl\": false in the secret value";
const SUPERUSER: &str = "the superuser secrets in `masterarn` must be listed in SUPERUSER_SECRETS";
const CLONE: &str = "PostgreSQL 14 and earlier: each clone needs a comment (docs/alternating-users.md)";

/// Which template it is, if it is one. A Python function of one's own may look the same: then say so.
pub(super) fn recognise(arn: &str, deployed: &Deployed) -> Option<Template> {
    let is_python = deployed.runtime.starts_with("python");
    if !is_python || deployed.handler != "lambda_function.lambda_handler" {
        return None;
    }
    let name = name_of(arn);
    let named = |part: &str| name.to_ascii_lowercase().contains(&part.to_ascii_lowercase());
    let (what, becomes, needs) = if OTHERS.into_iter().any(named) {
        ("AWS's template for another database", None, Vec::new())
    } else if named("MultiUser") {
        (
            "AWS's template for alternating users",
            Some(ALTERNATING),
            vec![TLS, SUPERUSER, CLONE],
        )
    } else if named("SingleUser") {
        ("AWS's template for a single user", Some(SINGLE), vec![TLS])
    } else {
        (
            "a Python function in the form of AWS's templates: read its code, it may be one of your own",
            Some(
                "rotate-postgres-single-user, or rotate-postgres-alternating-users if the secret values have `masterarn`",
            ),
            vec![TLS, SUPERUSER],
        )
    };
    let known = |name: &String| {
        VARIABLES
            .iter()
            .flat_map(|(_, rows)| *rows)
            .any(|row| row.name == name)
    };
    let (settings, other_settings) = deployed.variables.iter().cloned().partition(known);
    Some(Template {
        what,
        becomes,
        needs,
        settings,
        other_settings,
        runtime: deployed.runtime.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognised(name: &str, runtime: &str, handler: &str) -> Option<Template> {
        let deployed = Deployed {
            runtime: runtime.to_owned(),
            handler: handler.to_owned(),
            variables: vec!["EXCLUDE_CHARACTERS".to_owned(), "LAYER_VERSION".to_owned()],
        };
        recognise(
            &format!("arn:aws:lambda:us-east-1:111111111111:function:{name}"),
            &deployed,
        )
    }

    const HANDLER: &str = "lambda_function.lambda_handler";

    #[test]
    fn a_template_is_known_by_its_form_and_its_strategy_by_its_name() {
        let single = recognised(
            "SecretsManagerRDSPostgreSQLRotationSingleUser",
            "python3.9",
            HANDLER,
        )
        .unwrap();
        assert_eq!(single.becomes, Some(SINGLE));
        assert_eq!(single.settings, ["EXCLUDE_CHARACTERS"]);
        assert_eq!(single.other_settings, ["LAYER_VERSION"]);
        let multi = recognised("orders-multiuser-rotation", "python3.13", HANDLER).unwrap();
        assert_eq!(multi.becomes, Some(ALTERNATING));
        assert!(multi.needs.contains(&CLONE) && multi.needs.contains(&SUPERUSER));
        let mysql = recognised("SecretsManagerRDSMySQLRotationSingleUser", "python3.9", HANDLER).unwrap();
        assert_eq!(mysql.becomes, None);
        let nameless = recognised("rotate", "python3.9", HANDLER).unwrap();
        assert!(nameless.what.contains("your own"), "{}", nameless.what);
    }

    #[test]
    fn other_functions_are_none() {
        assert_eq!(
            recognised("keywheel-rotate", "provided.al2023", "bootstrap"),
            None
        );
        assert_eq!(recognised("SingleUser", "python3.9", "app.handler"), None);
        assert_eq!(recognised("SingleUser", "nodejs22.x", HANDLER), None);
    }
}
