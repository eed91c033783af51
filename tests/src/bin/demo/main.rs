//! Rotates real secrets in front of a person: `make demo`.

#![expect(clippy::print_stdout, reason = "a demonstration is there to be read")]

mod api_key;
mod client;
mod story;
mod table;
mod turns;

use std::env;
use std::process::ExitCode;
use std::time::Instant;

use keywheel_tests::functions;
use keywheel_tests::pair::{Pair, Power};
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::{FUNCTION, Setup};

#[tokio::main]
async fn main() -> ExitCode {
    let part = env::args().nth(1).unwrap_or_default();
    let (postgres, api_key) = match part.as_str() {
        "" => (true, true),
        "postgres" => (true, false),
        "api-key" => (false, true),
        _ => {
            println!("there is no part {part}; name postgres, api-key, or none for both");
            return ExitCode::FAILURE;
        }
    };
    println!("\nKeywheel: secrets are rotated by the Lambda functions that are deployed.\n");
    // Before the clock of the story starts: a build is not part of it.
    if let Err(error) = functions::build() {
        println!("the functions could not be built: {error}");
        return ExitCode::FAILURE;
    }
    let start = Instant::now();
    let mut held = true;
    if postgres {
        held &= passwords().await;
    }
    if api_key {
        held &= self::api_key::tell(if postgres { 8 } else { 1 }).await;
    }
    let seconds = start.elapsed().as_secs_f64();
    if held {
        println!("\nEverything held, in {seconds:.1} s. The servers stop now; nothing is left running.");
        ExitCode::SUCCESS
    } else {
        println!("\nSomething above did not hold: please report it. It took {seconds:.1} s.");
        ExitCode::FAILURE
    }
}

/// A PostgreSQL password by each of the two functions; whether everything held.
async fn passwords() -> bool {
    let server = cluster(Server::Main);
    let role = format!("demo_{}", std::process::id());
    let database = TestDatabase::with_user(server, &role).await;
    println!(
        "1. A throwaway PostgreSQL {} with TLS, SCRAM and log_statement=all",
        server.version()
    );
    println!(
        "   listens on localhost:{}. Role {role} owns database {}.\n",
        server.port(),
        database.name()
    );

    let world = Setup::on(Server::Main).start_with(database).await;
    println!(
        "2. A local Secrets Manager on {} hosts {FUNCTION}.\n",
        world.aws.url()
    );

    let mut held = story::tell(&world).await;
    drop(world);
    let role = format!("turns_{}", std::process::id());
    let database = TestDatabase::with_user(server, &role).await;
    let pair = Pair::of(Setup::on(Server::Main), database, Power::CreateRole).await;
    held &= turns::tell(&pair).await;
    println!();
    held
}
