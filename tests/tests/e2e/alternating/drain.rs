//! Sessions of the idle user: counted before it is reset.

use std::time::Duration;

use keywheel_tests::pair::{Pair, Power};
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::Setup;
use staging_labels::{Label, Step};
use tokio_postgres::Client;

/// A pair with two turns behind it, and a session that the idle clone still has.
async fn with_a_session_left(settings: &[(&str, &str)]) -> (Pair, Client) {
    let mut setup = Setup::on(Server::Main);
    for (name, value) in settings {
        setup = setup.env(name, value);
    }
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let pair = Pair::of(setup, database, Power::CreateRole).await;
    pair.rotate().await.expect("the rotation succeeds");
    let session = pair.session(&Label::Current).await;
    // The session's user is in use here; a pooler keeps its session through the next turn.
    pair.rotate().await.expect("the rotation succeeds");
    (pair, session)
}

#[tokio::test]
async fn they_are_reported_by_default_and_go_on() {
    let (pair, session) = with_a_session_left(&[]).await;
    pair.rotate().await.expect("the rotation succeeds");
    let expected = format!(
        "role \\\"{}\\\" still has 1 open sessions",
        pair.database.clone_user()
    );
    assert!(pair.log().contains(&expected), "{}", pair.log());
    session
        .batch_execute("SELECT 1")
        .await
        .expect("an open session stays open");
}

#[tokio::test]
async fn they_are_refused_if_asked_and_nothing_is_changed() {
    let (pair, session) = with_a_session_left(&[("IDLE_SESSIONS", "refuse")]).await;
    let token = pair.proposed().await;
    let clone = pair.database.clone_user();
    pair.refuses(
        &token,
        Step::Set,
        "SessionsOpen",
        &[&clone, "1 open session", "pg_stat_activity", "IDLE_SESSIONS"],
    )
    .await;
    drop(session);
    // The server needs a moment to see that they are gone: then the repetition goes through.
    let mut attempts = 0;
    while let Err(error) = pair.step(&token, Step::Set).await {
        assert_eq!(error.error_type, "SessionsOpen", "{error}");
        attempts += 1;
        assert!(attempts < 200, "{error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    pair.steps(&token, &[Step::Test, Step::Finish])
        .await
        .expect("the rest goes through");
}

#[tokio::test]
async fn they_are_waited_for_if_asked() {
    let (pair, session) =
        with_a_session_left(&[("IDLE_SESSIONS", "refuse"), ("IDLE_SESSIONS_WAIT", "20")]).await;
    let token = pair.proposed().await;
    let ending = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        drop(session);
    };
    let (outcome, ()) = tokio::join!(pair.step(&token, Step::Set), ending);
    outcome.expect("setSecret waited until the session was gone");
}

#[tokio::test]
async fn the_wait_ends_and_the_rotation_goes_on() {
    let (pair, session) =
        with_a_session_left(&[("IDLE_SESSIONS", "wait"), ("IDLE_SESSIONS_WAIT", "1")]).await;
    pair.rotate().await.expect("the rotation succeeds");
    assert!(pair.log().contains("still has 1 open sessions"), "{}", pair.log());
    session
        .batch_execute("SELECT 1")
        .await
        .expect("an open session stays open");
}

/// A wait is long enough for somebody to write the secret by hand.
#[tokio::test]
async fn a_rotation_that_was_abandoned_during_the_wait_changes_nothing() {
    let (pair, session) =
        with_a_session_left(&[("IDLE_SESSIONS", "wait"), ("IDLE_SESSIONS_WAIT", "3")]).await;
    let token = pair.proposed().await;
    let by_hand = pair
        .text(&Label::Previous)
        .await
        .expect("there is a previous value");
    let intruding = async {
        tokio::time::sleep(Duration::from_millis(1200)).await;
        pair.put(&by_hand, &[Label::Current]).await;
    };
    let before = pair.database.verifier().await;
    let (outcome, ()) = tokio::join!(pair.step(&token, Step::Set), intruding);
    let error = outcome.expect_err("the rotation was abandoned");
    assert!(
        ["RotationAbandoned", "VersionUnknown", "CurrentMoved"].contains(&error.error_type.as_str()),
        "{error}"
    );
    assert_eq!(pair.database.verifier().await, before);
    assert!(pair.current_logs_in().await);
    drop(session);
}
