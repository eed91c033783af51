//! An Aurora cluster that is paused: a client that connects wakes it, and has to wait.

use std::time::{Duration, Instant};

use keywheel_tests::net::{self, Forward};
use keywheel_tests::postgres::TestDatabase;
use keywheel_tests::rds::{Cloud, changed, primary};
use keywheel_tests::world::World;
use serde_json::json;
use staging_labels::{Label, Step};

/// The function's own limit.
const LIMIT: Duration = Duration::from_secs(25);
/// How long it takes to resume here; in AWS some 15 s.
const ASLEEP: Duration = Duration::from_secs(7);

/// A world at a port of 127.0.0.2 on which nobody listens yet.
async fn asleep(host: &str) -> (Cloud, World, u16) {
    let cloud = Cloud::new().followers(&[host.to_owned()]);
    let database = TestDatabase::new(primary()).await;
    let port = net::refused_port().expect("a port is free");
    let document = changed(database.document(), json!({"host": host, "port": port}));
    let setup = cloud.setup(None).timeout(LIMIT);
    let world = setup.start_with_document(database, &document.to_string()).await;
    (cloud, world, port)
}

#[tokio::test]
async fn a_cluster_that_refuses_while_it_resumes_is_waited_for() {
    let (_cloud, world, port) = asleep(&Cloud::host("orders", "cluster-")).await;
    let wake = async {
        tokio::time::sleep(ASLEEP).await;
        Forward::start(port, primary().port()).expect("the port is still free")
    };
    let (rotated, _awake) = tokio::join!(world.rotate(), wake);
    rotated.unwrap_or_else(|error| panic!("{error}"));
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn a_cluster_that_swallows_connections_while_it_resumes_is_waited_for() {
    let (_cloud, world, port) = asleep(&Cloud::host("orders", "cluster-")).await;
    let wake = async {
        // Accepts, and says nothing.
        let asleep = std::net::TcpListener::bind(("127.0.0.2", port)).expect("the port is free");
        tokio::time::sleep(ASLEEP).await;
        drop(asleep);
        Forward::start(port, primary().port()).expect("the port is free again")
    };
    let (rotated, _awake) = tokio::join!(world.rotate(), wake);
    rotated.unwrap_or_else(|error| panic!("{error}"));
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn one_that_does_not_wake_is_told_within_the_function_s_own_limit() {
    let (_cloud, world, _) = asleep(&Cloud::host("orders", "cluster-")).await;
    let token = world.proposed().await;
    let started = Instant::now();
    let words = ["was refused", "is paused takes up to half a minute"];
    world
        .refuses(&token, Step::Set, "ConnectionRefused", &words)
        .await;
    assert!(started.elapsed() > LIMIT / 2, "it was waited for");
    assert!(!world.password(&Label::Current).await.is_empty());
}

/// An instance of its own is never paused: nobody waits for it.
#[tokio::test]
async fn an_instance_is_not_waited_for() {
    let (_cloud, world, _) = asleep(&Cloud::host("solo", "")).await;
    let token = world.proposed().await;
    let message = world
        .refuses(&token, Step::Set, "ConnectionRefused", &["was refused"])
        .await;
    assert!(!message.contains("paused"), "{message}");
}
