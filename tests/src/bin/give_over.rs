//! Gives thousands of tables to another owner while applications read all of them: `make give-over`.
//!
//! A clone as AWS's template leaves it owns the tables; each rotation gives some of them to the original. Measured are the longest wait of
//! a reader, against what it waits without rotations, and the most locks that the function's sessions hold at once. Figures, not
//! verdicts, but for one: no reader's query fails.

#![expect(clippy::print_stdout, reason = "the figures are for a person")]

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use keywheel_tests::pair::{Pair, Power};
use keywheel_tests::postgres::{Cluster, Options, Server, TestDatabase};
use keywheel_tests::world::Setup;
use tokio::task::JoinHandle;
use tokio_postgres::Client;

/// Applications that read.
const READERS: usize = 8;
/// How long they are measured without any rotation.
const BEFORE: Duration = Duration::from_secs(10);

/// What a reader saw.
#[derive(Default)]
struct Seen {
    queries: usize,
    longest: Duration,
    failed: Vec<String>,
}

#[tokio::main]
async fn main() -> Result<(), String> {
    let tables: usize = match env::args().nth(1).map(|text| text.parse()) {
        Some(Ok(tables)) => tables,
        _ => return Err("give_over TABLES".to_owned()),
    };
    let options = Options::new(Server::Eighteen);
    let cluster = Cluster::start(&options).map_err(|error| error.to_string())?;
    // The pair lives as long as the program.
    let cluster: &'static Cluster = Box::leak(Box::new(cluster));
    let pair = Pair::of(
        Setup::on(Server::Eighteen),
        TestDatabase::new(cluster).await,
        Power::CreateRole,
    )
    .await;
    let clone = make(&pair, tables).await;
    println!("PostgreSQL 18, {tables} tables, {READERS} applications that read each of them in turn\n");

    let quiet = measured(&pair, tables, tokio::time::sleep(BEFORE)).await;
    println!(
        "without rotations: {} queries, the longest took {} ms",
        quiet.queries,
        quiet.longest.as_millis()
    );

    let locks = Arc::new(AtomicUsize::new(0));
    let watch = watch_locks(&pair, &locks).await;
    let mut rotations = Vec::new();
    let rotate = async {
        loop {
            let (begin, before) = (Instant::now(), owned(&pair, &clone).await);
            match pair.rotate().await {
                Ok(_) => {}
                // The clone is in use, and the original could not do the same yet. What was given over stays so.
                Err(error) if error.error_type == "RightsDiffer" => pair.cancel_and_clean_up().await,
                Err(error) => return Err(error.to_string()),
            }
            let left = owned(&pair, &clone).await;
            rotations.push((before - left, begin.elapsed()));
            if left == 0 || before == left {
                return Ok::<usize, String>(left);
            }
        }
    };
    let mut left = Ok(0);
    let busy = measured(&pair, tables, Box::pin(async { left = rotate.await })).await;
    watch.abort();
    for (number, (given, took)) in rotations.iter().enumerate() {
        println!(
            "rotation {:>2}: {given} tables in {:.1} s",
            number + 1,
            took.as_secs_f64()
        );
    }
    println!(
        "with rotations: {} queries, the longest took {} ms; {} failed; {} tables left",
        busy.queries,
        busy.longest.as_millis(),
        busy.failed.len(),
        left?
    );
    println!(
        "the function's sessions held {} locks at most",
        locks.load(Ordering::Relaxed)
    );
    match busy.failed.first() {
        Some(error) => Err(format!("a reader's query failed: {error}")),
        None => Ok(()),
    }
}

/// Makes a clone that owns the tables, in transactions of a hundred: all at once would fill the server's lock table.
async fn make(pair: &Pair, tables: usize) -> String {
    let (role, clone) = (pair.database.role(), pair.database.clone_user());
    pair.database
        .sql(&format!("CREATE ROLE {clone} LOGIN; GRANT {role} TO {clone}"))
        .await;
    pair.admin.gets_admin_option_on(&clone).await;
    for first in (0..tables).step_by(100) {
        let last = (first + 99).min(tables - 1);
        pair.database
            .sql(&format!(
                "DO $$ BEGIN FOR i IN {first}..{last} LOOP EXECUTE format('CREATE TABLE t%s (i int PRIMARY KEY); ALTER TABLE t%s OWNER TO {clone}', i, i); \
                 END LOOP; END $$"
            ))
            .await;
    }
    clone
}

async fn owned(pair: &Pair, clone: &str) -> usize {
    let query =
        format!("SELECT count(*)::text FROM pg_class WHERE relkind = 'r' AND relowner = '{clone}'::regrole");
    pair.database.value(&query).await.parse().expect("a number")
}

async fn superuser(pair: &Pair) -> Client {
    let session = pair.database.cluster().superuser_client(pair.database.name());
    session.await.expect("a session")
}

/// What all readers see until `during` is over.
async fn measured(pair: &Pair, tables: usize, during: impl Future<Output = ()>) -> Seen {
    let stop = Arc::new(AtomicBool::new(false));
    let mut readers = Vec::new();
    for number in 0..READERS {
        let (session, stop) = (superuser(pair).await, Arc::clone(&stop));
        let from = number * tables / READERS;
        readers.push(tokio::spawn(read(session, tables, from, stop)));
    }
    during.await;
    stop.store(true, Ordering::Relaxed);
    let mut all = Seen::default();
    for reader in readers {
        let seen = reader.await.expect("a reader does not panic");
        all.queries += seen.queries;
        all.longest = all.longest.max(seen.longest);
        all.failed.extend(seen.failed);
    }
    all
}

async fn read(session: Client, tables: usize, from: usize, stop: Arc<AtomicBool>) -> Seen {
    let mut seen = Seen::default();
    for table in (0..tables).cycle().skip(from) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let begin = Instant::now();
        let answer = session
            .simple_query(&format!("SELECT count(*) FROM public.t{table}"))
            .await;
        seen.queries += 1;
        seen.longest = seen.longest.max(begin.elapsed());
        if let Err(error) = answer {
            seen.failed.push(error.to_string());
        }
    }
    seen
}

/// Looks again and again how many locks the function's sessions hold.
async fn watch_locks(pair: &Pair, most: &Arc<AtomicUsize>) -> JoinHandle<()> {
    let (session, most) = (superuser(pair).await, Arc::clone(most));
    tokio::spawn(async move {
        let query = "SELECT coalesce(max(n), 0)::text FROM (SELECT count(*) AS n FROM pg_locks JOIN pg_stat_activity USING (pid) \
                     WHERE application_name = 'keywheel' GROUP BY pid) AS held";
        loop {
            let row = session.query_one(query, &[]).await.expect("it answers");
            let held = row.get::<_, String>(0).parse().expect("a number");
            most.fetch_max(held, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
}
