//! Secrets and tokens that are not what the step expects.

use keywheel_tests::refusal::check;
use keywheel_tests::world::World;
use serde_json::json;
use staging_labels::{Label, Step};
use uuid::Uuid;

#[tokio::test]
async fn an_unknown_secret_is_refused_in_each_step() {
    let world = World::new().await;
    let before = world.snapshot().await;
    let unknown = "arn:aws:secretsmanager:us-east-1:000000000000:secret:keywheel/nobody-AbCdEf";
    for step in Step::ALL {
        let token = Uuid::new_v4().to_string();
        let event = json!({"Step": step.name(), "SecretId": unknown, "ClientRequestToken": token});
        let error = world.invoke(&event).await.expect_err("there is no such secret");
        check(
            &error,
            step,
            unknown,
            "SecretNotFound",
            &["finds no secret", "check the ARN"],
        );
    }
    assert_eq!(world.snapshot().await, before);
}

#[tokio::test]
async fn a_deleted_secret_is_refused_in_each_step_and_rotates_once_it_is_restored() {
    let world = World::new().await;
    let token = world.proposed().await;
    let delete = world.client.delete_secret().secret_id(&world.secret);
    delete.send().await.expect("the secret is deleted");
    world
        .refuses_each(
            &token,
            &Step::ALL,
            "SecretDeleted",
            &["marked for deletion", "restore-secret"],
        )
        .await;

    let restore = world.client.restore_secret().secret_id(&world.secret);
    restore.send().await.expect("the secret is restored");
    world
        .steps(&token, &Step::ALL)
        .await
        .expect("the rotation goes on");
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn a_token_that_is_not_staged_is_refused_in_each_step() {
    let world = World::new().await;
    let token = Uuid::new_v4().to_string();
    let words = ["no labelled version", "start a new rotation"];
    let refuse = |step| world.refuses(&token, step, "VersionUnknown", &words);
    tokio::join!(
        refuse(Step::Create),
        refuse(Step::Set),
        refuse(Step::Test),
        refuse(Step::Finish)
    );
}

#[tokio::test]
async fn a_token_of_another_secret_is_refused_in_each_step() {
    let world = World::new().await;
    let mut document = world.database.document();
    document["username"] = "somebody-else".into();
    let other = world
        .client
        .create_secret()
        .name(format!("{}-other", world.database.name()));
    let other = other.secret_string(document.to_string()).send().await;
    let other = other.expect("a secret is created").arn.expect("it has an ARN");
    let token = Uuid::new_v4().to_string();
    world
        .aws
        .stage_pending(&other, &token)
        .expect("the other secret's rotation begins");

    let refuse = |step| world.refuses(&token, step, "VersionUnknown", &["start a new rotation"]);
    tokio::join!(
        refuse(Step::Create),
        refuse(Step::Set),
        refuse(Step::Test),
        refuse(Step::Finish)
    );
}

#[tokio::test]
async fn an_abandoned_token_is_refused_in_each_step() {
    let world = World::new().await;
    let token = world.proposed().await;
    let current = world
        .text(&Label::Current)
        .await
        .expect("there is a current value");
    // Fact 7: a version written by hand takes AWSPENDING away.
    world.put(&(current + " "), &[]).await;
    // DescribeSecret, which the first two steps ask, lists no version without a label; GetSecretValue knows it.
    let refuse = |step, code| world.refuses(&token, step, code, &["start a new rotation"]);
    tokio::join!(
        refuse(Step::Create, "VersionUnknown"),
        refuse(Step::Set, "VersionUnknown"),
        refuse(Step::Test, "RotationAbandoned"),
        refuse(Step::Finish, "RotationAbandoned")
    );
    world.rotate().await.expect("a new rotation goes through");
}

#[tokio::test]
async fn a_cancelled_rotation_is_not_gone_on_with() {
    let world = World::new().await;
    world.rotate().await.expect("rotation is configured");
    for created in [false, true] {
        let token = if created {
            world.proposed().await
        } else {
            world.stage()
        };
        let cancel = world.client.cancel_rotate_secret().secret_id(&world.secret);
        cancel.send().await.expect("the rotation is cancelled");
        let words = ["was cancelled", "configure the rotation again"];
        world
            .refuses_each(&token, &[Step::Create, Step::Set], "RotationCancelled", &words)
            .await;
        // Fact 8: what is left blocks the next rotation until it is removed.
        if world.carrier(&Label::Pending).await == Some(token.clone()) {
            world.clean_up(&token).await;
        }
        world.rotate().await.expect("configured again, it rotates");
    }
}

#[tokio::test]
async fn a_pending_version_without_a_value_is_refused_after_create_secret() {
    let world = World::new().await;
    let token = world.stage();
    let words = ["has no value", "createSecret must run first"];
    let refuse = |step| world.refuses(&token, step, "PendingMissing", &words);
    tokio::join!(refuse(Step::Set), refuse(Step::Test), refuse(Step::Finish));
    world
        .steps(&token, &Step::ALL)
        .await
        .expect("nothing is lost: the rotation goes through");
}

#[tokio::test]
async fn a_secret_without_a_current_value_is_refused() {
    let world = World::new().await;
    let empty = world
        .client
        .create_secret()
        .name(format!("{}-empty", world.database.name()));
    let empty = empty.send().await.expect("a secret may have no value");
    let (arn, token) = (empty.arn.expect("it has an ARN"), Uuid::new_v4().to_string());
    world
        .aws
        .stage_pending(&arn, &token)
        .expect("a version is staged");
    let event = json!({"Step": "createSecret", "SecretId": arn, "ClientRequestToken": token});
    let error = world
        .invoke(&event)
        .await
        .expect_err("there is nothing to rotate");
    check(
        &error,
        Step::Create,
        &arn,
        "CurrentMissing",
        &["AWSCURRENT", "put-secret-value"],
    );
    assert_eq!(world.writes(), 0);
}
