//! Hosts that are missing, unknown, silent or something else.

mod deciders;
mod lookups;
mod names;
mod poolers;
mod reach;
mod roles;
mod servers;

use std::time::Duration;

use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::{Setup, World};
use serde_json::Value;
use staging_labels::{Label, Step};

/// The steps that go to the database.
const AT_THE_DATABASE: [Step; 3] = [Step::Set, Step::Test, Step::Finish];

/// A world whose document is what `change` makes of the usual one.
async fn world(setup: Setup, change: impl FnOnce(&mut Value)) -> World {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let mut document = database.document();
    change(&mut document);
    setup.start_with_document(database, &document.to_string()).await
}

/// The usual set-up, with so little time that a wait without an end does not take long.
fn hasty() -> Setup {
    Setup::on(Server::Main).timeout(Duration::from_secs(5))
}

/// createSecret goes through, since it asks no server, and every later step is refused.
async fn refused_at_the_database(world: &World, code: &str, words: &[&str]) {
    let token = world.proposed().await;
    world.refuses_each(&token, &AT_THE_DATABASE, code, words).await;
}

/// The same for what a server says only to somebody who has logged in: the pending password must be the right one
/// by then, as after a setSecret that went through.
async fn refused_after_the_login(world: &World, code: &str, words: &[&str]) {
    let token = world.proposed().await;
    world.refuses(&token, Step::Set, code, words).await;
    let pending = world.password(&Label::Pending).await;
    world.database.set_password(&pending).await;
    let refuse = |step| Box::pin(world.refuses(&token, step, code, words));
    tokio::join!(refuse(Step::Test), refuse(Step::Finish));
}

/// The same, with all steps at once: each waits in vain for a while.
async fn refused_at_length(world: &World, code: &str, words: &[&str]) {
    let token = world.proposed().await;
    let refuse = |step| Box::pin(world.refuses(&token, step, code, words));
    tokio::join!(refuse(Step::Set), refuse(Step::Test), refuse(Step::Finish));
}

/// A rotation goes through, and both passwords are what they should be then.
async fn rotates(world: &World) {
    world.rotate().await.expect("the rotation succeeds");
    assert!(world.current_logs_in().await);
    assert!(
        !world.database.accepts(world.database.password()).await,
        "the old password is refused"
    );
}
