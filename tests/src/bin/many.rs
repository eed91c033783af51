//! What `keywheel status`, its page and `keywheel rotate-all` take with many secrets: `make many`.
//!
//! Figures, not verdicts: seconds, the most memory, and the calls to AWS. docs/fleet.md has them.

#![expect(clippy::print_stdout, reason = "the figures are for a person")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use keywheel_tests::fleet::Fleet;
use secrets_manager_local::{Clock, LocalSecretsManager};
use tokio::process::Command;

const FUNCTION: &str = "rotate";
/// How often the memory is looked at.
const OFTEN: Duration = Duration::from_millis(10);

type Anything<T> = Result<T, Box<dyn Error + Send + Sync>>;

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
    let fleet = Fleet::start(Clock::system(), &[FUNCTION], &[]).await?;
    let start = Instant::now();
    // Every seventh is due each week.
    for number in 0..secrets {
        let days = if number % 7 == 0 { 7 } else { 30 };
        fleet.add(&format!("many/{number:05}"), FUNCTION, days).await;
    }
    println!("{secrets} secrets made in {:.1} s", start.elapsed().as_secs_f64());
    println!("rotate-all takes some minutes");
    println!(
        "{:<44} {:>8} {:>8}  calls to AWS",
        "keywheel", "seconds", "most MiB"
    );
    let shown = page.to_string_lossy();
    let commands: [&[&str]; 4] = [
        &["status"],
        &["status", "--json"],
        &["status", "--html", &shown],
        &["rotate-all", "many/", "--yes", "--at-once", "10"],
    ];
    for arguments in commands {
        measure(&fleet.aws, arguments).await?;
    }
    println!(
        "the page has {} KiB: {}",
        fs::metadata(&page)?.len() / 1024,
        page.display()
    );
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
        "{line:<44} {seconds:>8.1} {:>8}  {}{}",
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
