//! One login with a secret value, from wherever this runs: how a person finds out which value works.

use outbound::Budget;
use rotation::secrets::PostgresSecret;
use rotation::{Cause, Strategy, Tags};
use secrecy::SecretString;

use crate::alternating::alternate;
use crate::server::denial::Denial;
use crate::server::endpoint::Endpoint;
use crate::server::login::log_in;
use crate::server::tls::Tls;
use crate::settings::Settings;

/// What the server said to the credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// It let the role in.
    Accepted,
    /// It refused the credential: the SQLSTATE.
    Refused(String),
}

/// Whose password a rotation from the one value to the other changes. Any other two users are not of one rotation.
#[must_use]
pub fn strategy_of(current: &PostgresSecret, pending: &PostgresSecret) -> Option<Strategy> {
    let (current, pending) = (current.username(), pending.username());
    if current == pending {
        return Some(Strategy::SingleUser);
    }
    alternate(current, pending).then_some(Strategy::AlternatingUsers)
}

/// The variables of a function that say how a value is read, and how a login with it is made.
pub const LOGIN_VARIABLES: [&str; 9] = [
    "PGUSER",
    "PGHOST",
    "PGPORT",
    "PGDATABASE",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "TLS_SERVER_NAME",
    "BASE64_MEMBERS",
    "TAGS_MAY_CHOOSE",
];

/// Reads a value as the functions do: `BASE64_MEMBERS` decoded, and a bare password with the login that the variables and the secret's
/// tags name. `get` looks up the environment variables of the functions.
///
/// # Errors
/// The value or the variables.
pub fn read_value(
    text: &SecretString,
    tags: &Tags,
    get: &dyn Fn(&str) -> Option<String>,
) -> Result<PostgresSecret, Cause> {
    let settings = Settings::from_env(get)?;
    let declared = if PostgresSecret::may_be_bare(text) {
        settings.declared_for_bare(tags)?
    } else {
        settings.declared()
    };
    Ok(PostgresSecret::parse_declared(text, &declared)?)
}

/// Logs in once, with the TLS rules and the trust of the functions, and logs out again. `get` looks up the environment variables of the
/// functions.
///
/// # Errors
/// What says nothing about the credential: the network, TLS, the value, the variables.
pub async fn try_login(
    secret: &PostgresSecret,
    get: &dyn Fn(&str) -> Option<String>,
    budget: Budget,
) -> Result<Tried, Cause> {
    let settings = Settings::from_env(get)?;
    let endpoint = Endpoint::of(secret, &settings)?;
    let tls = Tls::new(settings.roots);
    match log_in(&tls, &endpoint, secret.username(), secret.password(), budget).await {
        Ok(session) => {
            session.close().await;
            Ok(Tried::Accepted)
        }
        Err(Denial::Refused(said)) => Ok(Tried::Refused(said.state)),
        Err(Denial::Failed(fault)) => Err(fault.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::VARIABLES;

    /// A variable that is new belongs to one of the two lists.
    #[test]
    fn every_variable_is_known_to_matter_for_a_login_or_not() {
        let others = [
            // The one who logs in from another machine says this.
            "ALLOW_LOCAL_HOSTS",
            "ALLOW_LOGIN_WITHOUT_PASSWORD",
            "AWS_ENDPOINT_URL_RDS",
            "AWSCURRENT_MOVES",
            "COPIES",
            "COPY_MEMBERS",
            "PASSWORD_SENT_AS",
            "TEST_SQL",
            "OWNER_ROLE",
            "IDLE_SESSIONS",
            "IDLE_SESSIONS_WAIT",
            "SUPERUSER_SECRETS",
            "SUPERUSER_SECRET",
            "ADMIN_IAM_USERNAME",
            "ADMIN_IAM_HOSTS",
        ];
        let known: BTreeSet<&str> = LOGIN_VARIABLES.into_iter().chain(others).collect();
        let rows = VARIABLES.iter().flat_map(|(_, rows)| *rows);
        assert_eq!(known, rows.map(|row| row.name).collect());
    }

    #[test]
    fn a_bare_password_is_of_the_login_that_the_tags_choose() {
        let tags = |user: &str| {
            let all = [("keywheel:username", user), ("keywheel:host", "db.test")];
            all.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
        };
        let get = |name: &str| (name == "TAGS_MAY_CHOOSE").then(|| "app@db.test".to_owned());
        let bare = SecretString::from("a-password");
        let read = read_value(&bare, &tags("app"), &get).expect("it is listed");
        assert_eq!(read.username(), "app");
        let other = read_value(&bare, &tags("admin"), &get).expect_err("it is not listed");
        assert_eq!(other.code(), "TagNotAllowed");
    }
}
