//! Measures the functions that are deployed, in their release build: `make bench`.
//!
//! Figures, not verdicts: medians with minimum and maximum, to compare on one machine at one time.

#![expect(clippy::print_stdout, reason = "the figures are for a person")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs};

use keywheel_tests::keys::{self, Keys};
use keywheel_tests::net::Https;
use keywheel_tests::pair::{Pair, Power};
use keywheel_tests::peers::Unleash;
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::{ALTERNATING, Setup, World};
use secrets_manager_local::{Function, Invocation, LocalSecretsManager};
use serde_json::json;
use staging_labels::Step;
use uuid::Uuid;

/// Processes started again.
const COLD_STARTS: usize = 20;
/// Rotations by each, the first included.
const ROTATIONS: usize = 4;

type Anything<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Anything<()> {
    let programs: Vec<_> = env::args_os().skip(1).map(PathBuf::from).collect();
    if programs.is_empty() {
        return Err("name the functions' programs".into());
    }
    for program in programs {
        let program = program.canonicalize()?;
        if program.ends_with(keys::FUNCTION) {
            measure_key(&program).await?;
            continue;
        }
        let setup = Setup::on(Server::Main)
            .program(&program)
            .env("AWS_LAMBDA_LOG_LEVEL", "INFO");
        if program.ends_with(ALTERNATING) {
            let database = TestDatabase::new(cluster(Server::Main)).await;
            let pair = Pair::of(setup, database, Power::CreateRole).await;
            measure(&Subject::of(&pair), &program).await?;
        } else {
            measure(&Subject::of(&setup.start().await), &program).await?;
        }
    }
    println!(
        "\nThe local Secrets Manager, PostgreSQL and Unleash run on the same machine and are part of every time."
    );
    Ok(())
}

/// A token of Unleash, over TLS as any provider is reached.
async fn measure_key(program: &Path) -> Anything<()> {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let unleash = Unleash::start(&database, database.password(), &Unleash::new_admin_token())?;
    let https = Https::start(unleash.port())?;
    let keys = Keys::start().await;
    let admin = keys.admin("bench/admin", unleash.admin_token()).await;
    let token = unleash.create_token("made-by-hand").secret;
    let secret = keys.secret("bench/flags", &token, &[]).await;
    let function = Function::new(keys::FUNCTION, program)
        .timeout(Duration::from_secs(30))
        .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
        .env("PROVIDER_CA_BUNDLE", https.authority());
    let settings = Unleash::settings(&https.url(), &admin).into_iter();
    keys.aws
        .add_function(settings.fold(function, |function, (name, value)| function.env(name, value)));
    let subject = Subject {
        aws: &keys.aws,
        function: keys::FUNCTION,
        secret: secret.arn(),
    };
    measure(&subject, program).await
}

/// A secret, and the function that rotates it.
struct Subject<'a> {
    aws: &'a LocalSecretsManager,
    function: &'static str,
    secret: &'a str,
}

impl<'a> Subject<'a> {
    fn of(world: &'a World) -> Self {
        Self {
            aws: &world.aws,
            function: world.function,
            secret: &world.secret,
        }
    }
}

async fn measure(subject: &Subject<'_>, program: &Path) -> Anything<()> {
    let mut figures = Figures::default();
    for _ in 0..COLD_STARTS {
        subject.aws.cool_down(subject.function).await;
        for rotation in 0..ROTATIONS {
            figures.add(rotation == 0, &rotate(subject).await?);
        }
    }
    figures.print(subject.function, program)
}

/// One rotation, step by step.
async fn rotate(subject: &Subject<'_>) -> Anything<Vec<Invocation>> {
    let token = Uuid::new_v4().to_string();
    subject.aws.stage_pending(subject.secret, &token)?;
    let mut invocations = Vec::new();
    for step in Step::ALL {
        let payload = json!({"Step": step.name(), "SecretId": subject.secret, "ClientRequestToken": token});
        let invocation = subject
            .aws
            .invoke(subject.function, payload.to_string())
            .await
            .ok_or("the function is not hosted")?;
        if let Some(error) = invocation.error {
            return Err(error.into());
        }
        invocations.push(invocation);
    }
    Ok(invocations)
}

/// What was measured, a value a process or rotation.
#[derive(Default)]
struct Figures {
    init: Vec<f64>,
    first: Vec<f64>,
    warm: Vec<f64>,
    steps: [Vec<f64>; 4],
    memory: Vec<f64>,
    /// Processor time of the first rotations, init included, and of the warm ones.
    first_busy: Vec<f64>,
    warm_busy: Vec<f64>,
    /// Of the process so far.
    busy: f64,
}

impl Figures {
    fn add(&mut self, cold: bool, invocations: &[Invocation]) {
        let init: Duration = invocations.iter().filter_map(|invocation| invocation.init).sum();
        let total: Duration = invocations.iter().map(|invocation| invocation.duration).sum();
        if cold {
            self.init.push(milliseconds(init));
            self.first.push(milliseconds(total));
        } else {
            self.warm.push(milliseconds(total));
            for (step, invocation) in self.steps.iter_mut().zip(invocations) {
                step.push(milliseconds(invocation.duration));
            }
        }
        self.add_busy(cold, invocations);
        let peak = invocations
            .iter()
            .filter_map(|invocation| invocation.peak_memory_kib)
            .max();
        self.memory
            .extend(peak.map(|kib| f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0));
    }

    fn add_busy(&mut self, cold: bool, invocations: &[Invocation]) {
        let so_far = invocations.last().and_then(|last| last.processor_time);
        let Some(so_far) = so_far.map(milliseconds) else {
            return;
        };
        if cold {
            self.first_busy.push(so_far);
        } else {
            self.warm_busy.push(so_far - self.busy);
        }
        self.busy = so_far;
    }

    fn print(mut self, function: &str, program: &Path) -> Anything<()> {
        println!(
            "\n{function}: {COLD_STARTS} cold starts, {ROTATIONS} rotations each; median [minimum to maximum]\n"
        );
        row("init", "ms", &mut self.init);
        row("init and first rotation", "ms", &mut self.first);
        row("  on a processor", "ms", &mut self.first_busy);
        row("warm rotation, four steps", "ms", &mut self.warm);
        row("  on a processor", "ms", &mut self.warm_busy);
        for (step, times) in Step::ALL.into_iter().zip(&mut self.steps) {
            row(&format!("  {step}"), "ms", times);
        }
        row("peak memory", "MiB", &mut self.memory);
        println!("  {:<28} {:>8.2} MB", "binary", megabytes(program)?);
        let zip = program
            .with_file_name("../lambda")
            .join(function)
            .join("bootstrap.zip");
        if let Ok(size) = megabytes(&zip) {
            println!("  {:<28} {size:>8.2} MB", "zip (of the last make build)");
        }
        Ok(())
    }
}

fn row(name: &str, unit: &str, values: &mut [f64]) {
    values.sort_by(f64::total_cmp);
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return;
    };
    let median = values[values.len() / 2];
    println!("  {name:<28} {median:>8.2} {unit}  [{first:.2} to {last:.2}]");
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn megabytes(file: &Path) -> Anything<f64> {
    let bytes = u32::try_from(fs::metadata(file)?.len())?;
    Ok(f64::from(bytes) / 1e6)
}
