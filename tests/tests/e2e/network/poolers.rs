//! A real `PgBouncer` in front of the server: with a list of passwords of its own, and one that asks the server.

use std::time::{Duration, Instant};

use keywheel_tests::postgres::{Pooler, Server, TestDatabase, cluster};
use keywheel_tests::world::{Setup, World};
use staging_labels::{Label, Step};

const SCRAM_LIST: [&str; 2] = ["auth_type = scram-sha-256", "auth_file = {users}"];

/// A world that reaches its server through a pooler, whose list of users has the role, or who it asks the server as.
async fn world(lines: &[&str], asks: bool, order: &str) -> (Pooler, World) {
    let cluster = cluster(Server::Main);
    let database = TestDatabase::new(cluster).await;
    let user = if asks {
        cluster.superuser()
    } else {
        (database.user(), database.password())
    };
    let pooler = Pooler::start(cluster, lines, &[user]).expect("a pooler starts");
    let document = database.document_at("localhost", pooler.port());
    let setup = Setup::on(Server::Main)
        .env("PGSSLROOTCERT", pooler.authority_pem())
        .env("AWSCURRENT_MOVES", order);
    let world = setup.start_with_document(database, &document.to_string()).await;
    (pooler, world)
}

/// Whether the log has a line of this level with these words.
fn logged(world: &World, level: &str, words: &str) -> bool {
    let log = world.log();
    log.lines()
        .any(|line| line.contains(level) && line.contains(words))
}

#[tokio::test]
async fn a_pooler_that_has_the_password_is_found_out_before_anything_changes() {
    for order in ["setSecret", "finishSecret"] {
        let (_pooler, world) = world(&SCRAM_LIST, false, order).await;
        let before = world.snapshot().await;
        let error = world.test_rotation().await.expect_err("a rotation would fail");
        assert_eq!(error.error_type, "PoolerHasPasswords", "{error}");
        assert_eq!(world.snapshot().await.verifier(), before.verifier());
        if let Some(version) = world.carrier(&Label::Pending).await {
            world.clean_up(&version).await;
        }
        let token = world.proposed().await;
        let words = ["a pooler at", "a list of its own", "`host`", "auth_query"];
        world
            .refuses(&token, Step::Set, "PoolerHasPasswords", &words)
            .await;
        assert!(world.current_logs_in().await);
    }
}

#[tokio::test]
async fn a_pooler_that_asks_the_server_is_rotated_through_in_the_classic_order() {
    let lines = ["auth_type = scram-sha-256", "auth_file = {users}"];
    let admin = format!("auth_user = {}", cluster(Server::Main).superuser().0);
    let lines = [lines[0], lines[1], admin.as_str()];
    let (_pooler, world) = world(&lines, true, "setSecret").await;
    world.test_rotation().await.expect("the test rotation succeeds");
    let words = "a pooler is in the way";
    assert!(logged(&world, "WARN", words), "{}", world.log());
    for _ in 0..2 {
        let before = world.carrier(&Label::Current).await;
        let token = world.proposed().await;
        let set = world.step(&token, Step::Set).await;
        set.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(world.carrier(&Label::Current).await, before);
        assert!(logged(&world, "INFO", words), "the log says why");
        world
            .steps(&token, &[Step::Test, Step::Finish])
            .await
            .expect("the pooler lets the new password in");
        assert_eq!(world.carrier(&Label::Current).await, Some(token));
        assert!(world.current_logs_in().await);
    }
}

/// With MD5 nothing shows whose list it is. Then the rotation fails in testSecret, and goes on once the list has the new password.
#[tokio::test]
async fn a_list_that_cannot_be_seen_is_warned_of_and_named_when_it_refuses() {
    let lines = ["auth_type = md5", "auth_file = {users}"];
    let (pooler, world) = world(&lines, false, "setSecret").await;
    world.test_rotation().await.expect("nothing shows it");
    assert!(
        logged(&world, "WARN", "a pooler is in the way"),
        "{}",
        world.log()
    );
    if let Some(version) = world.carrier(&Label::Pending).await {
        world.clean_up(&version).await;
    }
    let before = world.carrier(&Label::Current).await;
    let token = world.proposed().await;
    world.step(&token, Step::Set).await.expect("setSecret succeeds");
    let words = [
        "SQLSTATE 08P01",
        "a pooler such as PgBouncer",
        "auth_query",
        "AWSPENDING",
        "`host`",
    ];
    world.refuses(&token, Step::Test, "PendingRefused", &words).await;
    assert_eq!(world.carrier(&Label::Current).await, before);
    // The server has the pending password, the pooler the current one.
    let pending = world.password(&Label::Pending).await;
    assert!(world.database.accepts(&pending).await);

    pooler
        .list_users(&[(world.database.user(), &pending)])
        .expect("the list is written");
    pooler.reload();
    let started = Instant::now();
    while let Err(error) = world.step(&token, Step::Set).await {
        assert!(started.elapsed() < Duration::from_secs(30), "{error}");
    }
    world
        .steps(&token, &[Step::Test, Step::Finish])
        .await
        .expect("the rotation goes on");
    assert!(world.current_logs_in().await);
}
