//! Rotates a fleet at once against the account's quota of writes, and tells what came of it: `make fleet`.
//!
//! Figures, not verdicts: docs/quotas.md has the arithmetic that they go with.

#![expect(clippy::print_stdout, reason = "the figures are for a person")]

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
    let outcomes = rotate_all(&plan, Arc::new(aws), &client, secrets).await?;
    tell(&plan, &outcomes, start.elapsed());
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

/// What came of all of them.
#[derive(Default)]
struct Outcomes {
    succeeded: usize,
    failed: Vec<String>,
    repeated: usize,
    writes: usize,
    throttled: usize,
}

async fn rotate_all(
    plan: &Plan,
    aws: Arc<LocalSecretsManager>,
    client: &Client,
    secrets: Vec<String>,
) -> Anything<Outcomes> {
    let places = Arc::new(Semaphore::new(plan.at_once));
    let mut running = Vec::new();
    for secret in secrets {
        let place = Arc::clone(&places).acquire_owned().await?;
        let (aws, client) = (Arc::clone(&aws), client.clone());
        running.push(tokio::spawn(async move {
            let run = rotate(&aws, &client, &secret).await;
            drop(place);
            run
        }));
    }
    let mut outcomes = Outcomes::default();
    for rotation in running {
        let (attempts, error) = rotation.await??;
        outcomes.repeated += usize::from(attempts > 1);
        match error {
            None => outcomes.succeeded += 1,
            Some(error) => outcomes.failed.push(error),
        }
    }
    for call in aws.calls() {
        let write = matches!(
            call.operation.as_str(),
            "PutSecretValue" | "UpdateSecretVersionStage"
        );
        outcomes.writes += usize::from(write);
        outcomes.throttled += usize::from(call.outcome.as_deref() == Some("ThrottlingException"));
    }
    Ok(outcomes)
}

/// One rotation: its attempts, and the error it ended with.
async fn rotate(
    aws: &LocalSecretsManager,
    client: &Client,
    secret: &str,
) -> Anything<(usize, Option<String>)> {
    let token = Uuid::new_v4().to_string();
    let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{FUNCTION}");
    let rules = RotationRulesType::builder().automatically_after_days(30).build();
    let call = client
        .rotate_secret()
        .secret_id(secret)
        .client_request_token(&token);
    call.rotation_lambda_arn(arn).rotation_rules(rules).send().await?;
    let run = aws
        .wait_for_rotation(secret, &token)
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

fn tell(plan: &Plan, outcomes: &Outcomes, took: Duration) {
    let least = WRITES * plan.secrets / plan.writes_per_second.max(1);
    println!(
        "{} secrets, {} writes a second, {} at once: {} succeeded, {} failed, in {:.1} s (the quota alone: {least} s)",
        plan.secrets,
        plan.writes_per_second,
        plan.at_once,
        outcomes.succeeded,
        outcomes.failed.len(),
        took.as_secs_f64()
    );
    println!(
        "writes: {} asked, {} of the calls throttled; rotations that Secrets Manager repeated: {}",
        outcomes.writes, outcomes.throttled, outcomes.repeated
    );
    for error in &outcomes.failed {
        println!("failed: {error}");
    }
}
