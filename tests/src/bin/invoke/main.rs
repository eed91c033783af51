//! Sends sample events to the function under cargo-lambda's runtime: `make invoke`.
//!
//! Sets up what the events need: throwaway servers, the local Secrets Manager with the secret that they name, and a
//! version labelled AWSPENDING under their token. Each command is printed before it is run.

#![expect(clippy::print_stdout, reason = "a person reads along")]

mod scene;
mod watch;

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use keywheel_tests::tools::Tools;
use keywheel_tests::world::FUNCTION;

use crate::scene::Scene;
use crate::watch::Watch;

/// The events that are sent if none is named, in order.
const STEPS: [&str; 4] = ["create-secret", "set-secret", "test-secret", "finish-secret"];

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
    let first = events.first().ok_or("no event is named")?;
    let cargo_lambda = Tools::load()?.cargo_lambda()?.to_owned();
    let scene = Scene::of(first).await?;
    println!("{}\n", scene.servers());

    let watch = Watch::start(&cargo_lambda, &scene).await?;
    let mut succeeded = true;
    for event in events {
        succeeded &= watch.invoke(&cargo_lambda, scene.function, &event)?;
        println!("  labels: {}\n", scene.labels().await?);
    }
    Ok(succeeded)
}

/// The files named on the command line, or one a step.
fn events() -> Vec<PathBuf> {
    let named: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    if !named.is_empty() {
        return named;
    }
    let folder = workspace().join("events").join(FUNCTION);
    STEPS
        .map(|step| folder.join(step).with_extension("json"))
        .to_vec()
}

fn workspace() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}
