//! Whatever dies, wherever: a labelled version of the secret logs in, and the next rotation goes through.
//!
//! The matrix is made from a rotation that was recorded: each call that it made to Secrets Manager is one row, and
//! each exchange with the database another.

mod aftermath;
mod calls;
mod database;
mod silence;
mod token;

use keywheel_tests::world::World;

/// Worlds at once: each is a role, a server and a process or two.
const AT_ONCE: usize = 7;

/// Runs every case in a world of its own, some at once, each on a thread of its own: what drops a role and its
/// database blocks, and PostgreSQL does not drop a database while another login waits for its client.
async fn side_by_side<T, F>(cases: impl IntoIterator<Item = T>, run: impl Fn(T) -> F + Clone + Send + 'static)
where
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
async fn check_invariants(world: &World, after: &str) {
    world.invariant_a_labelled_secret_logs_in(after).await;
    world.invariant_one_current(after).await;
}
