//! An application of sixteen clients, and twenty rotations that none of them notices.
//!
//! A client keeps what it has read of the secret for one interval. Intervals are counted in rotations, not in time: what was read
//! is used until a whole rotation has gone by since, and once more after it; only then is it read again, and only when all
//! have done so does the next rotation begin. So every credential gets as old as it may, on the slowest machine as on the fastest.

mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use keywheel_tests::pair::Pair;
use keywheel_tests::postgres::Server;
use staging_labels::Label;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::work::{Session, Worker};

const CLIENTS: usize = 16;
const ROTATIONS: usize = 20;
/// Every so manyeth client keeps nothing, and reads the secret each time: in the middle of a rotation, too.
const READS_ALWAYS: usize = 4;
/// Between two rounds of a client; cut short when a rotation is done.
const PAUSE: Duration = Duration::from_millis(200);

/// What all clients share.
struct Application {
    pair: Pair,
    /// The rotation before which what each client holds was read.
    held: [AtomicUsize; CLIENTS],
}

/// A user and a password as they were read, after so many rotations.
#[derive(Clone)]
struct Credential {
    user: String,
    password: String,
    after: usize,
}

impl Application {
    async fn read(&self, after: usize) -> Credential {
        let text = self
            .pair
            .text(&Label::Current)
            .await
            .expect("AWSCURRENT has a value");
        let document: serde_json::Value = serde_json::from_str(&text).expect("the document is JSON");
        let field = |key: &str| {
            document[key]
                .as_str()
                .expect("it has user and password")
                .to_owned()
        };
        Credential {
            user: field("username"),
            password: field("password"),
            after,
        }
    }

    async fn log_in(&self, credential: &Credential) -> Session {
        let (user, database) = (&credential.user, &self.pair.database);
        let session = database
            .cluster()
            .login(user, &credential.password, database.name());
        let after = credential.after;
        session
            .await
            .unwrap_or_else(|error| panic!("{user}, read after rotation {after}: {error:?}"))
    }

    /// Works until the application ends; answers how often it did with a credential as old as one may be.
    async fn client(self: Arc<Self>, number: usize, mut rotations: watch::Receiver<Option<usize>>) -> usize {
        let keeps = !number.is_multiple_of(READS_ALWAYS);
        let mut worker = Worker::new(number, self.pair.database.user());
        let mut credential = self.read(0).await;
        let mut oldest = 0;
        loop {
            let Some(done) = *rotations.borrow_and_update() else {
                return oldest;
            };
            if !keeps {
                credential = self.read(done).await;
            }
            worker.round(&self, &credential).await;
            if done > credential.after {
                // It has worked with what it had before the rotation; that was the last time.
                oldest += 1;
                credential = self.read(done).await;
                worker.round(&self, &credential).await;
            }
            self.held[number].store(credential.after, Ordering::SeqCst);
            let _ = tokio::time::timeout(PAUSE, rotations.changed()).await;
        }
    }

    /// Waits until nobody holds what was read before rotation `number` was done.
    async fn all_have_read_anew(&self, number: usize) {
        while self.held.iter().any(|held| held.load(Ordering::SeqCst) < number) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn nobody_notices_twenty_rotations_on(server: Server) {
    let pair = Pair::on(server).await;
    work::prepare(&pair).await;
    let before = pair.database.log();
    let held = [const { AtomicUsize::new(0) }; CLIENTS];
    let application = Arc::new(Application { pair, held });
    let (clock, rotations) = watch::channel(Some(0));
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(Arc::clone(&application).client(number, rotations.clone()));
    }
    for number in 1..=ROTATIONS {
        let rotated = tokio::select! {
            rotated = application.pair.rotate() => rotated,
            ended = clients.join_next() => panic!("a client ended: {ended:?}"),
        };
        rotated.unwrap_or_else(|error| panic!("rotation {number}: {error}"));
        clock.send_replace(Some(number));
        tokio::select! {
            () = application.all_have_read_anew(number) => {}
            ended = clients.join_next() => panic!("a client ended: {ended:?}"),
        }
    }
    clock.send_replace(None);
    let oldest: usize = clients.join_all().await.into_iter().sum();
    assert!(
        oldest >= (CLIENTS - CLIENTS / READS_ALWAYS) * ROTATIONS,
        "each rotation was outlived by each client that keeps what it has read: {oldest}"
    );
    let log = application.pair.database.log().since(&before);
    assert_eq!(log.failed_logins(), 0, "zero failed logins");
    let errors: Vec<_> = log
        .to_string()
        .lines()
        .filter(|line| line.contains("ERROR:"))
        .map(str::to_owned)
        .collect();
    assert!(
        errors.is_empty(),
        "zero permission errors, and no other: {errors:#?}"
    );
    work::check(&application.pair).await;
}

#[tokio::test]
async fn nobody_notices_twenty_rotations_on_the_distributions_postgresql() {
    nobody_notices_twenty_rotations_on(Server::Main).await;
}

#[tokio::test]
async fn nobody_notices_twenty_rotations_on_postgresql_16() {
    nobody_notices_twenty_rotations_on(Server::Sixteen).await;
}

#[tokio::test]
async fn nobody_notices_twenty_rotations_on_postgresql_18() {
    nobody_notices_twenty_rotations_on(Server::Eighteen).await;
}
