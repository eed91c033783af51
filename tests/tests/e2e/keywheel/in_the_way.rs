//! The function is in the way of a rotation: nobody may invoke it, it may not run, or Lambda has put it aside.

use keywheel_tests::world::FUNCTION;
use staging_labels::Label;

use super::desk::{Desk, Screen};

/// Runs all commands that are printed, exactly as they are; then all is well.
async fn leads_out(desk: &Desk, screen: &Screen) {
    for command in screen.commands() {
        let done = desk.types(command).await;
        assert_eq!(done.code, 0, "{command}: {}{}", done.out, done.err);
    }
    desk.is_well().await;
}

/// Types a line that must succeed.
async fn stage(desk: &Desk, line: &str) {
    let done = desk.types(line).await;
    assert_eq!(done.code, 0, "{line}: {}{}", done.out, done.err);
}

#[tokio::test]
async fn a_function_that_secrets_manager_may_not_invoke_gets_a_statement() {
    let desk = Desk::rotated(false).await;
    stage(
        &desk,
        &format!("aws lambda remove-permission --function-name {FUNCTION} --statement-id secrets-manager"),
    )
    .await;
    let refused = desk
        .types(&format!("keywheel rotate '{}'", desk.world.secret))
        .await;
    assert_eq!(refused.code, 1, "{}", refused.err);
    let screen = desk.doctor("").await;
    screen.says(&["BROKEN", "[not-invocable]", "work: yes"]);
    leads_out(&desk, &screen).await;
}

#[tokio::test]
async fn a_statement_for_another_account_does_not_help() {
    let desk = Desk::rotated(false).await;
    stage(
        &desk,
        &format!(
            "aws lambda remove-permission --function-name {FUNCTION} --statement-id secrets-manager && \
             aws lambda add-permission --function-name {FUNCTION} --statement-id theirs --action lambda:InvokeFunction \
             --principal secretsmanager.amazonaws.com --source-account 111111111111"
        ),
    )
    .await;
    let screen = desk.doctor("").await;
    screen.says(&["BROKEN", "[not-invocable]"]);
    assert!(
        screen.out.contains("only for secrets of account 111111111111"),
        "{}",
        screen.out
    );
    let fixed = desk.doctor("--fix allow --yes").await;
    assert_eq!(fixed.code, 0, "{}{}", fixed.out, fixed.err);
    desk.is_well().await;
}

#[tokio::test]
async fn a_function_without_concurrency_gets_room() {
    let desk = Desk::rotated(false).await;
    stage(
        &desk,
        &format!(
            "aws lambda put-function-concurrency --function-name {FUNCTION} --reserved-concurrent-executions 0"
        ),
    )
    .await;
    let status = desk.types("keywheel status").await;
    assert!(status.out.contains("too-little-concurrency"), "{}", status.out);
    assert_eq!(status.code, 1, "{}", status.err);
    desk.world.rotate().await.expect_err("nothing can run");
    desk.minutes(5);
    let screen = desk.doctor("").await;
    screen.says(&["STUCK", "[pending-empty, too-little-concurrency]", "work: yes"]);
    assert!(
        screen.out.contains("Secrets Manager has given up"),
        "{}",
        screen.out
    );
    let room = desk
        .types(screen.command("aws lambda put-function-concurrency", ""))
        .await;
    assert_eq!(room.code, 0, "{}", room.err);
    let again = desk.types(screen.command("keywheel rotate", "")).await;
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    desk.is_well().await;
}

#[tokio::test]
async fn a_function_asleep_is_woken_by_a_test() {
    let desk = Desk::rotated(false).await;
    desk.world
        .aws
        .set_function_state(FUNCTION, "Inactive", Some("Idle"));
    let screen = desk.doctor("").await;
    screen.says(&["BROKEN", "[function-asleep]", "work: yes"]);
    assert!(screen.out.contains("Inactive: Idle"), "{}", screen.out);
    stage(&desk, screen.command("keywheel rotate", "--test")).await;
    desk.world.aws.set_function_state(FUNCTION, "Active", None);
    desk.is_well().await;
}

#[tokio::test]
async fn a_function_that_lambda_cannot_run_says_why() {
    let desk = Desk::rotated(false).await;
    desk.world
        .aws
        .set_function_state(FUNCTION, "Failed", Some("SubnetOutOfIPAddresses"));
    let screen = desk.doctor("").await;
    screen.says(&["BROKEN", "[function-broken]", "work: yes"]);
    assert!(screen.out.contains("SubnetOutOfIPAddresses"), "{}", screen.out);
    desk.world.aws.set_function_state(FUNCTION, "Active", None);
    stage(&desk, screen.command("keywheel rotate", "--test")).await;
    desk.is_well().await;
}

#[tokio::test]
async fn what_is_not_ours_is_said() {
    let desk = Desk::rotated(false).await;
    let secret = &desk.world.secret;
    desk.world
        .aws
        .set_origin(secret, None, Some("eu-west-1"))
        .expect("it is there");
    let replica = desk.doctor("").await;
    replica.says(&["-", "[replica]"]);
    assert_eq!(replica.code, 0);
    let command = replica.command("keywheel doctor", "--region eu-west-1");
    assert_eq!(desk.types(command).await.code, 0);
    desk.world
        .aws
        .set_origin(secret, Some("rds"), None)
        .expect("it is there");
    let managed = desk.doctor("").await;
    managed.says(&["-", "[managed]"]);
    assert!(managed.commands().is_empty(), "{}", managed.out);
}

#[tokio::test]
async fn a_secret_without_a_value_gets_one_from_a_file() {
    let desk = Desk::rotated(false).await;
    let text = desk.world.text(&Label::Current).await.expect("there is a value");
    let directory = tempfile::tempdir().expect("there is room");
    std::fs::write(directory.path().join("secret.json"), text).expect("it can be written");
    let here = format!("cd {} && ", directory.path().display());
    let line = "aws secretsmanager create-secret --name empty/db && aws secretsmanager rotate-secret --secret-id empty/db \
                --rotation-lambda-arn \"$FUNCTION_ARN\" --rotation-rules AutomaticallyAfterDays=30 --no-rotate-immediately";
    desk.types(line).await;
    let screen = desk.types("keywheel doctor empty/db").await;
    screen.says(&["BROKEN", "[no-value]"]);
    for command in screen.commands() {
        // Rotation goes on from where a failed test left it.
        let done = desk.types(&format!("{here}{command}")).await;
        assert_eq!(done.code, 0, "{command}: {}{}", done.out, done.err);
    }
    let after = desk.types("keywheel doctor empty/db --login").await;
    after.says(&["ok ", "work: yes (tried"]);
}

#[tokio::test]
async fn a_pending_value_for_another_server_comes_off() {
    let desk = Desk::stuck(false).await;
    let text = desk.world.text(&Label::Current).await.expect("there is a value");
    let mut document: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    document["host"] = "elsewhere.example".into();
    document["password"] = "of another server".into();
    desk.world.put(&document.to_string(), &[Label::Pending]).await;
    desk.minutes(5);
    let screen = desk.doctor("--login=AWSCURRENT").await;
    screen.says(&["STUCK", "[pending-other-account"]);
    let unpend = screen.command("aws secretsmanager", "AWSPENDING").to_owned();
    let rotate = screen.command("keywheel rotate", "").to_owned();
    stage(&desk, &unpend).await;
    stage(&desk, &rotate).await;
    desk.is_well().await;
}
