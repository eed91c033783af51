//! Sends sample events to the function under cargo-lambda's runtime: `make invoke`.
//!
//! Sets up what the events need: a throwaway PostgreSQL, the local Secrets Manager with the secret that they name,
//! and a version labelled AWSPENDING under their token. Each command is printed before it is run.

#![expect(clippy::print_stdout, reason = "a person reads along")]

use std::error::Error;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode};
use std::time::Duration;
use std::{env, fs};

use keywheel_tests::pair::{Admin, Power, admin_document};
use keywheel_tests::postgres::{Cluster, Server, TestDatabase, cluster};
use keywheel_tests::tools::Tools;
use keywheel_tests::world::{ALTERNATING, FUNCTION, client};
use secrets_manager_local::LocalSecretsManager;
use serde_json::Value;
use tokio::net::TcpStream;

/// The six characters at the end of the ARN in the events.
const ARN_SUFFIX: &str = "AbCdEf";
/// The events that are sent if none is named, in order.
const STEPS: [&str; 4] = ["create-secret", "set-secret", "test-secret", "finish-secret"];
/// How long cargo-lambda may take to listen: it compiles only when it is first invoked.
const PATIENCE: Duration = Duration::from_mins(1);

type Anything<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("invoke: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Anything<bool> {
    let events = events();
    let function = function_of(&events)?;
    let cargo_lambda = Tools::load()?.cargo_lambda()?.to_owned();
    let server = cluster(Server::Main);
    let database = TestDatabase::new(server).await;
    let admin = Admin::new(&database, Power::CreateRole).await;
    let (aws, secret) = secrets_manager(&database, &admin, &function, &events).await?;
    println!(
        "PostgreSQL {} on localhost:{}, Secrets Manager on {}\n",
        server.version(),
        server.port(),
        aws.url()
    );

    let watch = Watch::start(&cargo_lambda, &aws.url(), server).await?;
    let mut succeeded = true;
    for event in events {
        succeeded &= watch.invoke(&cargo_lambda, &function, &event)?;
        show_labels(&aws, &secret).await?;
    }
    Ok(succeeded)
}

/// The files named on the command line, or one a step.
fn events() -> Vec<PathBuf> {
    let named: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    if !named.is_empty() {
        return named;
    }
    STEPS
        .map(|step| {
            workspace()
                .join("events")
                .join(FUNCTION)
                .join(step)
                .with_extension("json")
        })
        .to_vec()
}

/// The function that the events are for: the folder that they lie in, or the first one's if they are refused anyway.
fn function_of(events: &[PathBuf]) -> Anything<String> {
    let first = events.first().ok_or("no event is named")?;
    let folder = first.parent().and_then(Path::file_name).unwrap_or_default();
    let known = [FUNCTION, ALTERNATING];
    let function = known.into_iter().find(|name| folder == *name).unwrap_or(FUNCTION);
    Ok(function.to_owned())
}

fn workspace() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}

/// A Secrets Manager that has the events' secret, with their token staged.
async fn secrets_manager(
    database: &TestDatabase<'_>,
    admin: &Admin,
    function: &str,
    events: &[PathBuf],
) -> Anything<(LocalSecretsManager, String)> {
    let aws = LocalSecretsManager::builder()
        .arn_suffix(ARN_SUFFIX)
        .start()
        .await?;
    let client = client(&aws.url());
    let mut document = database.document();
    if function == ALTERNATING {
        let create = client.create_secret().name("keywheel/admin");
        let created = create
            .secret_string(admin_document(database, admin).to_string())
            .send()
            .await?;
        document["masterarn"] = created.arn.into();
    }
    let secret = function.replace("rotate-postgres-", "keywheel/");
    let create = client
        .create_secret()
        .name(&secret)
        .secret_string(document.to_string());
    create.send().await?;
    let first = events.first().ok_or("no event is named")?;
    let event: Value = serde_json::from_slice(&fs::read(first)?)?;
    if let Some(token) = event["ClientRequestToken"].as_str() {
        // A token that is none is what a malformed event is there to show.
        let _ = aws.stage_pending(&secret, token);
    }
    Ok((aws, secret))
}

async fn show_labels(aws: &LocalSecretsManager, secret: &str) -> Anything<()> {
    let described = client(&aws.url())
        .describe_secret()
        .secret_id(secret)
        .send()
        .await?;
    let labels: staging_labels::Labels = described
        .version_ids_to_stages
        .unwrap_or_default()
        .into_iter()
        .collect();
    println!("  labels: {labels}\n");
    Ok(())
}

/// `cargo lambda watch`, stopped when dropped.
struct Watch {
    process: Child,
    port: u16,
}

impl Watch {
    async fn start(cargo_lambda: &Path, url: &str, server: &Cluster) -> Anything<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(cargo_lambda);
        command
            .args([
                "lambda",
                "watch",
                "--ignore-changes",
                "--quiet",
                "--package",
                "rotate-postgres",
            ])
            .args([
                "--invoke-address",
                "127.0.0.1",
                "--invoke-port",
                &port.to_string(),
            ]);
        println!("$ {}", shown(&command));
        let process = command
            .current_dir(workspace())
            .env("AWS_ENDPOINT_URL", url)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("PGSSLROOTCERT", server.authority_path())
            .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
            .spawn()?;
        let watch = Self { process, port };
        watch.listening().await?;
        Ok(watch)
    }

    async fn listening(&self) -> Anything<()> {
        let connected = async {
            while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        Ok(tokio::time::timeout(PATIENCE, connected)
            .await
            .map_err(|_| "cargo lambda watch does not listen")?)
    }

    fn invoke(&self, cargo_lambda: &Path, function: &str, event: &Path) -> Anything<bool> {
        let mut command = Command::new(cargo_lambda);
        command
            .args(["lambda", "invoke", function, "--invoke-address", "127.0.0.1"])
            .args(["--invoke-port", &self.port.to_string(), "--data-file"])
            .arg(event.strip_prefix(workspace()).unwrap_or(event));
        println!("$ {}", shown(&command));
        Ok(command.current_dir(workspace()).status()?.success())
    }
}

impl Drop for Watch {
    /// By a signal that lets it stop the function first; what std offers would orphan it.
    fn drop(&mut self) {
        let stopped = Command::new("kill")
            .args(["-TERM", &self.process.id().to_string()])
            .status();
        if !stopped.is_ok_and(|status| status.success()) {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

fn shown(command: &Command) -> String {
    let words = command.get_args().map(|word| word.to_string_lossy());
    std::iter::once("cargo".into())
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}
