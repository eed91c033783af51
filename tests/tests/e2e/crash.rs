//! Whatever dies, wherever: a labelled version of the secret logs in, and the next rotation goes through.
//!
//! The matrix is made from a rotation that was recorded: each call that it made to Secrets Manager is one row, and
//! each exchange with the database another.

pub(crate) mod aftermath;
pub(crate) mod calls;
pub(crate) mod database;
mod matrix;
mod silence;
mod token;

pub(crate) use keywheel_tests::pair::Started;
use keywheel_tests::pair::{Pair, Power};
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::{ALTERNATING, FUNCTION, Setup, World};
use staging_labels::Label;

/// The function that the matrix is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    SingleUser,
    TwoUsers,
}

impl Subject {
    pub(crate) const fn function(self) -> &'static str {
        match self {
            Self::SingleUser => FUNCTION,
            Self::TwoUsers => ALTERNATING,
        }
    }

    /// How many users alternate.
    pub(crate) const fn users(self) -> usize {
        match self {
            Self::SingleUser => 1,
            Self::TwoUsers => 2,
        }
    }

    /// A world on the main server.
    pub(crate) async fn start(self, setup: Setup) -> Started {
        match self {
            Self::SingleUser => Started::One(setup.start().await),
            Self::TwoUsers => {
                let database = TestDatabase::new(cluster(Server::Main)).await;
                Started::Two(Pair::of(setup, database, Power::CreateRole).await)
            }
        }
    }
}

/// Rotates until it is `turn`'s turn: 0 for the one whose password the next rotation sets while the user of the secret's
/// first version is current, 1 for the other.
pub(crate) async fn bring_to(world: &World, turn: usize) {
    if world.takes_turns() && (world.user(&Label::Current).await == world.database.user()) != (turn == 0) {
        world.rotate().await.expect("a turn goes through");
    }
}

/// Worlds at once: each is a role, a server and a process or two.
const AT_ONCE: usize = 7;

/// Runs every case in a world of its own, some at once, each on a thread of its own: what drops a role and its
/// database blocks, and PostgreSQL does not drop a database while another login waits for its client.
pub(crate) async fn side_by_side<T, F>(
    cases: impl IntoIterator<Item = T>,
    run: impl Fn(T) -> F + Clone + Send + 'static,
) where
    T: Send + 'static,
    F: Future<Output = ()>,
{
    let mut running = tokio::task::JoinSet::new();
    for case in cases {
        if running.len() == AT_ONCE {
            pass_on(running.join_next().await);
        }
        let run = run.clone();
        running.spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime starts").block_on(run(case));
        });
    }
    while !running.is_empty() {
        pass_on(running.join_next().await);
    }
}

/// Panics if the case did.
fn pass_on(outcome: Option<Result<(), tokio::task::JoinError>>) {
    if let Some(Err(error)) = outcome {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// What holds at every moment.
pub(crate) async fn check_invariants(world: &World, after: &str) {
    world.invariant_nobody_is_locked_out(after).await;
}
