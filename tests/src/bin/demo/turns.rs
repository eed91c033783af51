//! Two users in turn, and a client that never fails a login.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use keywheel_tests::pair::Pair;
use keywheel_tests::postgres::Cluster;
use staging_labels::Label;

use crate::story::claim;
use crate::table;

/// Rotations in a row.
const TURNS: usize = 4;

/// Rotates two users in turn while a client logs in all the time; whether everything held.
pub(crate) async fn tell(pair: &Pair) -> bool {
    println!("7. Two users in turn: rotate-postgres-alternating-users, with an admin that is no superuser.");
    println!(
        "   A client logs in again and again with what it has cached: up to one rotation old, as an application's cache is.\n"
    );
    let client = Client::start(pair).await;
    let mut held = true;
    for turn in 1..=TURNS {
        let before = pair.user(&Label::Current).await;
        let outcome = pair.rotate().await;
        if let (1, Some(run)) = (turn, pair.aws.rotations(&pair.secret).last()) {
            print!("{}", table::steps(run));
        }
        if let Err(error) = outcome {
            println!("   {error}");
            return false;
        }
        println!(
            "   rotation {turn}: {before} -> {}",
            pair.user(&Label::Current).await
        );
        // What the client had is one rotation old now. It works, and only then the client reads the secret anew.
        client.logs_in_some_more().await;
        client.reads_the_secret(pair).await;
    }
    let (logins, failed) = client.stop().await;
    println!("\n   Checked just now:");
    held &= claim(
        &format!("{logins} logins during {TURNS} rotations, {failed} failed"),
        logins > 0 && failed == 0,
    );
    held &= one_owner(pair).await;
    held
}

/// Each session makes a table; all belong to one role.
async fn one_owner(pair: &Pair) -> bool {
    for (label, table) in [
        (Label::Current, "made_by_one"),
        (Label::Previous, "made_by_the_other"),
    ] {
        let session = pair.session(&label).await;
        let made = session
            .batch_execute(&format!(
                "CREATE SCHEMA IF NOT EXISTS demo; CREATE TABLE demo.{table} (i int)"
            ))
            .await;
        if let Err(error) = made {
            println!("   {error}");
            return false;
        }
    }
    let owners = "SELECT string_agg(DISTINCT pg_get_userbyid(relowner), ', ') FROM pg_class WHERE relnamespace = 'demo'::regnamespace";
    let owners = pair.database.value(owners).await;
    claim(
        "a table made by the one and a table made by the other have one owner",
        owners == pair.database.user(),
    )
}

/// A client with a cached credential.
struct Client {
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    credential: tokio::sync::Mutex<(String, String)>,
    logins: AtomicUsize,
    failed: AtomicUsize,
    stop: AtomicBool,
}

impl Client {
    async fn start(pair: &Pair) -> Self {
        let shared = Arc::new(Shared {
            credential: tokio::sync::Mutex::new(credential(pair).await),
            logins: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        });
        let (cluster, database) = (pair.database.cluster(), pair.database.name().to_owned());
        let task = tokio::spawn(log_in_again_and_again(shared.clone(), cluster, database));
        Self { shared, task }
    }

    async fn logs_in_some_more(&self) {
        let enough = self.shared.logins.load(Ordering::Relaxed) + 5;
        while self.shared.logins.load(Ordering::Relaxed) < enough {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn reads_the_secret(&self, pair: &Pair) {
        let fresh = credential(pair).await;
        *self.shared.credential.lock().await = fresh;
    }

    async fn stop(self) -> (usize, usize) {
        self.shared.stop.store(true, Ordering::Relaxed);
        let _ = self.task.await;
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        (count(&self.shared.logins), count(&self.shared.failed))
    }
}

async fn credential(pair: &Pair) -> (String, String) {
    (
        pair.user(&Label::Current).await,
        pair.password(&Label::Current).await,
    )
}

async fn log_in_again_and_again(shared: Arc<Shared>, cluster: &'static Cluster, database: String) {
    while !shared.stop.load(Ordering::Relaxed) {
        let (user, password) = shared.credential.lock().await.clone();
        if let Err(error) = cluster.login(&user, &password, &database).await {
            println!("   a login of {user} failed: {error}");
            shared.failed.fetch_add(1, Ordering::Relaxed);
        }
        shared.logins.fetch_add(1, Ordering::Relaxed);
    }
}
