//! Rotates real secrets in front of a person: `make demo`.

mod api_key;
mod client;
mod screen;
mod story;
mod turns;

use std::env;
use std::process::ExitCode;
use std::time::Instant;

use keywheel_tests::functions;
use keywheel_tests::pair::{Pair, Power};
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::Setup;

use crate::screen::{claim, command, heading, say};
use crate::story::Story;

#[tokio::main]
async fn main() -> ExitCode {
    let part = env::args().nth(1).unwrap_or_default();
    let (postgres, api_key) = match part.as_str() {
        "" => (true, true),
        "postgres" => (true, false),
        "api-key" => (false, true),
        _ => {
            say(&format!(
                "there is no part {part}; name postgres, api-key, or none for both"
            ));
            return ExitCode::FAILURE;
        }
    };
    heading("Keywheel rotates secrets in AWS Secrets Manager");
    say(
        "Real: PostgreSQL with TLS and SCRAM, Unleash, which issues API keys, and the Lambda functions as they \
         are deployed. A local Secrets Manager stands in for AWS.",
    );
    // Before the clock of the story starts: a build is not part of it.
    if let Err(error) = functions::build() {
        say(&format!("the functions could not be built: {error}"));
        return ExitCode::FAILURE;
    }
    let start = Instant::now();
    let mut held = true;
    if postgres {
        held &= passwords().await;
    }
    if api_key {
        held &= self::api_key::tell(if postgres { 5 } else { 1 }).await;
    }
    heading("The end");
    let seconds = start.elapsed().as_secs_f64();
    claim(
        &format!("everything above held ({seconds:.0} s; nothing is left running)"),
        held,
    );
    if !held {
        say("Something above did not hold: please report it.");
        return ExitCode::FAILURE;
    }
    anstream::println!();
    say("What to try next:");
    command("make invoke          one step at a time, with the sample events");
    command("make gap             the logins that an application sees refused, counted");
    command("make bench           start, rotation and memory of the release builds");
    command("make docs-open       the book: choose a strategy, install, the runbook");
    ExitCode::SUCCESS
}

/// A PostgreSQL password by each of the two functions; whether everything held.
async fn passwords() -> bool {
    let server = cluster(Server::Main);
    let database = TestDatabase::with_user(server, "app").await;
    say(&format!(
        "PostgreSQL {}, log_statement=all, on localhost:{}.",
        server.version(),
        server.port()
    ));
    let world = Setup::on(Server::Main)
        .named("orders/db")
        .start_with(database)
        .await;
    let mut held = Story::of(&world).tell().await;
    drop(world);
    let database = TestDatabase::with_user(server, "shop").await;
    let pair = Pair::of(Setup::on(Server::Main), database, Power::CreateRole).await;
    held &= turns::tell(&pair).await;
    held
}
