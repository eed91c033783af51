//! `keywheel rotate-all`: rotates many secrets, a few at once.

use std::io::{self, IsTerminal as _, Read as _};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;
use secrets::PostgresSecret;

use super::choose::{Wanted, left_out, names};
use super::consent::Consent;
use super::filter::Filter;
use super::queue::{Limits, Queue, failures};
use super::report::{Line, Report};
use crate::aws::{self, Session};
use crate::diagnosis::Secret;
use crate::exit::{Exit, Trouble};
use crate::rotate::{Outcome, one};
use crate::words::{print, time};

/// Between two beginnings: 10 rotations a second make about 30 writes, and AWS allows an account 50.
const PACE: Duration = Duration::from_millis(100);

/// Which secrets, and how.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    filter: Filter,
    /// The names or ARNs in this file, one a line; - is stdin.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prefix", "tag", "function"])]
    file: Option<String>,
    /// Only secrets whose rotation is a day late.
    #[arg(long)]
    overdue: bool,
    /// Not those that were rotated since: to go on after an interruption.
    #[arg(long, value_name = "TIME")]
    not_rotated_since: Option<Timestamp>,
    /// How many at once.
    #[arg(long, value_name = "NUMBER", default_value = "5", value_parser = clap::value_parser!(u16).range(1..=50))]
    at_once: u16,
    /// How many at once of one database. This reads each value, for its host alone: it needs `GetSecretValue`.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    per_database: Option<u16>,
    /// Begin no more after so many failures: a number, or a share such as 10%.
    #[arg(long, value_name = "NUMBER", default_value = "3")]
    max_failures: String,
    /// Longest time to follow each rotation, in seconds. It goes on without us.
    #[arg(long, value_name = "SECONDS", default_value = "900", value_parser = clap::value_parser!(u32).range(1..))]
    timeout: u32,
    /// How long to wait for a retry after a failed step, in seconds. [default: the function's time limit and 30 s]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    retry_within: Option<u32>,
    #[command(flatten)]
    consent: Consent,
}

/// Rotates them. Ctrl-C: no further rotation begins, and those that run go on in Secrets Manager.
pub(crate) async fn rotate_all(session: &Session, options: &Options) -> Result<Exit, Trouble> {
    if options.filter.is_empty() && options.file.is_none() && !options.overdue {
        return Err(usage(
            "which secrets?",
            "give a prefix, --tag, --function, --file or --overdue; '' is the prefix of all names",
        ));
    }
    let started = time::now();
    let mut report = Report {
        verb: "rotated",
        ..Report::default()
    };
    let wanted = Wanted {
        overdue: options.overdue,
        not_rotated_since: options.not_rotated_since,
        now: started,
    };
    let mut chosen = Vec::new();
    for secret in meant(session, options).await? {
        match left_out(&secret, wanted) {
            Some(why) => report.left_out.push(Line::of(&secret, why)),
            None => chosen.push(secret),
        }
    }
    if options.consent.dry_run {
        report.verb = "would_rotate";
        report.well = chosen.iter().map(|secret| Line::of(secret, "")).collect();
        if !options.consent.json {
            report
                .well
                .iter()
                .for_each(|line| print::answer(&format!("would rotate {}", line.name)));
        }
        report.print(session, options.consent.json);
        return Ok(Exit::Well);
    }
    if chosen.is_empty() {
        report.print(session, options.consent.json);
        return Ok(Exit::Well);
    }
    let max_failures = failures(&options.max_failures, chosen.len())
        .ok_or_else(|| usage("--max-failures", "write a number, or a share such as 10%"))?;
    let what = format!(
        "Secrets to rotate: {}, {} at once. Left out: {}.",
        chosen.len(),
        options.at_once,
        report.left_out.len()
    );
    options.consent.given(&what, "Rotate them?").await?;
    print::progress(&format!(
        "To go on after an interruption, add --not-rotated-since {started:.0}"
    ));
    let limits = Limits {
        at_once: options.at_once.into(),
        per_database: options.per_database.map_or(usize::MAX, usize::from),
        failures: max_failures,
    };
    let mut jobs = Vec::new();
    for secret in chosen {
        let database = match options.per_database {
            Some(_) => database(session, &secret).await?,
            None => None,
        };
        jobs.push((secret, database));
    }
    let exit = work(session, Queue::new(jobs, limits), wanted, options, &mut report).await;
    report.print(session, options.consent.json);
    Ok(exit)
}

/// The secrets that the options name, in the order of their names, or of the file.
async fn meant(session: &Session, options: &Options) -> Result<Vec<Secret>, Trouble> {
    let listed = aws::list(session).await?;
    let Some(file) = &options.file else {
        let meant = listed
            .into_iter()
            .filter(|secret| secret.enabled.is_some() && options.filter.matches(secret));
        return Ok(meant.collect());
    };
    let text = read(file)
        .map_err(|error| usage(&format!("{file}: {error}"), "name a file that can be read, or -"))?;
    let mut meant = Vec::new();
    for name in names(&text) {
        let found = listed
            .iter()
            .find(|secret| secret.name == name || secret.arn == name);
        let Some(secret) = found else {
            let problem = format!("{file}: there is no secret {name} in {}", session.region);
            return Err(usage(
                &problem,
                "take it out, or check --region; nothing was rotated",
            ));
        };
        meant.push(secret.clone());
    }
    Ok(meant)
}

fn read(file: &str) -> io::Result<String> {
    if file != "-" {
        return std::fs::read_to_string(file);
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

/// Host and port of a PostgreSQL login, none of anything else. Nothing else of the value is kept.
async fn database(session: &Session, secret: &Secret) -> Result<Option<String>, Trouble> {
    let Some(current) = secret.current() else {
        return Ok(None);
    };
    let text = aws::value(session, &secret.arn, current).await.map_err(|error| {
        Trouble::of_call(
            "GetSecretValue",
            &error,
            "secretsmanager:GetSecretValue, for --per-database",
        )
    })?;
    let login = text.and_then(|text| PostgresSecret::parse(&text).ok());
    Ok(login.and_then(|login| {
        let port = login.port().map(|port| format!(":{port}"));
        Some(format!("{}{}", login.host()?, port.unwrap_or_default()))
    }))
}

async fn work(
    session: &Session,
    mut queue: Queue<Secret>,
    wanted: Wanted,
    options: &Options,
    report: &mut Report,
) -> Exit {
    let timeout = Duration::from_secs(options.timeout.into());
    let retry = options
        .retry_within
        .map(|seconds| Duration::from_secs(seconds.into()));
    let progress = Progress::new(queue.waiting());
    let mut running = FuturesUnordered::new();
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    let mut names = Vec::new();
    let stopped = loop {
        while let Some((secret, database)) = queue.begin() {
            names.push(secret.clone());
            running.push(async move {
                let began = Instant::now();
                let outcome = look_and_rotate(session, &secret, wanted, timeout, retry).await;
                (secret, database, outcome, began.elapsed())
            });
            tokio::time::sleep(PACE).await;
        }
        tokio::select! {
            ended = running.next() => {
                let Some((secret, database, outcome, took)) = ended else { break false };
                names.retain(|known| known.arn != secret.arn);
                let well = matches!(outcome, Ok(Outcome::Rotated));
                queue.ended(database.as_deref(), well || matches!(outcome, Ok(Outcome::LeftRunning)));
                progress.ended(&secret, &outcome, took);
                let line = |why: String| Line::of(&secret, why);
                match outcome {
                    Ok(Outcome::Rotated) => report.well.push(line(String::new())),
                    Ok(Outcome::LeftRunning) => report.left_running.push(line("--timeout".to_owned())),
                    Ok(Outcome::Failed(why)) => report.failed.push(line(why)),
                    Err(trouble) => report.failed.push(line(format!("{}; {}", trouble.problem, trouble.remedy))),
                }
            }
            _ = &mut interrupted => break true,
        }
    };
    progress.finish();
    drop(running);
    report.left_running.extend(
        names
            .iter()
            .filter(|_| stopped)
            .map(|secret| Line::of(secret, "Ctrl-C")),
    );
    report
        .not_begun
        .extend(queue.left().map(|secret| Line::of(&secret, "")));
    if stopped {
        Exit::Interrupted
    } else if !report.failed.is_empty() {
        Exit::Finding
    } else if !report.left_running.is_empty() {
        Exit::StillRunning
    } else {
        Exit::Well
    }
}

/// The list can be minutes old.
async fn look_and_rotate(
    session: &Session,
    secret: &Secret,
    wanted: Wanted,
    timeout: Duration,
    retry: Option<Duration>,
) -> Result<Outcome, Trouble> {
    let now = aws::describe(session, &secret.arn)
        .await
        .map_err(|error| Trouble::of_call("DescribeSecret", &error, "secretsmanager:DescribeSecret"))?;
    match now {
        None => Ok(Outcome::Failed("it is gone".to_owned())),
        Some(now) => match left_out(&now, wanted) {
            Some(why) => Ok(Outcome::Failed(format!("not begun: {why}"))),
            None => one(session, &now, timeout, retry).await,
        },
    }
}

/// On stderr: a bar on a terminal, otherwise a line for each secret.
struct Progress(ProgressBar);

impl Progress {
    fn new(all: usize) -> Self {
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(u64::try_from(all).ok(), target);
        if let Ok(style) = ProgressStyle::with_template("[{bar:30}] {pos}/{len}  {msg}  {elapsed_precise}") {
            bar.set_style(style.progress_chars("##-"));
        }
        Self(bar)
    }

    fn ended(&self, secret: &Secret, outcome: &Result<Outcome, Trouble>, took: Duration) {
        let word = match outcome {
            Ok(Outcome::Rotated) => "rotated".to_owned(),
            Ok(Outcome::LeftRunning) => "RUNNING".to_owned(),
            Ok(Outcome::Failed(why)) => format!("FAILED  {why}"),
            Err(trouble) => format!("FAILED  {}", trouble.problem),
        };
        self.0.inc(1);
        self.0.set_message(secret.name.clone());
        if self.0.is_hidden() {
            print::progress(&format!("  {}  {word}  {:.1} s", secret.name, took.as_secs_f64()));
        } else if !matches!(outcome, Ok(Outcome::Rotated)) {
            self.0.println(format!("  {}  {word}", secret.name));
        }
    }

    fn finish(&self) {
        self.0.finish_and_clear();
    }
}

fn usage(problem: &str, remedy: &str) -> Trouble {
    Trouble {
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
        exit: Exit::Usage,
    }
}
