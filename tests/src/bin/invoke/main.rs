//! Sends sample events to the function under cargo-lambda's runtime: `make invoke`.
//!
//! Sets up what the events need: throwaway servers, the local Secrets Manager with the secret that they name, and a
//! version labelled AWSPENDING under their token. Each event is one line; RAW=1 shows the commands and the function's own log.

#![expect(clippy::print_stdout, reason = "a person reads along")]

mod line;
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

    let raw = env::var_os("RAW").is_some_and(|value| !value.is_empty());
    let watch = Watch::start(&cargo_lambda, &scene, raw).await?;
    let mut succeeded = true;
    for (index, event) in events.iter().enumerate() {
        let answer = watch.invoke(&cargo_lambda, scene.function, event, index == 0)?;
        succeeded &= answer.succeeded;
        println!("{}", line::of(&answer, &scene.labels().await?));
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
