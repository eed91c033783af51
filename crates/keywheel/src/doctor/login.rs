//! `--login`: logs in from here with the values of a secret. A run has one refused login at most, because some servers lock a role.

use std::path::Path;
use std::time::Duration;

use outbound::Budget;
use rotate_postgres::{LOGIN_VARIABLES, Tried, read_value, strategy_of, try_login};
use rotation::CallError;
use secrets::PostgresSecret;
use staging_labels::VersionId;

use crate::aws::{self, Environment, Session};
use crate::diagnosis::{Answer, LoginAnswer, Logins, Place, Secret, Story, Unasked};

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
    settings: &Settings,
    secret: &Secret,
    other: Option<&VersionId>,
    story: Option<&Story>,
    which: Which,
) -> Logins {
    let current = read(session, settings, secret, secret.current()).await;
    let Some(other) = other else {
        return Logins {
            current: try_value(settings, current.as_ref()).await,
            ..Logins::none(&Unasked::NotNeeded)
        };
    };
    let pending = read(session, settings, secret, Some(other)).await;
    let first_pending = match which {
        Which::Pending => true,
        Which::Current => false,
        Which::Auto => story.is_some_and(Story::has_set),
    };
    let mut logins = Logins::none(&Unasked::OneRefused);
    if let (Ok(current), Ok(pending)) = (&current, &pending) {
        logins.same_place = Some(pending.same_place_as(current).is_ok());
        logins.strategy = strategy_of(current, pending);
    }
    let (first, second) = if first_pending {
        (&pending, &current)
    } else {
        (&current, &pending)
    };
    let answer = try_value(settings, first.as_ref()).await;
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
        (_, _, second) => try_value(settings, second.as_ref()).await,
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
    let settings = &Settings::ask(session, secret).await;
    let value = read(session, settings, secret, version).await;
    try_value(settings, value.as_ref()).await
}

/// Where AWSCURRENT's value says that the database is.
pub(super) async fn place(session: &Session, settings: &Settings, secret: &Secret) -> Option<Place> {
    let value = read(session, settings, secret, secret.current()).await.ok()?;
    let host = value.host()?.to_owned();
    Some(Place {
        port: value.port(),
        address: host.parse().ok(),
        host,
    })
}

/// Why nobody logged in.
pub(super) fn why(unasked: &Unasked) -> String {
    match unasked {
        Unasked::NotNeeded => "it has no value".to_owned(),
        Unasked::Because(why) => (*why).to_owned(),
        Unasked::Flag(flag) => format!("{flag} was not given"),
        Unasked::OneRefused => "a run has one refused login at most, and this one has had it".to_owned(),
        Unasked::Needs(permission) => format!("needs {permission}"),
        Unasked::Failed(problem) => problem.clone(),
    }
}

async fn read(
    session: &Session,
    settings: &Settings,
    secret: &Secret,
    version: Option<&VersionId>,
) -> Result<PostgresSecret, Unasked> {
    let Some(version) = version else {
        return Err(Unasked::NotNeeded);
    };
    let text = match aws::value(session, &secret.arn, version).await {
        Ok(Some(text)) => text,
        Ok(None) => return Err(Unasked::Failed("the value is binary".to_owned())),
        Err(CallError::Denied(_)) => {
            return Err(Unasked::Needs("secretsmanager:GetSecretValue"));
        }
        Err(error) => {
            let trouble = crate::exit::Trouble::of_call("GetSecretValue", &error, "");
            return Err(Unasked::Failed(trouble.problem));
        }
    };
    // The error names a field, and never quotes the value.
    read_value(&text, &secret.tags, &|name| settings.get(name)).map_err(|cause| match &settings.0 {
        Answer::NotAsked(Unasked::Needs(permission)) if cause.code() == "LoginUnnamed" => {
            Unasked::Needs(permission)
        }
        _ => Unasked::Failed(format!("the value is no PostgreSQL login: {}", cause.problem())),
    })
}

async fn try_value(settings: &Settings, value: Result<&PostgresSecret, &Unasked>) -> Answer<LoginAnswer> {
    let value = match value {
        Ok(value) => value,
        Err(why) => return Answer::NotAsked(why.clone()),
    };
    match try_login(value, &|name| settings.get(name), Budget::lasting(PATIENCE)).await {
        Ok(Tried::Accepted) => Answer::Said(LoginAnswer::Accepted),
        Ok(Tried::Refused(state)) => Answer::Said(LoginAnswer::Refused(state)),
        Err(cause) => Answer::NotAsked(Unasked::Failed(format!(
            "{} from here: {}",
            cause.code(),
            cause.problem()
        ))),
    }
}

/// How values are read, and how logins are made: what the function's own environment says of it. It may be secret, and is not shown.
pub(super) struct Settings(pub(super) Answer<Environment>);

impl Settings {
    async fn ask(session: &Session, secret: &Secret) -> Self {
        let Some(function) = &secret.function else {
            return Self(Answer::NotAsked(Unasked::NotNeeded));
        };
        let (_, environment) = aws::configuration_and_environment(session, function)
            .await
            .unzip();
        Self(environment)
    }

    /// The trusted certificates are the person's own first: a path of the function is not one of this machine. A tunnel ends at this
    /// machine, which the functions refuse.
    fn get(&self, name: &str) -> Option<String> {
        let own = |name| std::env::var(name).ok();
        let of_function = |name| Some(self.0.said()?.get(name)?.to_owned());
        match name {
            "ALLOW_LOCAL_HOSTS" => Some("true".to_owned()),
            "PGSSLROOTCERT" => {
                own(name).or_else(|| of_function(name).filter(|roots| !is_missing_here(roots)))
            }
            "BASE64_MEMBERS" if self.0.said().is_none() => own(name),
            name if LOGIN_VARIABLES.contains(&name) => of_function(name),
            _ => None,
        }
    }
}

fn is_missing_here(roots: &str) -> bool {
    roots.starts_with('/') && !Path::new(roots).exists()
}
