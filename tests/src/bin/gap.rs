//! Counts the logins that are refused while a password is rotated: `make gap`.
//!
//! An application reads AWSCURRENT and logs in, again and again. Meanwhile its secret is rotated, with AWSCURRENT moved in setSecret
//! (the switch) and in finishSecret (the order of AWS's templates); then with a test that fails, and with a move that IAM denies.
//! Figures, not verdicts: docs/proof.md has those of one machine.

#![expect(clippy::print_stdout, reason = "the figures are for a person")]

use std::env;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use keywheel_tests::net::Delay;
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::{FUNCTION, Setup, World};
use secrets_manager_local::{Effect, Fault};
use staging_labels::{Label, Step};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, sleep};

/// A test that an operator can make fail: it looks for a table.
const TEST_SQL: &str = "SELECT NOT EXISTS (SELECT FROM pg_tables WHERE tablename = 'closed')";
/// How long logins are counted after a rotation has failed for good.
const AFTERWARDS: Duration = Duration::from_secs(2);
/// Attempts at a rotation that cannot succeed.
const ATTEMPTS: usize = 2;

/// What is measured, and under which delays.
#[derive(Clone, Copy)]
struct Plan {
    rotations: usize,
    /// Of each call of the function to Secrets Manager.
    secrets_manager: Duration,
    /// Of each round trip of the function to the database.
    database: Duration,
    /// Between two steps.
    steps: Duration,
    /// Between two logins of the application.
    every: Duration,
}

impl Plan {
    /// `gap ROTATIONS SM_MS DB_MS STEPS_MS EVERY_MS`
    fn from_arguments() -> Result<Self, String> {
        let numbers: Result<Vec<u64>, _> = env::args().skip(1).map(|text| text.parse()).collect();
        let [rotations, secrets_manager, database, steps, every] = numbers
            .map_err(|error| error.to_string())?
            .try_into()
            .map_err(|_| "gap ROTATIONS SM_MS DB_MS STEPS_MS EVERY_MS".to_owned())?;
        Ok(Self {
            rotations: usize::try_from(rotations).map_err(|error| error.to_string())?,
            secrets_manager: Duration::from_millis(secrets_manager),
            database: Duration::from_millis(database),
            steps: Duration::from_millis(steps),
            // A pace of nothing is none.
            every: Duration::from_millis(every.max(1)),
        })
    }
}

/// What an application saw.
#[derive(Default)]
struct Seen {
    logins: usize,
    refused: usize,
    /// From the last login that was taken before a refusal to the first after it.
    longest: Duration,
}

/// What makes a rotation fail for good.
#[derive(Clone, Copy)]
enum Cause {
    TestSaysNo,
    MoveDenied,
}

#[tokio::main]
async fn main() -> Result<(), String> {
    let plan = Plan::from_arguments()?;
    println!(
        "{} ms to Secrets Manager, {} ms to the database, {} ms between steps; a login every {} ms\n",
        plan.secrets_manager.as_millis(),
        plan.database.as_millis(),
        plan.steps.as_millis(),
        plan.every.as_millis()
    );
    println!("AWSCURRENT moves in   rotations   logins   refused   longest gap");
    for order in ["finishSecret", "setSecret"] {
        let (world, _way) = world(plan, order).await.map_err(|error| error.to_string())?;
        let application = Application::start(&world, plan.every);
        for _ in 0..plan.rotations {
            rotate(&world, plan).await.map_err(|error| error.to_string())?;
        }
        let seen = application.stop().await;
        println!(
            "{order:<21} {:>9} {:>8} {:>9} {:>8} ms",
            plan.rotations,
            seen.logins,
            seen.refused,
            seen.longest.as_millis()
        );
    }
    println!("\nAWSCURRENT moves in   a rotation fails for good    refused afterwards   the next rotation");
    for order in ["finishSecret", "setSecret"] {
        for (cause, words) in [
            (Cause::TestSaysNo, "TEST_SQL says no"),
            (Cause::MoveDenied, "the move is denied"),
        ] {
            let (world, _way) = world(plan, order).await.map_err(|error| error.to_string())?;
            let seen = failing(&world, plan, cause).await;
            let refused = format!("{} of {}", seen.refused, seen.logins);
            let next = match world.rotate().await {
                Ok(_) if world.current_logs_in().await => "succeeds".to_owned(),
                Ok(_) => "AWSCURRENT does not log in".to_owned(),
                Err(error) => error.to_string(),
            };
            println!("{order:<21} {words:<28} {refused:>18}   {next}");
        }
    }
    Ok(())
}

/// A role, its secret and the function, with the delays of the plan; and the way to the database, for as long as it is kept.
async fn world(plan: Plan, order: &str) -> io::Result<(World, Delay)> {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let way = Delay::start(database.cluster().port(), plan.database)?;
    let document = database.document_at("localhost", way.port()).to_string();
    let setup = Setup::on(Server::Main)
        .env("AWSCURRENT_MOVES", order)
        .env("TEST_SQL", TEST_SQL);
    let world = setup.start_with_document(database, &document).await;
    let delay = u64::try_from(plan.secrets_manager.as_millis()).unwrap_or(u64::MAX);
    let slow = Fault::new(Effect::DelayMs(delay)).by_function(FUNCTION).every();
    world.aws.faults().inject(slow);
    Ok((world, way))
}

async fn rotate(world: &World, plan: Plan) -> Result<(), secrets_manager_local::FunctionError> {
    let token = world.stage();
    for step in Step::ALL {
        world.step(&token, step).await?;
        sleep(plan.steps).await;
    }
    // What a rotation leaves of AWSPENDING, Secrets Manager takes away.
    world.clean_up(&token).await;
    Ok(())
}

/// Lets a rotation fail for good; what the application sees after that, until the cause is gone.
async fn failing(world: &World, plan: Plan, cause: Cause) -> Seen {
    let denied = match cause {
        Cause::TestSaysNo => {
            world.database.sql("CREATE TABLE closed ()").await;
            None
        }
        Cause::MoveDenied => {
            let denied = Fault::error(
                "AccessDeniedException",
                "not authorized to perform secretsmanager:UpdateSecretVersionStage",
            );
            let denied = denied.by_function(FUNCTION).on("UpdateSecretVersionStage");
            Some(world.aws.faults().inject(denied.every()))
        }
    };
    let token = world.stage();
    for _ in 0..ATTEMPTS {
        let failed = world.steps(&token, &Step::ALL).await;
        failed.expect_err("a rotation cannot succeed while the cause lasts");
    }
    let application = Application::start(world, plan.every);
    sleep(AFTERWARDS).await;
    let seen = application.stop().await;
    match denied {
        Some(id) => world.aws.faults().remove(id),
        None => world.database.sql("DROP TABLE closed").await,
    }
    world.cancel_and_clean_up().await;
    seen
}

/// A client that reads AWSCURRENT and logs in.
struct Application {
    ends: Arc<AtomicBool>,
    work: JoinHandle<Seen>,
}

impl Application {
    fn start(world: &World, every: Duration) -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let (client, secret) = (world.client.clone(), world.secret.clone());
        let (server, database) = (world.database.cluster(), world.database.name().to_owned());
        let user = world.database.user().to_owned();
        let ended = Arc::clone(&ends);
        let work = tokio::spawn(async move {
            let mut seen = Seen::default();
            let mut last = Instant::now();
            let mut refused = false;
            let mut pace = tokio::time::interval(every);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while !ended.load(Ordering::Relaxed) {
                pace.tick().await;
                let read = client.get_secret_value().secret_id(&secret);
                let read = read.version_stage(Label::Current.as_str()).send().await;
                let text = read
                    .expect("AWSCURRENT has a value")
                    .secret_string
                    .unwrap_or_default();
                let document: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
                let password = document["password"].as_str().unwrap_or_default();
                seen.logins += 1;
                if server.accepts(&user, password, &database).await {
                    if refused {
                        seen.longest = seen.longest.max(last.elapsed());
                    }
                    (last, refused) = (Instant::now(), false);
                } else {
                    seen.refused += 1;
                    refused = true;
                }
            }
            if refused {
                seen.longest = seen.longest.max(last.elapsed());
            }
            seen
        });
        Self { ends, work }
    }

    async fn stop(self) -> Seen {
        self.ends.store(true, Ordering::Relaxed);
        self.work.await.expect("the application ends")
    }
}
