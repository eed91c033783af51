//! Rotates a fleet at once against the account's quota of writes, and tells what came of it: `make fleet`.
//!
//! Figures, not verdicts: docs/quotas.md has the arithmetic that they go with.

#![expect(clippy::print_stdout, reason = "the figures are for a person")]

use std::collections::BTreeSet;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::RotationRulesType;
use keywheel_tests::functions::function_path;
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::{FUNCTION, client};
use secrets_manager_local::{Function, LocalSecretsManager, RotationOutcome};
use serde_json::json;
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Waits between Secrets Manager's attempts. AWS does not say how long its own are; minutes, by what is seen.
const RETRIES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];
/// `PutSecretValue` and `UpdateSecretVersionStage`.
const WRITES: usize = 2;
/// How often what failed is asked for again, as a schedule or a person would: Secrets Manager then attempts the same rotation.
const ROUNDS: usize = 20;

type Anything<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What is rotated, and against what.
struct Plan {
    secrets: usize,
    writes_per_second: usize,
    at_once: usize,
    program: PathBuf,
}

impl Plan {
    /// `fleet SECRETS WRITES_PER_SECOND AT_ONCE [PROGRAM]`
    fn from_arguments() -> Anything<Self> {
        let mut arguments = env::args().skip(1);
        let mut number = |name: &str| -> Anything<usize> {
            let text = arguments
                .next()
                .ok_or("fleet SECRETS WRITES_PER_SECOND AT_ONCE [PROGRAM]")?;
            text.parse().map_err(|_| format!("{name} is no number").into())
        };
        let (secrets, writes_per_second, at_once) = (
            number("SECRETS")?,
            number("WRITES_PER_SECOND")?,
            number("AT_ONCE")?,
        );
        let program = arguments
            .next()
            .map_or_else(|| function_path(FUNCTION), PathBuf::from);
        Ok(Self {
            secrets,
            writes_per_second,
            at_once,
            program: fs::canonicalize(program)?,
        })
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("fleet: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Anything<()> {
    let plan = Plan::from_arguments()?;
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let function = Function::new(FUNCTION, &plan.program)
        .env("PGSSLROOTCERT", database.cluster().authority_path())
        .env("AWS_LAMBDA_LOG_LEVEL", "ERROR");
    let aws = LocalSecretsManager::builder()
        .function(function)
        .retry_delays(RETRIES)
        .write_quota(plan.writes_per_second)
        .start()
        .await?;
    let client = client(&aws.url());
    let secrets = fleet(&plan, &database, &client).await?;
    aws.clear_calls();
    let start = Instant::now();
    let world = Arc::new(World { aws, client });
    let outcomes = rotate_until_done(&plan, &world, secrets, start).await?;
    tell(&plan, &outcomes);
    for role in 0..plan.secrets {
        let name = role_name(&database, role);
        database.sql(&format!("DROP ROLE {name}")).await;
    }
    Ok(())
}

fn role_name(database: &TestDatabase<'_>, number: usize) -> String {
    format!("{}_fleet_{number}", database.name())
}

/// A role and a secret for each.
async fn fleet(plan: &Plan, database: &TestDatabase<'_>, client: &Client) -> Anything<Vec<String>> {
    let mut secrets = Vec::new();
    for number in 0..plan.secrets {
        let (role, password) = (role_name(database, number), Uuid::new_v4().simple().to_string());
        database
            .sql(&format!("CREATE ROLE {role} LOGIN PASSWORD '{password}'"))
            .await;
        let mut document = database.document();
        document["username"] = json!(role);
        document["password"] = json!(password);
        let made = create(client, &role, &document.to_string()).await?;
        secrets.push(made);
    }
    Ok(secrets)
}

/// A secret; making one is a write, too, and waits for the quota.
async fn create(client: &Client, name: &str, document: &str) -> Anything<String> {
    loop {
        let made = client
            .create_secret()
            .name(name)
            .secret_string(document)
            .send()
            .await;
        match made {
            Ok(made) => return made.arn.ok_or_else(|| "a secret without an ARN".into()),
            Err(error)
                if error.as_service_error().and_then(|e| e.meta().code()) == Some("ThrottlingException") =>
            {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Err(error) => return Err(Box::new(error)),
        }
    }
}

/// Secrets Manager, and a user's client.
struct World {
    aws: LocalSecretsManager,
    client: Client,
}

/// A secret, and the token of its rotation.
#[derive(Clone)]
struct Task {
    secret: String,
    token: String,
}

/// What came of all of them.
#[derive(Default)]
struct Outcomes {
    /// The errors with which rotations ended in each round, and how long after the beginning it was over.
    rounds: Vec<(Vec<String>, Duration)>,
    repeated: usize,
    writes: usize,
    throttled: usize,
}

/// Rotates all, and those that failed again, until none is left or [`ROUNDS`] are over.
async fn rotate_until_done(
    plan: &Plan,
    world: &Arc<World>,
    secrets: Vec<String>,
    start: Instant,
) -> Anything<Outcomes> {
    let token = |secret| Task {
        secret,
        token: Uuid::new_v4().to_string(),
    };
    let mut left: Vec<Task> = secrets.into_iter().map(token).collect();
    let mut outcomes = Outcomes::default();
    while !left.is_empty() && outcomes.rounds.len() <= ROUNDS {
        let mut errors = Vec::new();
        for (task, attempts, error) in rotate_all(plan, world, std::mem::take(&mut left)).await? {
            outcomes.repeated += usize::from(outcomes.rounds.is_empty() && attempts > 1);
            if let Some(error) = error {
                errors.push(error);
                left.push(task);
            }
        }
        outcomes.rounds.push((errors, start.elapsed()));
    }
    for call in world.aws.calls() {
        let write = matches!(
            call.operation.as_str(),
            "PutSecretValue" | "UpdateSecretVersionStage"
        );
        outcomes.writes += usize::from(write);
        outcomes.throttled += usize::from(call.outcome.as_deref() == Some("ThrottlingException"));
    }
    Ok(outcomes)
}

/// One round: each with its attempts so far, and the error it ended with.
async fn rotate_all(
    plan: &Plan,
    world: &Arc<World>,
    tasks: Vec<Task>,
) -> Anything<Vec<(Task, usize, Option<String>)>> {
    let places = Arc::new(Semaphore::new(plan.at_once));
    let mut running = Vec::new();
    for task in tasks {
        let place = Arc::clone(&places).acquire_owned().await?;
        let world = Arc::clone(world);
        running.push(tokio::spawn(async move {
            let run = rotate(&world, &task).await;
            drop(place);
            run.map(|(attempts, error)| (task, attempts, error))
        }));
    }
    let mut done = Vec::new();
    for rotation in running {
        done.push(rotation.await??);
    }
    Ok(done)
}

/// One rotation, begun or attempted again: its attempts so far, and the error it ended with.
async fn rotate(world: &World, task: &Task) -> Anything<(usize, Option<String>)> {
    let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{FUNCTION}");
    let rules = RotationRulesType::builder().automatically_after_days(30).build();
    let call = world
        .client
        .rotate_secret()
        .secret_id(&task.secret)
        .client_request_token(&task.token);
    call.rotation_lambda_arn(arn).rotation_rules(rules).send().await?;
    let run = world
        .aws
        .wait_for_rotation(&task.secret, &task.token)
        .await
        .ok_or("the rotation is not known")?;
    let error = match run.outcome {
        Some(RotationOutcome::Succeeded) => None,
        _ => Some(
            run.last_error()
                .map_or_else(|| "no error".to_owned(), |error| error.error_type.clone()),
        ),
    };
    Ok((run.attempts.len(), error))
}

fn tell(plan: &Plan, outcomes: &Outcomes) {
    let least = WRITES * plan.secrets / plan.writes_per_second.max(1);
    println!(
        "{} secrets, {} writes a second, {} at once (the quota alone: {least} s)",
        plan.secrets, plan.writes_per_second, plan.at_once
    );
    let mut before = plan.secrets;
    for (errors, over) in &outcomes.rounds {
        println!(
            "  {} of {before} succeeded, {} failed, {:.1} s after the beginning",
            before - errors.len(),
            errors.len(),
            over.as_secs_f64()
        );
        let names: BTreeSet<_> = errors.iter().collect();
        for name in names {
            let count = errors.iter().filter(|error| *error == name).count();
            println!("    failed: {name}, {count} times; they are attempted again");
        }
        before = errors.len();
    }
    println!(
        "writes: {} asked, {} of the calls throttled; rotations that Secrets Manager repeated by itself: {}",
        outcomes.writes, outcomes.throttled, outcomes.repeated
    );
    println!("left: {before}");
}
