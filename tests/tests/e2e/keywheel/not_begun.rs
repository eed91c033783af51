//! Nothing can begin: no function, or none any more.

use keywheel_tests::world::FUNCTION;

use super::desk::{Desk, Screen};

/// The command that gives the secret a function is typed as it is printed, and then all is well.
async fn attaches(desk: &Desk, screen: &Screen) {
    let attached = desk
        .types(screen.command("aws secretsmanager rotate-secret", ""))
        .await;
    assert_eq!(attached.code, 0, "{}", attached.err);
    desk.is_well().await;
}

#[tokio::test]
async fn a_secret_without_rotation_gets_a_function() {
    let desk = Desk::untouched(false).await;
    desk.later();
    let screen = desk.doctor("").await;
    screen.says(&["OFF", "[never-configured]", "work: not known"]);
    attaches(&desk, &screen).await;
}

#[tokio::test]
async fn a_function_that_is_gone_is_replaced() {
    let desk = Desk::rotated(false).await;
    desk.later();
    desk.world.aws.remove_function(FUNCTION);
    let screen = desk.doctor("").await;
    screen.says(&["BROKEN", "[function-gone]", "work: yes"]);
    attaches(&desk, &screen).await;
}

#[tokio::test]
async fn what_cannot_be_asked_is_said_in_one_line() {
    let desk = Desk::untouched(false).await;
    let nowhere = desk.types("keywheel doctor nothing/here").await;
    nowhere.says(&["UNKNOWN", "[not-found]"]);
    assert_eq!(nowhere.code, 3);
    let unanswered = desk
        .types("keywheel doctor x --endpoint-url http://127.0.0.1:1")
        .await;
    assert_eq!(unanswered.code, 3, "{}", unanswered.err);
    assert_eq!(unanswered.err.lines().count(), 2, "{}", unanswered.err);
    let stranger = desk
        .types("unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; keywheel doctor x")
        .await;
    assert_eq!(stranger.code, 4, "{}", stranger.err);
    let placeless = desk
        .types("unset AWS_REGION AWS_DEFAULT_REGION; keywheel doctor x")
        .await;
    assert_eq!(placeless.code, 2, "{}", placeless.err);
}
