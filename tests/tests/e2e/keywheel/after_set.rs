//! The database has the new password, and the rotation has not finished; or it has not, and the labels look the same.

use keywheel_tests::world::pending_removal;
use secrets_manager_local::PendingRemoval;
use staging_labels::Label;

use super::desk::{Desk, denied};

#[tokio::test]
async fn a_finished_rotation_needs_nothing() {
    let desk = Desk::rotated(false).await;
    desk.later();
    let screen = desk.doctor("").await;
    screen.says(&["ok ", "[finished]", "work: yes"]);
    assert!(screen.commands().is_empty() && screen.code == 0, "{}", screen.out);
    assert!(
        screen.out.contains("Secrets Manager may invoke it"),
        "{}",
        screen.out
    );
    desk.is_well().await;
}

#[tokio::test]
async fn after_set_secret_in_the_classic_order_the_retry_finishes() {
    let desk = Desk::stuck(true).await;
    desk.later();
    let screen = desk.doctor("").await;
    screen.says(&[
        "STUCK",
        "[pending-after-set, role-may-not]",
        "work: no (by the function's log",
    ]);
    assert_eq!(screen.code, 1);
    assert!(screen.out.contains("Never take AWSPENDING off"), "{}", screen.out);
    assert!(
        screen.out.contains("Secrets Manager has given up"),
        "{}",
        screen.out
    );
    assert!(
        !screen.out.contains("--version-stage AWSPENDING"),
        "{}",
        screen.out
    );
    desk.doctor("--login")
        .await
        .says(&["[pending-after-set", "work: no (AWSPENDING"]);
    let rotate = desk.types(screen.command("keywheel rotate", "")).await;
    assert_eq!(rotate.code, 0, "{}{}", rotate.out, rotate.err);
    assert!(rotate.first().starts_with("rotated "), "{}", rotate.out);
    desk.is_well().await;
}

#[tokio::test]
async fn after_set_secret_in_the_classic_order_applications_can_be_let_in() {
    let desk = Desk::stuck(true).await;
    desk.later();
    assert!(!desk.world.current_logs_in().await);
    let screen = desk.doctor("").await;
    let explained = desk.types(screen.command("keywheel explain", "")).await;
    assert!(
        explained.out.starts_with("# PermissionDenied"),
        "{}",
        explained.out
    );
    let promoted = desk
        .types(screen.command("aws secretsmanager", "AWSCURRENT"))
        .await;
    assert_eq!(promoted.code, 0, "{}", promoted.err);
    assert!(desk.world.current_logs_in().await);
    if pending_removal() != PendingRemoval::WithMove {
        // The next rotation would lock them out again.
        let screen = desk.doctor("--login").await;
        screen.says(&["ok ", "[finished, role-may-not]", "work: yes (tried"]);
        assert_eq!(screen.code, 1, "{}", screen.out);
        screen.command("keywheel explain PermissionDenied", "");
        let rotate = desk.types(screen.command("keywheel rotate", "")).await;
        assert_eq!(rotate.code, 0, "{}{}", rotate.out, rotate.err);
        desk.doctor("").await.says(&["ok ", "[finished]"]);
    }
    desk.is_well().await;
}

#[tokio::test]
async fn with_the_switch_the_same_trouble_leaves_awscurrent() {
    let desk = Desk::stuck(false).await;
    desk.later();
    let screen = desk.doctor("").await;
    screen.says(&[
        "[pending-before-set, role-may-not]",
        "work: yes (by the function's log",
    ]);
    assert!(desk.world.current_logs_in().await);
    desk.doctor("--login")
        .await
        .says(&["[pending-before-set", "work: yes (tried"]);
    let rotate = desk.types(screen.command("keywheel rotate", "")).await;
    assert_eq!(rotate.code, 0, "{}{}", rotate.out, rotate.err);
    desk.is_well().await;
}

#[tokio::test]
async fn before_set_secret_awspending_can_be_taken_off() {
    let desk = Desk::stuck(false).await;
    desk.later();
    let screen = desk.doctor("").await;
    let taken = desk
        .types(screen.command("aws secretsmanager", "AWSPENDING"))
        .await;
    assert_eq!(taken.code, 0, "{}", taken.err);
    desk.doctor("").await.says(&["BROKEN", "[given-up", "work: yes"]);
    let rotate = desk.types(screen.command("keywheel rotate", "")).await;
    assert_eq!(rotate.code, 0, "{}{}", rotate.out, rotate.err);
    desk.is_well().await;
}

#[tokio::test]
async fn a_login_tells_the_two_orders_apart() {
    for classic in [true, false] {
        let desk = Desk::stuck(classic).await;
        desk.later();
        let pending = desk.world.carrier(&Label::Pending).await;
        assert_ne!(pending, desk.world.carrier(&Label::Current).await);
        let screen = desk.doctor("--login --json").await;
        let document: serde_json::Value = serde_json::from_str(&screen.out).expect("it is JSON");
        let secret = &document["secrets"][0];
        let (state, works) = if classic {
            ("pending-after-set", "no")
        } else {
            ("pending-before-set", "yes")
        };
        assert_eq!(
            (&secret["state"], &secret["current_works"]),
            (&state.into(), &works.into())
        );
        assert_eq!(secret["pending_version"].as_str(), pending.as_deref());
    }
}

#[tokio::test]
async fn no_password_logs_in() {
    let desk = Desk::rotated(false).await;
    desk.world.database.set_password("changed-by-hand").await;
    let error = desk.world.rotate().await.expect_err("nobody logs in");
    assert_eq!(error.error_type, "LoginRefused");
    desk.later();
    let screen = desk.doctor("").await;
    screen.says(&["STUCK", "credential-wrong", "work: no"]);
    assert!(screen.out.contains("\\password"), "{}", screen.out);
    let refused = desk.doctor("--login").await;
    refused.says(&["work: no (tried"]);
    assert!(refused.out.contains("one refused login"), "{}", refused.out);
    // What the first line of "Do" says.
    let password = desk.world.password(&Label::Current).await;
    desk.world.database.set_password(&password).await;
    let rotate = desk.types(screen.command("keywheel rotate", "")).await;
    assert_eq!(rotate.code, 0, "{}{}", rotate.out, rotate.err);
    desk.is_well().await;
}

#[tokio::test]
async fn a_version_without_a_value_is_attempted_again() {
    let desk = Desk::rotated(false).await;
    let fault = desk.world.aws.faults().inject(denied("PutSecretValue").every());
    desk.world.rotate().await.expect_err("nothing can be stored");
    desk.world.aws.faults().remove(fault);
    desk.minutes(1);
    desk.later();
    let screen = desk.doctor("").await;
    screen.says(&["STUCK", "[pending-empty, role-may-not]", "work: yes"]);
    let rotate = desk.types(screen.command("keywheel rotate", "")).await;
    assert_eq!(rotate.code, 0, "{}{}", rotate.out, rotate.err);
    desk.is_well().await;
}
