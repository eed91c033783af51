//! `keywheel rotate --local` with each function's code, and with the function's settings in a file.

use keywheel_tests::pair::Pair;
use keywheel_tests::postgres::{Server, cluster};
use keywheel_tests::scripted::Kind;
use keywheel_tests::world::ALTERNATING;
use secrets_manager_local::Fault;
use staging_labels::Label;

use super::desk::{Desk, MOVE, types_at};
use crate::api_keys;

/// What the function may not do for a while.
fn refused() -> Fault {
    Fault::error("AccessDeniedException", "User: u is not authorized").every()
}

#[tokio::test]
async fn alternating_users_are_carried_on() {
    let pair = Pair::new().await;
    pair.rotate().await.expect("the first rotation succeeds");
    let fault = pair
        .aws
        .faults()
        .inject(refused().on(MOVE).by_function(ALTERNATING));
    pair.rotate().await.expect_err("AWSCURRENT cannot be moved");
    pair.aws.faults().remove(fault);
    let pending = pair.carrier(&Label::Pending).await;
    let line = format!(
        "ALLOW_LOCAL_HOSTS=true keywheel rotate '{}' --local {ALTERNATING} --yes",
        pair.secret
    );
    let authority = &cluster(Server::Main).authority_path();
    let screen = types_at(&pair.aws.url(), authority, &line).await;
    assert_eq!(screen.code, 0, "{}{}", screen.out, screen.err);
    assert_eq!(pair.carrier(&Label::Current).await, pending);
    pair.invariant_current_and_previous_log_in("carried on").await;
    for label in [Label::Current, Label::Previous] {
        let password = pair.password(&label).await;
        assert!(!format!("{}{}", screen.out, screen.err).contains(&password));
    }
}

#[tokio::test]
async fn an_api_key_is_carried_on() {
    let world = api_keys::World::new(Kind::Overlap).await;
    world.rotate().await;
    let name = keywheel_tests::keys::FUNCTION;
    let fault = world
        .keys
        .aws
        .faults()
        .inject(refused().on(MOVE).by_function(name));
    let stuck = world.secret().rotate().await;
    stuck.expect_err("AWSCURRENT cannot be moved");
    world.keys.aws.faults().remove(fault);
    let key = world.key(&Label::Pending).await.expect("there is a pending key");
    let line = format!(
        "ALLOW_LOCAL_HOSTS=true keywheel rotate '{}' --local {name} --yes",
        world.arn
    );
    let authority = &cluster(Server::Main).authority_path();
    let screen = types_at(&world.keys.aws.url(), authority, &line).await;
    assert_eq!(screen.code, 0, "{}{}", screen.out, screen.err);
    assert_eq!(world.current_key().await, key);
    world.invariant_current_works("carried on").await;
    assert!(!format!("{}{}", screen.out, screen.err).contains(&key));
}

#[tokio::test]
async fn the_settings_may_come_from_a_file() {
    let desk = Desk::stuck(true).await;
    let directory = tempfile::tempdir().expect("there is room");
    let file = directory.path().join("function.env");
    let line = format!(
        "keywheel rotate '{}' --local rotate-postgres-single-user --env-file {} --yes",
        desk.world.secret,
        file.display()
    );
    let missing = desk.types(&line).await;
    assert!(
        missing.code == 2 && missing.err.contains("function.env"),
        "{}",
        missing.err
    );
    std::fs::write(
        &file,
        "# of the function\nALLOW_LOCAL_HOSTS=true\na-value-without-a-name\n",
    )
    .expect("it can be written");
    let bad = desk.types(&line).await;
    assert!(bad.code == 2 && bad.err.contains("line 3"), "{}", bad.err);
    assert!(!bad.err.contains("a-value-without-a-name"), "{}", bad.err);
    std::fs::write(&file, "AWSCURRENT_MOVES=sometime\n").expect("it can be written");
    let invalid = desk.types(&line).await;
    assert!(
        invalid.code == 2 && invalid.err.contains("AWSCURRENT_MOVES"),
        "{}",
        invalid.err
    );
    assert!(!desk.world.current_logs_in().await, "nothing was changed");
    let text = "# of the function\n\nALLOW_LOCAL_HOSTS=true\nAWSCURRENT_MOVES=finishSecret\n";
    std::fs::write(&file, text).expect("it can be written");
    let done = desk.types(&line).await;
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    desk.is_let_in().await;
}

#[tokio::test]
async fn a_password_is_made_by_the_settings_of_the_secrets_function() {
    let canary = "https://example.invalid/the-function-has-more-settings/";
    let desk = Desk::set_up(|setup| {
        setup
            .env("PASSWORD_LENGTH", "41")
            .env("EXCLUDE_PUNCTUATION", "true")
            .env("RUNBOOK_URL", canary)
    })
    .await;
    desk.world.rotate().await.expect("the first rotation succeeds");
    let secret = desk.world.secret.clone();
    let like = desk.types(&format!("keywheel password --like '{secret}'")).await;
    assert_eq!(like.code, 0, "{}", like.err);
    let password = like.out.trim();
    assert!(
        password.len() == 41 && password.chars().all(|c| c.is_ascii_alphanumeric()),
        "{password}"
    );
    assert!(
        !format!("{}{}", like.out, like.err).contains(canary),
        "{}",
        like.err
    );
    // What is said beside it counts.
    let longer = format!("keywheel password --like '{secret}' PASSWORD_LENGTH=50");
    assert_eq!(desk.types(&longer).await.out.trim().len(), 50);
    let unknown = desk.types("keywheel password --like no/such").await;
    assert!(
        unknown.code == 3 && unknown.err.contains("there is no secret no/such"),
        "{}: {}",
        unknown.code,
        unknown.err
    );
}
