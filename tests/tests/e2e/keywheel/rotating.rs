//! `keywheel rotate` follows one rotation to its end.

use keywheel_tests::postgres::Server;
use keywheel_tests::world::{FUNCTION, Setup};
use secrets_manager_local::{Effect, Fault};
use serde_json::Value;
use staging_labels::Label;

use super::desk::{Desk, denied};

#[tokio::test]
async fn each_step_is_a_line_on_stderr_and_the_end_one_on_stdout() {
    let desk = Desk::rotated(false).await;
    desk.later();
    let before = desk.world.carrier(&Label::Current).await;
    let screen = desk
        .types(&format!("keywheel rotate '{}'", desk.world.secret))
        .await;
    assert_eq!(
        (screen.code, screen.out.lines().count()),
        (0, 1),
        "{}",
        screen.out
    );
    let current = desk.world.carrier(&Label::Current).await.expect("there is one");
    assert_ne!(Some(&current), before.as_ref());
    assert!(screen.out.contains(&current[..8]), "{}", screen.out);
    for step in ["createSecret", "setSecret", "testSecret", "finishSecret"] {
        assert_eq!(screen.err.matches(step).count(), 1, "{step}: {}", screen.err);
    }
    desk.is_well().await;
}

#[tokio::test]
async fn a_test_changes_nothing() {
    let desk = Desk::rotated(false).await;
    desk.later();
    let before = desk.world.carrier(&Label::Current).await;
    let screen = desk
        .types(&format!("keywheel rotate '{}' --test --json", desk.world.secret))
        .await;
    assert_eq!(screen.code, 0, "{}{}", screen.out, screen.err);
    let events: Vec<Value> = screen
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    let names: Vec<_> = events
        .iter()
        .filter_map(|event| event["event"].as_str())
        .collect();
    assert_eq!(names, ["begun", "step", "tested"]);
    assert_eq!(desk.world.carrier(&Label::Current).await, before);
}

#[tokio::test]
async fn a_failed_step_without_a_retry_is_the_end() {
    let desk = Desk::rotated(false).await;
    desk.later();
    desk.world.aws.faults().inject(denied("PutSecretValue").every());
    let screen = desk
        .types(&format!(
            "keywheel rotate '{}' --retry-within 2",
            desk.world.secret
        ))
        .await;
    assert_eq!(screen.code, 1, "{}{}", screen.out, screen.err);
    assert!(screen.out.starts_with("failed "), "{}", screen.out);
    assert!(
        screen.err.contains("FAILED") && screen.err.contains("PermissionDenied"),
        "{}",
        screen.err
    );
    assert_eq!(screen.commands().len(), 1, "{}", screen.out);
    // The next attempt of the same rotation is told, and the earlier one is not told again.
    let again = desk
        .types(&format!(
            "keywheel rotate '{}' --retry-within 2",
            desk.world.secret
        ))
        .await;
    assert_eq!(again.code, 1, "{}{}", again.out, again.err);
    assert_eq!(again.err.matches("FAILED").count(), 1, "{}", again.err);
    let told = desk.types(screen.commands()[0]).await;
    told.says(&["[pending-empty"]);
}

#[tokio::test]
async fn a_rotation_that_is_not_waited_for_goes_on() {
    let desk = Desk::rotated(false).await;
    desk.later();
    let secret = &desk.world.secret;
    desk.world
        .aws
        .faults()
        .inject(Fault::delay(std::time::Duration::from_secs(4)).by_function(FUNCTION));
    let screen = desk
        .types(&format!("keywheel rotate '{secret}' --timeout 1"))
        .await;
    assert_eq!(screen.code, 8, "{}{}", screen.out, screen.err);
    let interrupted = desk
        .types(&format!(
            "timeout --preserve-status -s INT 2 keywheel rotate '{secret}'"
        ))
        .await;
    assert_eq!(interrupted.code, 130, "{}{}", interrupted.out, interrupted.err);
    assert!(interrupted.out.starts_with("running "), "{}", interrupted.out);
    let again = desk.types(&format!("keywheel rotate '{secret}'")).await;
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    assert!(again.err.contains("attempted again"), "{}", again.err);
    let at_once = desk.types(&format!("keywheel rotate '{secret}' --no-wait")).await;
    assert_eq!(at_once.code, 0, "{}{}", at_once.out, at_once.err);
}

#[tokio::test]
async fn retries_are_shown() {
    let world = Setup::on(Server::Main).retries(2).start().await;
    world.rotate().await.expect("the first rotation succeeds");
    let desk = Desk::at(world);
    let once = Fault::new(Effect::Error {
        code: "AccessDeniedException".to_owned(),
        message: "User: u is not authorized".to_owned(),
    });
    desk.world
        .aws
        .faults()
        .inject(once.on("PutSecretValue").by_function(FUNCTION).next(1));
    let screen = desk
        .types(&format!("keywheel rotate '{}'", desk.world.secret))
        .await;
    assert_eq!(screen.code, 0, "{}{}", screen.out, screen.err);
    for line in ["createSecret FAILED", "createSecret ok"] {
        assert_eq!(screen.err.matches(line).count(), 1, "{}", screen.err);
    }
}
