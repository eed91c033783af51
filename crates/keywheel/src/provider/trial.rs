//! `keywheel provider try`: createSecret, setSecret and testSecret of the function's own code, on a copy of the secret. Then what was
//! made is revoked, whatever happened.
//!
//! The real secret is only read. The keys that a trial makes have a mark of the copy's in their names: to a rotation of the real secret
//! they are somebody else's, and to the trial everything else is.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use outbound::Budget;
use rotate_api_key::trial::{Outline, TakeBack};
use rotate_api_key::{ApiKey, Description};
use rotation::{Step, run as run_step};
use secrecy::SecretString;
use tokio::signal::unix::{SignalKind, signal};

use super::calls::Calls;
use super::copy::{self, Copy};
use super::trial_report::{Ended, Report};
use crate::aws::{self, Place, Session};
use crate::diagnosis::Names;
use crate::exit::{Exit, Trouble};
use crate::words::{ask, print, shell};

/// Longest time for a step: a function has 15 minutes at most, and usually 30 s.
const STEP: Duration = Duration::from_mins(2);

/// What to try.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The definition.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The secret whose value has a key that works. It is only read.
    #[arg(
        long,
        value_name = "NAME",
        required_unless_present_any = ["value_file", "dry_run"],
        conflicts_with = "value_file"
    )]
    secret: Option<String>,
    /// A file with such a value, or - for stdin.
    #[arg(long, value_name = "FILE")]
    value_file: Option<PathBuf>,
    /// The secret that has the admin's credential.
    #[arg(long, value_name = "NAME", conflicts_with = "admin_file")]
    admin_secret: Option<String>,
    /// A file that has it, or - for stdin.
    #[arg(long, value_name = "FILE")]
    admin_file: Option<PathBuf>,
    /// What the function's `PROVIDER_PARAMETERS` says: NAME=VALUE.
    #[arg(long, value_name = "NAME=VALUE")]
    parameter: Vec<String>,
    /// Do not ask before it begins.
    #[arg(long)]
    yes: bool,
    /// Print what would be called, and end.
    #[arg(long)]
    dry_run: bool,
    /// One JSON document.
    #[arg(long)]
    json: bool,
}

/// Tries the definition.
pub(super) async fn run(options: &Options, place: &Place) -> Result<Exit, Trouble> {
    let file = options.file.display().to_string();
    let text = std::fs::read_to_string(&options.file)
        .map_err(|error| usage(format!("{file} cannot be read: {error}"), "name a definition"))?;
    let definition = Description::load(&file, &text).map_err(|error| Trouble {
        exit: Exit::Finding,
        ..usage(
            error.to_string(),
            &format!(
                "this shows it line by line: {}",
                shell::command("keywheel", ["provider", "check", &file], &[])
            ),
        )
    })?;
    let outline = Outline::of(&definition);
    if let Some(why) = &outline.nothing {
        let flags = place.flags();
        let names = Names {
            secret: options.secret.as_deref().unwrap_or("SECRET"),
            flags: &flags,
        };
        let remedy = format!("this tries what there is: {}", names.test());
        return Err(usage(why.clone(), &remedy));
    }
    let report = Report::of(&outline, options.json);
    if options.dry_run {
        report.plan();
        return Ok(Exit::Well);
    }
    let name = options.secret.as_deref().unwrap_or(&outline.provider);
    let trial = Trial {
        outline: &outline,
        name,
        value: value(options, place).await?,
        admin: admin(options, place, &outline).await?,
        variables: variables(options, &outline, &text),
    };
    if !options.json || !options.yes {
        report.intent();
    }
    if !options.yes {
        let from_stdin = [&options.value_file, &options.admin_file]
            .into_iter()
            .flatten()
            .any(|path| path.as_path() == Path::new("-"));
        if from_stdin {
            return Err(usage(
                "this asks before it begins, and stdin has a value".to_owned(),
                "--yes begins without asking",
            ));
        }
        if !ask::typed("Go on?", "yes").await? {
            print::progress("nothing was called");
            return Ok(Exit::Interrupted);
        }
    }
    trial.run(&report, options.json).await
}

struct Trial<'a> {
    outline: &'a Outline,
    /// Of the real secret, or the provider.
    name: &'a str,
    value: SecretString,
    admin: Option<SecretString>,
    variables: BTreeMap<&'static str, String>,
}

impl Trial<'_> {
    async fn run(&self, report: &Report<'_>, json: bool) -> Result<Exit, Trouble> {
        let get = |name: &str| self.variables.get(name).cloned();
        let target = ApiKey::from_env(&get)
            .map_err(|cause| usage(cause.problem().to_string(), cause.remedy().as_ref()))?;
        let calls = Calls::listen(!json);
        let stopped = Stopped::listen();
        let makes = self.outline.only_tested.is_none();
        let mark = rotate_api_key::trial::mark_of(&copy::arn_of(self.name));
        report.if_killed(&mark);
        let copy = self.copy().await?;
        let mut failed = None;
        let steps: &[Step] = if makes {
            &[Step::Create, Step::Set, Step::Test]
        } else {
            copy.stage(&self.value).await?;
            &[Step::Test]
        };
        for step in steps {
            if stopped.is() {
                break;
            }
            let event = copy.event(*step)?;
            if let Err(error) = run_step(&copy.store, &target, &event, Budget::lasting(STEP)).await {
                failed = Some((*step, error.cause));
                break;
            }
        }
        let mut left = None;
        if makes && calls.has("create") {
            // Another copy: the first one's rotation may have been given up.
            let copy = self.copy().await?;
            let event = copy.event(Step::Create)?;
            let taken = run_step(&copy.store, &TakeBack(&target), &event, Budget::lasting(STEP)).await;
            left = taken.err().map(|error| error.cause);
        }
        let exit = report.ended(&Ended {
            failed,
            left,
            interrupted: stopped.is(),
            mark,
            calls: calls.list(),
        });
        Ok(exit)
    }

    async fn copy(&self) -> Result<Copy, Trouble> {
        Copy::of(self.name, &self.value, self.admin.as_ref()).await
    }
}

/// Whether somebody wants this to end. It does, once what was made is removed: a call that is under way is waited for, because its
/// answer says what was made.
#[derive(Clone, Default)]
struct Stopped(Arc<AtomicBool>);

impl Stopped {
    fn listen() -> Self {
        let stopped = Self::default();
        for kind in [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ] {
            let Ok(mut signals) = signal(kind) else { continue };
            let stopped = stopped.clone();
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    stopped.0.store(true, Ordering::Relaxed);
                    print::progress("keywheel: interrupted; what was made is removed first");
                }
            });
        }
        stopped
    }

    fn is(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the function would have in its environment.
fn variables(options: &Options, outline: &Outline, text: &str) -> BTreeMap<&'static str, String> {
    let mut variables = BTreeMap::from([
        ("PROVIDER", outline.provider.clone()),
        ("PROVIDER_DESCRIPTION", text.to_owned()),
        ("PROVIDER_PARAMETERS", options.parameter.join("\n")),
    ]);
    if let Some(admin) = &outline.admin {
        variables.insert("ADMIN_SECRETS", format!("{admin}={}", copy::admin_arn()));
    }
    if let Ok(bundle) = std::env::var("PROVIDER_CA_BUNDLE") {
        variables.insert("PROVIDER_CA_BUNDLE", bundle);
    }
    variables
}

async fn value(options: &Options, place: &Place) -> Result<SecretString, Trouble> {
    match (&options.secret, &options.value_file) {
        (Some(name), _) => of_secret(place, name).await,
        (None, Some(path)) => of_file(path),
        (None, None) => Err(usage(
            "no value".to_owned(),
            "name it with --secret or --value-file",
        )),
    }
}

async fn admin(options: &Options, place: &Place, outline: &Outline) -> Result<Option<SecretString>, Trouble> {
    match (&outline.admin, &options.admin_secret, &options.admin_file) {
        (None, None, None) => Ok(None),
        (None, ..) => Err(usage(
            "the definition has no admin".to_owned(),
            "leave --admin-secret and --admin-file out",
        )),
        (Some(_), Some(name), _) => of_secret(place, name).await.map(Some),
        (Some(_), None, Some(path)) => of_file(path).map(Some),
        (Some(name), None, None) => Err(usage(
            format!("the definition needs the admin's credential, {name}"),
            "name it with --admin-secret or --admin-file",
        )),
    }
}

async fn of_secret(place: &Place, name: &str) -> Result<SecretString, Trouble> {
    let session = Session::open(&place.clone().of_secret(name)).await?;
    let read = aws::current_value(&session, name).await;
    let read =
        read.map_err(|error| Trouble::of_call("GetSecretValue", &error, "secretsmanager:GetSecretValue"))?;
    read.ok_or_else(|| usage(format!("the value of {name} is binary"), "name another secret"))
}

fn of_file(path: &Path) -> Result<SecretString, Trouble> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(path).map(|read| text = read)
    };
    read.map_err(|error| {
        usage(
            format!("{} cannot be read: {error}", path.display()),
            "name a file, or - for stdin",
        )
    })?;
    // An editor ends the last line; no key does.
    Ok(SecretString::from(text.trim_end_matches(['\n', '\r'])))
}

fn usage(problem: String, remedy: &str) -> Trouble {
    Trouble {
        problem,
        remedy: remedy.to_owned(),
        exit: Exit::Usage,
    }
}
