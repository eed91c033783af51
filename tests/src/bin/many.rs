//! What `keywheel status`, its page and `keywheel rotate-all` take with many secrets: `make many`.
//!
//! Figures, not verdicts: seconds, the most memory, and the calls to AWS. docs/fleet.md has them.

#![expect(clippy::print_stdout, reason = "the figures are for a person")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::types::RotationRulesType;
use keywheel_tests::world::client;
use secrets_manager_local::{Function, LocalSecretsManager, function_arn};
use tokio::process::Command;

const FUNCTION: &str = "rotate";
/// How often the memory is looked at.
const OFTEN: Duration = Duration::from_millis(10);

type Anything<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// It stores a value and moves the labels, as fast as can be: this is about the command line.
const CODE: &str = r#"
import json, os, urllib.request

api, url = os.environ["AWS_LAMBDA_RUNTIME_API"], os.environ["AWS_ENDPOINT_URL"]


def post(address, body, headers={}):
    return urllib.request.urlopen(urllib.request.Request(address, body, headers)).read()


def call(operation, **parameters):
    kind = {"x-amz-target": f"secretsmanager.{operation}", "content-type": "application/x-amz-json-1.1"}
    return json.loads(post(url, json.dumps(parameters).encode(), kind))


def step(event):
    secret, version = event["SecretId"], event["ClientRequestToken"]
    if event["Step"] == "createSecret":
        call("PutSecretValue", SecretId=secret, ClientRequestToken=version, SecretString="{}", VersionStages=["AWSPENDING"])
    if event["Step"] == "finishSecret":
        labels = call("DescribeSecret", SecretId=secret)["VersionIdsToStages"]
        current = next(one for one, names in labels.items() if "AWSCURRENT" in names)
        if current != version:
            call("UpdateSecretVersionStage", SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=version, RemoveFromVersionId=current)


while True:
    answer = urllib.request.urlopen(f"http://{api}/2018-06-01/runtime/invocation/next")
    request = answer.headers["lambda-runtime-aws-request-id"]
    step(json.load(answer))
    post(f"http://{api}/2018-06-01/runtime/invocation/{request}/response", b"null")
"#;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("many: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Anything<()> {
    let mut arguments = std::env::args().skip(1);
    let secrets: usize = arguments.next().ok_or("many SECRETS [PAGE]")?.parse()?;
    let directory = tempfile::tempdir()?;
    let page = arguments
        .next()
        .map_or_else(|| directory.path().join("page.html"), PathBuf::from);
    let aws = LocalSecretsManager::builder()
        .function(Function::new(FUNCTION, program(directory.path())?))
        .start()
        .await?;
    let start = Instant::now();
    fleet(&aws, secrets).await?;
    println!("{secrets} secrets made in {:.1} s", start.elapsed().as_secs_f64());
    println!("{:<34} {:>9} {:>9}  calls", "", "s", "MiB");
    let shown = page.to_string_lossy();
    let commands: [&[&str]; 4] = [
        &["status"],
        &["status", "--json"],
        &["status", "--html", &shown],
        &["rotate-all", "many/", "--yes", "--at-once", "10"],
    ];
    for arguments in commands {
        measure(&aws, arguments).await?;
    }
    println!("{}: {} KiB", page.display(), fs::metadata(&page)?.len() / 1024);
    Ok(())
}

fn program(directory: &Path) -> Anything<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = directory.join("rotate");
    fs::write(&path, format!("#!/usr/bin/env python3{CODE}"))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

/// All with rotation; every seventh is due each week.
async fn fleet(aws: &LocalSecretsManager, secrets: usize) -> Anything<()> {
    let client = client(&aws.url());
    for number in 0..secrets {
        let name = format!("many/{number:05}");
        aws.create_secret(&name, "{}")
            .map_err(|error| format!("{error:?}"))?;
        let days = if number % 7 == 0 { 7 } else { 30 };
        let rules = RotationRulesType::builder()
            .automatically_after_days(days)
            .build();
        let call = client.rotate_secret().secret_id(&name).rotation_rules(rules);
        let attached = call
            .rotation_lambda_arn(function_arn(FUNCTION))
            .rotate_immediately(false)
            .send()
            .await?;
        let version = attached.version_id.ok_or("a rotation without a version")?;
        aws.wait_for_rotation(&name, &version).await;
    }
    Ok(())
}

/// Runs `keywheel` with these arguments, and tells what it took. The function's calls are not signed, so they count as well.
async fn measure(aws: &LocalSecretsManager, arguments: &[&str]) -> Anything<()> {
    aws.clear_calls();
    let program = std::env::current_exe()?.with_file_name("keywheel");
    let start = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .env("AWS_ENDPOINT_URL", aws.url())
        .env("AWS_REGION", secrets_manager_local::REGION)
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let status = format!("/proc/{}/status", child.id().unwrap_or_default());
    let mut most = 0;
    let ended = loop {
        tokio::select! {
            ended = child.wait() => break ended?,
            () = tokio::time::sleep(OFTEN) => most = most.max(memory(&status)),
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    let mut calls = BTreeMap::<String, usize>::new();
    for call in aws.calls().into_iter().filter(|call| call.function.is_none()) {
        *calls.entry(call.operation).or_default() += 1;
    }
    let calls: Vec<_> = calls
        .iter()
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    let line = arguments.join(" ");
    println!(
        "{line:<34.34} {seconds:>9.1} {:>9.0}  {}{}",
        most / 1024,
        calls.join(", "),
        ended
            .code()
            .filter(|code| *code > 1)
            .map_or(String::new(), |code| format!("  (exit {code})")),
    );
    Ok(())
}

/// The most that it has had so far, in KiB.
fn memory(status: &str) -> u64 {
    let text = fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or_default()
}
