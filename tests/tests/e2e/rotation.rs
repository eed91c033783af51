//! The usual case: one rotation, from RotateSecret to a password that works.

use keywheel_tests::postgres::Server;
use keywheel_tests::world::{Setup, World};
use secrets_manager_local::CallRecord;
use staging_labels::Label;

/// One rotation on `server`, checked from the outside.
async fn rotates_on(server: Server) {
    let world = Setup::on(server).start().await;
    let before = world.carrier(&Label::Current).await;
    let token = world.rotate().await.expect("the rotation succeeds");

    assert_eq!(world.carrier(&Label::Current).await, Some(token));
    assert_eq!(world.carrier(&Label::Previous).await, before);
    assert!(world.current_logs_in().await);
    assert!(
        !world.database.accepts(world.database.password()).await,
        "the old password is refused"
    );
    assert!(world.database.verifier().await.starts_with("SCRAM-SHA-256$"));
}

#[tokio::test]
async fn a_rotation_goes_through_on_the_distributions_postgresql() {
    rotates_on(Server::Main).await;
}

#[tokio::test]
async fn a_rotation_goes_through_on_postgresql_16() {
    rotates_on(Server::Sixteen).await;
}

#[tokio::test]
async fn a_rotation_goes_through_on_postgresql_18() {
    rotates_on(Server::Eighteen).await;
}

#[tokio::test]
async fn a_rotation_goes_through_on_postgresql_18_with_tls() {
    rotates_on(Server::EighteenTls).await;
}

#[tokio::test]
async fn rotations_follow_one_another() {
    let world = World::new().await;
    let mut passwords = vec![world.password(&Label::Current).await];
    for _ in 0..4 {
        world.rotate().await.expect("the rotation succeeds");
        let password = world.password(&Label::Current).await;
        assert!(!passwords.contains(&password), "no password comes twice");
        passwords.push(password);
    }
    assert!(world.current_logs_in().await);
}

/// How many calls had to wait for another: the longest chain of calls that do not overlap.
fn one_after_the_other(calls: &[CallRecord]) -> usize {
    let mut end = None;
    let mut chain = 0;
    let mut calls: Vec<_> = calls.iter().collect();
    calls.sort_by_key(|call| call.ended);
    for call in calls {
        if end.is_none_or(|end| call.started >= end) {
            chain += 1;
            end = call.ended;
        }
    }
    chain
}

#[tokio::test]
async fn a_rotation_makes_eleven_calls_of_which_six_are_one_after_the_other() {
    let world = World::new().await;
    // Every call is made to take a while, so that those which go together overlap whatever the machine does.
    world
        .rotate()
        .await
        .expect("the first rotation starts the function");
    let slow = secrets_manager_local::Fault::delay(std::time::Duration::from_millis(150)).every();
    world
        .aws
        .faults()
        .inject(slow.by_function(keywheel_tests::world::FUNCTION));
    world.aws.clear_calls();
    world.rotate().await.expect("the rotation succeeds");

    let calls = world.aws.calls();
    let calls: Vec<_> = calls.into_iter().filter(|call| call.function.is_some()).collect();
    assert_eq!(calls.len(), 11, "{calls:#?}");
    let chain = one_after_the_other(&calls);
    assert_eq!(chain, 6, "{calls:#?}");
}

#[tokio::test]
async fn a_rotation_logs_in_four_times_and_never_in_vain() {
    assert_eq!(logins_of(Setup::on(Server::Main)).await, 4);
}

#[tokio::test]
async fn a_rotation_in_the_classic_order_logs_in_three_times() {
    let classic = Setup::on(Server::Main).env("AWSCURRENT_MOVES", "finishSecret");
    assert_eq!(logins_of(classic).await, 3);
}

/// The logins of one rotation, none of which fails.
async fn logins_of(setup: Setup) -> usize {
    let world = setup.start().await;
    let before = world.database.log();
    world.rotate().await.expect("the rotation succeeds");

    let log = world.database.log().since(&before).of_role(world.database.user());
    assert_eq!(log.failed_logins(), 0);
    log.logins()
}
