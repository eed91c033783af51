//! A rotation that was due when Secrets Manager might not invoke the function: its day passes, and no label tells.

use std::time::Duration;

use aws_sdk_secretsmanager::types::RotationRulesType;
use keywheel_tests::world::FUNCTION;
use serde_json::Value;

use super::desk::{Desk, types_at};

/// Forty days ago it was rotated for the next thirty. Then the function lost its permission, and now it is ten days late.
async fn missed() -> Desk {
    let desk = Desk::hours_ago(24 * 40, |setup| setup).await;
    let world = &desk.world;
    let rules = RotationRulesType::builder().automatically_after_days(30).build();
    let call = world.client.rotate_secret().secret_id(&world.secret);
    let begun = call
        .rotation_lambda_arn(secrets_manager_local::function_arn(FUNCTION))
        .rotation_rules(rules)
        .send()
        .await
        .expect("a rotation begins");
    let token = begun.version_id.expect("it has a version");
    world.outcome(&token).await.expect("the first rotation succeeds");
    let take =
        format!("aws lambda remove-permission --function-name {FUNCTION} --statement-id secrets-manager");
    let authority = world.database.cluster().authority_path();
    let typed = types_at(&world.aws.url(), &authority, &take).await;
    assert_eq!(typed.code, 0, "{}", typed.err);
    let next = due(&desk).await;
    desk.later();
    for _ in 0..200 {
        if due(&desk).await != next {
            return desk;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the scheduler does not look");
}

async fn due(desk: &Desk) -> Option<i64> {
    let call = desk.world.client.describe_secret().secret_id(&desk.world.secret);
    let answer = call.send().await.expect("there is a secret");
    answer.next_rotation_date.map(|at| at.secs())
}

#[tokio::test]
async fn it_is_made_up_for_by_the_commands_as_printed() {
    let desk = missed().await;
    let screen = desk.doctor("").await;
    screen.says(&["BROKEN", "[not-invocable]", "work: yes"]);
    let allowed = desk.types(screen.command("aws lambda add-permission", "")).await;
    assert_eq!(allowed.code, 0, "{}", allowed.err);
    // It may be invoked again, and still nothing is made up for.
    let screen = desk.doctor("").await;
    screen.says(&["OVERDUE", "[overdue]", "work: yes"]);
    assert_eq!(screen.code, 1);
    let status = desk.types("keywheel status").await;
    assert_eq!(status.code, 1, "{}{}", status.out, status.err);
    let row = status.out.lines().nth(1).expect("there is a row");
    assert!(row.starts_with("OVERDUE"), "{}", status.out);
    let rotate = desk.types(screen.command("keywheel rotate ", "")).await;
    assert_eq!(rotate.code, 0, "{}{}", rotate.out, rotate.err);
    desk.is_well().await;
    assert_eq!(desk.types("keywheel status").await.code, 0);
}

#[tokio::test]
async fn rotate_all_finds_it() {
    let desk = missed().await;
    let screen = desk.doctor("--fix allow --yes").await;
    assert!(screen.err.contains("may invoke"), "{}{}", screen.out, screen.err);
    let dry = desk.types("keywheel rotate-all --overdue --dry-run --json").await;
    let document: Value = serde_json::from_str(&dry.out).expect("it is JSON");
    let count = document["would_rotate"].as_array().map(Vec::len);
    assert_eq!(count, Some(1), "{}{}", dry.out, dry.err);
    let done = desk.types("keywheel rotate-all --overdue --yes").await;
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    desk.is_well().await;
    let again = desk.types("keywheel rotate-all --overdue --dry-run --json").await;
    let document: Value = serde_json::from_str(&again.out).expect("it is JSON");
    let count = document["would_rotate"].as_array().map(Vec::len);
    assert_eq!(count, Some(0), "{}{}", again.out, again.err);
}
