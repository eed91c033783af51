//! The program: `secrets-manager-local serve`.

mod command_line;

use std::io::{self, Write as _};
use std::os::unix::process::parent_id;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use command_line::{CommandLine, Serve};
use secrets_manager_local::LocalSecretsManager;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

const NOT_FOR_PRODUCTION: &str = "secrets-manager-local is for tests and laptops, not for production: it checks no signature and encrypts nothing";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let command_line::Command::Serve(serve) = CommandLine::parse().command;
    match run(serve).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if stderr is closed.
            let _ = writeln!(io::stderr(), "secrets-manager-local: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(serve: Serve) -> io::Result<()> {
    // Before anybody is told that it serves: the parent may end right after.
    let parent = parent_id();
    let (mut terminated, mut interrupted) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (secrets, ends_with_parent) = (serve.first_secrets()?, serve.ends_with_parent());
    let token = serve.token()?;
    let mut builder = serve.into_builder()?;
    if let Some(token) = &token {
        builder = builder.token(token);
    }
    writeln!(io::stderr(), "{NOT_FOR_PRODUCTION}")?;
    let server = builder.start().await?;
    for (name, value) in secrets {
        let created = server.create_secret(&name, &value);
        created.map_err(|error| io::Error::other(format!("--secrets: {name}: {error}")))?;
    }
    announce(&server, token.as_deref())?;
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
        () = has_ended(parent), if ends_with_parent => {}
    }
    drop(server);
    Ok(())
}

/// A process whose parent ends gets another one.
async fn has_ended(parent: u32) {
    while parent_id() == parent {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The first line on stdout: one JSON object.
fn announce(server: &LocalSecretsManager, token: Option<&str>) -> io::Result<()> {
    let mut line = json!({
        "url": server.url(),
        "pid": std::process::id(),
        "region": server.regions().first(),
        "regions": server.regions(),
        "account": server.account(),
        "functions": server.function_arns(),
    });
    if let Some(token) = token {
        line["accessKeyId"] = token.into();
    }
    let mut stdout = io::stdout();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}
