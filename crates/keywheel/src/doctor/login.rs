//! `--login`: logs in from here with the values of a secret. A run has one refused login at most, because some servers lock a role.

use std::time::Duration;

use outbound::Budget;
use rotate_postgres::{Tried, read_value, try_login};
use secrets::PostgresSecret;
use staging_labels::VersionId;

use crate::aws::{self, Session};
use crate::diagnosis::{Answer, LoginAnswer, Logins, Secret, Story, Unasked};

const PATIENCE: Duration = Duration::from_secs(10);

/// Which value to try first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Which {
    /// The one that the log makes likelier.
    #[default]
    Auto,
    /// AWSCURRENT's.
    #[value(name = "AWSCURRENT")]
    Current,
    /// AWSPENDING's, or that of the version that lost it.
    #[value(name = "AWSPENDING")]
    Pending,
}

/// Tries AWSCURRENT's value and that of `other`.
pub(super) async fn ask(
    session: &Session,
    secret: &Secret,
    other: Option<&VersionId>,
    story: Option<&Story>,
    which: Which,
) -> Logins {
    let current = read(session, secret, secret.current()).await;
    let Some(other) = other else {
        return Logins {
            current: try_value(current.as_ref()).await,
            ..Logins::none(&Unasked::NotNeeded)
        };
    };
    let pending = read(session, secret, Some(other)).await;
    let first_pending = match which {
        Which::Pending => true,
        Which::Current => false,
        Which::Auto => story.is_some_and(Story::has_set),
    };
    let mut logins = Logins::none(&Unasked::OneRefused);
    if let (Ok(current), Ok(pending)) = (&current, &pending) {
        logins.same_place = Some(pending.same_place_as(current).is_ok());
    }
    let (first, second) = if first_pending {
        (&pending, &current)
    } else {
        (&current, &pending)
    };
    let answer = try_value(first.as_ref()).await;
    let next = match (&answer, first, second) {
        // The same role with another password: it has one, and that is the first.
        (Answer::Said(LoginAnswer::Accepted), Ok(first), Ok(second))
            if first.username() == second.username() =>
        {
            let same = first.password() == second.password();
            Answer::Said(if same {
                LoginAnswer::Accepted
            } else {
                LoginAnswer::Outdated
            })
        }
        (Answer::Said(LoginAnswer::Refused(_)), ..) => Answer::NotAsked(Unasked::OneRefused),
        (_, _, second) => try_value(second.as_ref()).await,
    };
    (logins.current, logins.pending) = if first_pending {
        (next, answer)
    } else {
        (answer, next)
    };
    logins
}

/// One login with the value of a version.
pub(super) async fn once(
    session: &Session,
    secret: &Secret,
    version: Option<&VersionId>,
) -> Answer<LoginAnswer> {
    let value = read(session, secret, version).await;
    try_value(value.as_ref()).await
}

/// Why nobody logged in.
pub(super) fn why(unasked: &Unasked) -> String {
    match unasked {
        Unasked::NotNeeded => "it has no value".to_owned(),
        Unasked::Flag(flag) => format!("{flag} was not given"),
        Unasked::OneRefused => "a run has one refused login at most, and this one has had it".to_owned(),
        Unasked::Needs(permission) => format!("needs {permission}"),
        Unasked::Failed(problem) => problem.clone(),
    }
}

async fn read(
    session: &Session,
    secret: &Secret,
    version: Option<&VersionId>,
) -> Result<PostgresSecret, Unasked> {
    let Some(version) = version else {
        return Err(Unasked::NotNeeded);
    };
    let text = match aws::value(session, &secret.arn, version).await {
        Ok(Some(text)) => text,
        Ok(None) => return Err(Unasked::Failed("the value is binary".to_owned())),
        Err(rotation::CallError::Denied(_)) => {
            return Err(Unasked::Needs("secretsmanager:GetSecretValue"));
        }
        Err(error) => {
            let trouble = crate::exit::Trouble::of_call("GetSecretValue", &error, "");
            return Err(Unasked::Failed(trouble.problem));
        }
    };
    // The error names a field, and never quotes the value.
    read_value(&text, &variable)
        .map_err(|cause| Unasked::Failed(format!("the value is no PostgreSQL login: {}", cause.problem())))
}

async fn try_value(value: Result<&PostgresSecret, &Unasked>) -> Answer<LoginAnswer> {
    let value = match value {
        Ok(value) => value,
        Err(why) => return Answer::NotAsked(why.clone()),
    };
    match try_login(value, &variable, Budget::lasting(PATIENCE)).await {
        Ok(Tried::Accepted) => Answer::Said(LoginAnswer::Accepted),
        Ok(Tried::Refused(state)) => Answer::Said(LoginAnswer::Refused(state)),
        Err(cause) => Answer::NotAsked(Unasked::Failed(format!(
            "{} from here: {}",
            cause.code(),
            cause.problem()
        ))),
    }
}

/// Of the functions' variables only the trusted certificates and the members in Base64 are the person's own: PGHOST and its like are for another database here.
/// A tunnel ends at this machine, which the functions refuse.
fn variable(name: &str) -> Option<String> {
    match name {
        "PGSSLROOTCERT" | "BASE64_MEMBERS" => std::env::var(name).ok(),
        "ALLOW_LOCAL_HOSTS" => Some("true".to_owned()),
        _ => None,
    }
}
