//! `keywheel rotate --local`: carries a rotation on that Secrets Manager has begun, with the function's own code, from this machine.
//!
//! All four steps run in order: each finds what is done already, as when Secrets Manager repeats it. It may repeat one at this very
//! moment; the steps are made for that. This never begins a rotation, because only Secrets Manager can.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use outbound::Budget;
use rotate_api_key::ApiKey;
use rotate_postgres::{AlternatingUsers, SingleUser};
use rotation::{Cause, Event, Step, Store, Target, VersionId};
use serde_json::json;

use crate::aws::{self, Session};
use crate::diagnosis::Secret;
use crate::exit::{Exit, Trouble};
use crate::words::{ask, names, print};

use super::secret::describe;

/// Longest time for a step.
const STEP: Duration = Duration::from_mins(1);
const STEPS: [Step; 4] = [Step::Create, Step::Set, Step::Test, Step::Finish];

/// What is another thing on this machine than where the function runs: certificates' files, and whether a tunnel ends here.
const OF_THIS_MACHINE: [&str; 3] = ["PGSSLROOTCERT", "PROVIDER_CA_BUNDLE", "ALLOW_LOCAL_HOSTS"];

/// Whose code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Function {
    /// That of rotate-postgres-single-user.
    #[value(name = "rotate-postgres-single-user")]
    SingleUser,
    /// That of rotate-postgres-alternating-users.
    #[value(name = "rotate-postgres-alternating-users")]
    AlternatingUsers,
    /// That of rotate-api-key.
    #[value(name = "rotate-api-key")]
    ApiKey,
}

/// How to carry it on.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Local {
    /// Carry a rotation that is pending on from here, with this function's code.
    #[arg(long = "local", id = "local", value_name = "FUNCTION", conflicts_with_all = ["test", "no_wait", "retry_within"])]
    function: Option<Function>,
    /// With --local: the function's settings, NAME=VALUE a line. [default: those of the function, by `GetFunctionConfiguration`]
    #[arg(long, value_name = "FILE", requires = "local")]
    env_file: Option<PathBuf>,
    /// With --local: do not ask before it begins.
    #[arg(long, requires = "local")]
    yes: bool,
}

impl Local {
    /// Whether it is asked for.
    pub(crate) const fn is_asked_for(&self) -> bool {
        self.function.is_some()
    }
}

/// Carries it on.
pub(crate) async fn run(session: &Session, id: &str, options: &Local, json: bool) -> Result<Exit, Trouble> {
    let secret = describe(session, id).await?;
    let Some(version) = secret.pending().cloned() else {
        return Err(Trouble {
            exit: Exit::Finding,
            ..Trouble::new(
                "no rotation is pending, and only Secrets Manager can begin one",
                session.names(id).rotate(),
            )
        });
    };
    let mut variables = variables(session, &secret, options.env_file.as_deref()).await?;
    for name in OF_THIS_MACHINE {
        if let Ok(value) = std::env::var(name) {
            variables.insert(name.to_owned(), value);
        }
    }
    if variables.contains_key("ASSUME_ROLE_ARN") {
        return Err(Trouble {
            exit: Exit::Usage,
            ..Trouble::new(
                "the function assumes a role (ASSUME_ROLE_ARN), and this goes by your own credentials",
                "name a --profile of that role, and the settings without ASSUME_ROLE_ARN in --env-file",
            )
        });
    }
    print::progress(&format!(
        "this runs createSecret, setSecret, testSecret and finishSecret of {id} for version {} from here, with your credentials",
        names::short(&version)
    ));
    print::progress(
        "it changes the password or key if the function had not yet; it has no RotationToken, without which createSecret is refused across accounts",
    );
    if !options.yes && !ask::typed("Go on?", "yes").await? {
        return Ok(Exit::Interrupted);
    }
    let get = |name: &str| variables.get(name).cloned();
    let work = Work {
        session,
        secret: &secret,
        id,
        version: &version,
        json,
    };
    match options.function {
        Some(Function::SingleUser) => Box::pin(work.with(SingleUser::from_env(&get))).await,
        Some(Function::AlternatingUsers) => Box::pin(work.with(AlternatingUsers::from_env(&get))).await,
        Some(Function::ApiKey) => Box::pin(work.with(ApiKey::from_env(&get))).await,
        None => Ok(Exit::Well),
    }
}

struct Work<'a> {
    session: &'a Session,
    secret: &'a Secret,
    id: &'a str,
    version: &'a VersionId,
    json: bool,
}

impl Work<'_> {
    async fn with<T: Target>(&self, target: Result<T, Cause>) -> Result<Exit, Trouble> {
        let target = target.map_err(|cause| Trouble {
            exit: Exit::Usage,
            ..Trouble::new(cause.problem().to_string(), cause.remedy())
        })?;
        let store = self.session.store();
        for step in STEPS {
            tokio::select! {
                ended = self.step(&store, &target, step) => if !ended? {
                    return Ok(Exit::Finding);
                },
                _ = tokio::signal::ctrl_c() => return Err(Trouble {
                    problem: format!("interrupted in {step}; the rotation is still pending"),
                    remedy: "the same command goes on where it stands, and so does Secrets Manager".to_owned(),
                    exit: Exit::Interrupted,
                }),
            }
        }
        let current = describe(self.session, self.id).await?.current().cloned();
        if current.as_ref() != Some(self.version) {
            return Err(Trouble::new(
                "every step went well, and AWSCURRENT is on another version by now",
                self.session.names(self.id).doctor(),
            ));
        }
        if self.json {
            let line = json!({"version": 1, "event": "rotated", "secret": self.secret.arn, "version_id": self.version.as_str()});
            print::answer(&line.to_string());
        } else {
            let version = names::short(self.version);
            print::answer(&format!("rotated {}: AWSCURRENT is version {version}", self.id));
        }
        Ok(Exit::Well)
    }

    /// Whether it went well.
    async fn step<T: Target>(&self, store: &Store, target: &T, step: Step) -> Result<bool, Trouble> {
        let payload = json!({
            "Step": step.name(), "SecretId": self.secret.arn, "ClientRequestToken": self.version.as_str(),
        });
        let doctor = || self.session.names(self.id).doctor();
        let event = Event::parse(&payload).map_err(|error| Trouble::new(error.to_string(), doctor()))?;
        let start = Instant::now();
        let outcome = rotation::run(store, target, &event, Budget::lasting(STEP)).await;
        let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (state, code) = match &outcome {
            Ok(_) => ("ok", None),
            Err(error) => ("FAILED", Some(error.cause.code())),
        };
        if self.json {
            let line = json!({"version": 1, "event": "step", "step": step.name(), "ok": code.is_none(), "code": code, "ms": ms});
            print::answer(&line.to_string());
        } else {
            let code = code.map(|code| format!("  {code}")).unwrap_or_default();
            print::progress(&format!("  {:<12} {state:<6}  {ms} ms{code}", step.name()));
        }
        if let Err(error) = outcome {
            print::progress(&format!("keywheel: {}", error.cause.problem()));
            print::progress(&format!("          {}", error.cause.remedy()));
            print::progress(&format!("          keywheel explain {}", error.cause.code()));
            return Ok(false);
        }
        Ok(true)
    }
}

/// The settings of the function that rotates a secret. They are never shown.
pub(crate) async fn settings_of(session: &Session, id: &str) -> Result<BTreeMap<String, String>, Trouble> {
    let secret = describe(session, id).await?;
    variables(session, &secret, None).await.map_err(|mut trouble| {
        "give the settings as NAME=VALUE instead of --like".clone_into(&mut trouble.remedy);
        trouble
    })
}

/// The function's settings. They are never shown.
async fn variables(
    session: &Session,
    secret: &Secret,
    file: Option<&Path>,
) -> Result<BTreeMap<String, String>, Trouble> {
    let Some(file) = file else {
        let Some(function) = &secret.function else {
            return Err(Trouble::new(
                "the secret names no function, whose settings could be read",
                "name a file with them: --env-file",
            ));
        };
        return aws::environment(session, function).await.map_err(|error| {
            let mut trouble = Trouble::of_call(
                "GetFunctionConfiguration",
                &error,
                "lambda:GetFunctionConfiguration",
            );
            trouble
                .remedy
                .push_str("; or name a file with the settings: --env-file");
            trouble
        });
    };
    let unusable = |problem: String| Trouble {
        exit: Exit::Usage,
        ..Trouble::new(
            format!("{}: {problem}", file.display()),
            "write NAME=VALUE, a line each",
        )
    };
    let text = std::fs::read_to_string(file).map_err(|error| unusable(error.to_string()))?;
    let lines = text.lines().enumerate();
    let set = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    set.map(|(number, line)| {
        let pair = line.split_once('=');
        pair.map(|(name, value)| (name.trim().to_owned(), value.to_owned()))
            .ok_or_else(|| unusable(format!("line {} is not NAME=VALUE", number + 1)))
    })
    .collect()
}
