//! Facts 1 to 9 and 20 with a real function.

use std::time::Duration;

use secrets_manager_local::{
    CallRecord, Effect, Fault, LocalSecretsManager, PendingRemoval, RotationOutcome,
};
use serde_json::{Value as Json, json};

use crate::client::{Lab, function, rotate_parameters, steps, v};

#[tokio::test]
async fn fact_1_the_four_steps_come_in_order_with_one_token() {
    let lab = Lab::with("").await;
    let run = lab.rotate(2).await;
    assert_eq!(run.outcome, Some(RotationOutcome::Succeeded));
    assert_eq!(steps(&run), "create set test finish");
    let delivered: Vec<_> = lab
        .server
        .logs("rotate")
        .into_iter()
        .filter(|line| line.contains(" of "))
        .collect();
    let expected =
        ["createSecret", "setSecret", "testSecret", "finishSecret"].map(|step| format!("{step} of {}", v(2)));
    assert_eq!(delivered, expected);
    assert_eq!(lab.carrier("AWSCURRENT").await, Some(v(2)));
    assert_eq!(lab.carrier("AWSPREVIOUS").await, Some(v(1)));
    let value = lab.ok("GetSecretValue", json!({ "SecretId": "db" })).await;
    assert!(!value["SecretString"].as_str().unwrap().contains("old"));
}

#[tokio::test]
async fn fact_2_the_function_finds_awspending_without_a_value() {
    let lab = Lab::with("").await;
    lab.rotate(2).await;
    let calls = lab.server.calls();
    let first = calls
        .iter()
        .find(|call| call.operation == "GetSecretValue")
        .unwrap();
    assert_eq!(first.version_stage.as_deref(), Some("AWSPENDING"));
    assert_eq!(first.outcome.as_deref(), Some("ResourceNotFoundException"));
}

#[tokio::test]
async fn fact_3_a_rotation_that_failed_is_attempted_again_by_a_refused_rotate_secret() {
    let state = tempfile::tempdir().unwrap();
    let function = function("rotate", "fail-once setSecret").env("STATE", state.path().join("failed"));
    let lab = Lab::of(LocalSecretsManager::builder().function(function).retry_delays([])).await;
    assert_eq!(lab.rotate(2).await.outcome, Some(RotationOutcome::Failed));
    assert_eq!(
        lab.refused("RotateSecret", rotate_parameters("db", 3)).await,
        "InvalidRequestException"
    );
    let run = lab.ended(2).await;
    assert_eq!(run.outcome, Some(RotationOutcome::Succeeded));
    assert_eq!(steps(&run), "create set! | create set test finish");
}

#[tokio::test]
async fn fact_3_a_refused_rotate_secret_can_be_told_to_attempt_nothing() {
    let builder = LocalSecretsManager::builder().function(function("rotate", "fail setSecret"));
    let lab = Lab::of(builder.retry_delays([]).reattempt_refused(false)).await;
    lab.rotate(2).await;
    lab.refused("RotateSecret", rotate_parameters("db", 3)).await;
    assert_eq!(steps(&lab.ended(2).await), "create set!");
}

#[tokio::test]
async fn a_rotation_that_failed_is_attempted_again_with_its_own_token() {
    let state = tempfile::tempdir().unwrap();
    let function = function("rotate", "fail-once setSecret").env("STATE", state.path().join("failed"));
    let lab = Lab::of(LocalSecretsManager::builder().function(function).retry_delays([])).await;
    assert_eq!(lab.rotate(2).await.outcome, Some(RotationOutcome::Failed));
    assert_eq!(lab.rotate(2).await.outcome, Some(RotationOutcome::Succeeded));
}

#[tokio::test]
async fn facts_4_and_24_awspending_may_stay_on_awscurrents_version_or_go() {
    for (removal, pending) in [
        (PendingRemoval::Never, Some(v(2))),
        (PendingRemoval::WhenComplete, None),
        (PendingRemoval::WithMove, None),
    ] {
        let builder = LocalSecretsManager::builder().pending_removal(removal);
        let lab = Lab::of(builder.function(function("rotate", ""))).await;
        assert_eq!(lab.rotate(2).await.outcome, Some(RotationOutcome::Succeeded));
        assert_eq!(lab.carrier("AWSPENDING").await, pending, "{removal:?}");
        assert_eq!(lab.rotate(3).await.outcome, Some(RotationOutcome::Succeeded));
        assert_eq!(lab.carrier("AWSCURRENT").await, Some(v(3)));
    }
}

#[tokio::test]
async fn fact_4_a_finish_secret_that_promotes_nothing_is_no_success() {
    let builder = LocalSecretsManager::builder().function(function("rotate", "forget-promotion"));
    let lab = Lab::of(builder.retry_delays([])).await;
    let run = lab.rotate(2).await;
    assert_eq!(run.outcome, Some(RotationOutcome::Failed));
    assert_eq!(run.last_error().unwrap().error_type, "RotationIncomplete");
    assert_eq!(lab.carrier("AWSCURRENT").await, Some(v(1)));
}

fn test_parameters() -> Json {
    let mut parameters = rotate_parameters("db", 2);
    parameters["RotateImmediately"] = false.into();
    parameters
}

#[tokio::test]
async fn fact_5_rotate_immediately_false_runs_the_test_alone() {
    let lab = Lab::with("").await;
    lab.ok("RotateSecret", test_parameters()).await;
    let run = lab.ended(2).await;
    assert_eq!(
        (run.outcome, steps(&run).as_str()),
        (Some(RotationOutcome::Succeeded), "test")
    );
    assert_eq!(lab.carrier("AWSPENDING").await, None);
    assert_eq!(lab.carrier("AWSCURRENT").await, Some(v(1)));
    assert_eq!(
        lab.event_names(),
        ["TestRotationStarted", "TestRotationSucceeded"]
    );
}

#[tokio::test]
async fn fact_5_a_failed_test_leaves_nothing_behind() {
    let builder = LocalSecretsManager::builder().function(function("rotate", "fail testSecret"));
    let lab = Lab::of(builder.retry_delays([Duration::ZERO])).await;
    lab.ok("RotateSecret", test_parameters()).await;
    let run = lab.ended(2).await;
    assert_eq!(
        (run.outcome, steps(&run).as_str()),
        (Some(RotationOutcome::Failed), "test! | test!")
    );
    assert_eq!(lab.carrier("AWSPENDING").await, None);
    assert_eq!(lab.event_names(), ["TestRotationStarted", "TestRotationFailed"]);
}

#[tokio::test]
async fn fact_6_a_failed_step_brings_the_whole_rotation_again_with_the_same_token() {
    let state = tempfile::tempdir().unwrap();
    let function = function("rotate", "fail-once testSecret").env("STATE", state.path().join("failed"));
    let lab = Lab::of(LocalSecretsManager::builder().function(function)).await;
    let run = lab.rotate(2).await;
    assert_eq!(run.outcome, Some(RotationOutcome::Succeeded));
    assert_eq!(steps(&run), "create set test! | create set test finish");
    assert_eq!(lab.event_names(), ["RotationStarted", "RotationSucceeded"]);
}

#[tokio::test]
async fn fact_6_after_the_last_attempt_awspending_stays() {
    let builder = LocalSecretsManager::builder().function(function("rotate", "fail setSecret"));
    let lab = Lab::of(builder.retry_delays([Duration::ZERO; 2])).await;
    let run = lab.rotate(2).await;
    assert_eq!(run.outcome, Some(RotationOutcome::Failed));
    assert_eq!(steps(&run), "create set! | create set! | create set!");
    let error = run.last_error().unwrap();
    assert_eq!(error.error_type, "Refused");
    assert!(error.error_message.contains("the test wants it"), "{error}");
    assert_eq!(lab.carrier("AWSPENDING").await, Some(v(2)));
    assert_eq!(lab.event_names(), ["RotationStarted", "RotationFailed"]);
}

/// Begins a rotation, and comes back while setSecret waits for an answer.
async fn begin_and_pause_in_set_secret(lab: &Lab) {
    let pause = Fault::delay(Duration::from_millis(300))
        .in_step("setSecret")
        .on("DescribeSecret");
    let id = lab.server.faults().inject(pause);
    lab.begin(2).await;
    while lab.server.faults().hits(id) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn fact_7_a_value_written_by_hand_abandons_the_rotation() {
    let lab = Lab::of(
        LocalSecretsManager::builder()
            .function(function("rotate", ""))
            .retry_delays([]),
    )
    .await;
    begin_and_pause_in_set_secret(&lab).await;
    lab.ok(
        "PutSecretValue",
        json!({ "SecretId": "db", "SecretString": "by hand", "ClientRequestToken": v(3) }),
    )
    .await;
    let run = lab.ended(2).await;
    assert_eq!(run.outcome, Some(RotationOutcome::Abandoned));
    assert_eq!(
        steps(&run),
        "create set!",
        "the function refuses a token without AWSPENDING"
    );
    assert_eq!(lab.carrier("AWSCURRENT").await, Some(v(3)));
    assert_eq!(lab.carrier("AWSPENDING").await, None);
    assert_eq!(lab.event_names(), ["RotationStarted", "RotationAbandoned"]);
}

#[tokio::test]
async fn fact_7_a_label_taken_off_by_hand_abandons_the_rotation_too() {
    let lab = Lab::with("").await;
    begin_and_pause_in_set_secret(&lab).await;
    let strip = json!({ "SecretId": "db", "VersionStage": "AWSPENDING", "RemoveFromVersionId": v(2) });
    lab.ok("UpdateSecretVersionStage", strip).await;
    assert_eq!(lab.ended(2).await.outcome, Some(RotationOutcome::Abandoned));
    assert_eq!(lab.event_names(), ["RotationStarted", "RotationAbandoned"]);
    assert_eq!(lab.rotate(3).await.outcome, Some(RotationOutcome::Succeeded));
}

#[tokio::test]
async fn fact_8_a_cancelled_rotation_delivers_no_further_step() {
    let lab = Lab::with("").await;
    begin_and_pause_in_set_secret(&lab).await;
    lab.ok("CancelRotateSecret", json!({ "SecretId": "db" })).await;
    let run = lab.ended(2).await;
    assert_eq!(
        (run.outcome, steps(&run).as_str()),
        (Some(RotationOutcome::Cancelled), "create set")
    );
    assert_eq!(lab.carrier("AWSPENDING").await, Some(v(2)));
    assert_eq!(
        lab.refused("RotateSecret", rotate_parameters("db", 3)).await,
        "InvalidRequestException"
    );
    assert_eq!(
        lab.ended(2).await.outcome,
        Some(RotationOutcome::Cancelled),
        "and it is not attempted again"
    );
}

#[tokio::test]
async fn fact_9_describe_secret_shows_what_came_of_the_rotation() {
    let lab = Lab::with("").await;
    lab.rotate(2).await;
    let description = lab.ok("DescribeSecret", json!({ "SecretId": "db" })).await;
    assert_eq!(description["RotationEnabled"], true);
    assert!(description["LastRotatedDate"].is_f64());
    assert!(description["LastChangedDate"].as_f64() >= description["CreatedDate"].as_f64());
    lab.ok("CancelRotateSecret", json!({ "SecretId": "db" })).await;
    assert_eq!(
        lab.ok("DescribeSecret", json!({ "SecretId": "db" })).await["RotationEnabled"],
        false
    );
}

#[tokio::test]
async fn fact_10_a_step_that_reads_what_was_a_moment_ago_is_retried() {
    let lab = Lab::with("").await;
    lab.server.faults().inject(
        Fault::new(Effect::StaleRead)
            .in_step("setSecret")
            .on("GetSecretValue"),
    );
    let run = lab.rotate(2).await;
    assert_eq!(steps(&run), "create set! | create set test finish");
}

#[tokio::test]
async fn fact_20_each_rotation_leaves_the_events_of_cloudtrail() {
    let lab = Lab::with("").await;
    lab.rotate(2).await;
    let events = lab.server.events("db");
    assert_eq!(lab.event_names(), ["RotationStarted", "RotationSucceeded"]);
    assert!(events.iter().all(|event| event.version.as_str() == v(2)));
    assert!(events[0].at <= events[1].at);
}

#[tokio::test]
async fn many_secrets_rotate_side_by_side() {
    let lab = Lab::with("slow 0.05").await;
    for n in 0..4 {
        let name = format!("secret{n}");
        lab.ok("CreateSecret", json!({ "Name": name, "SecretString": "{}" }))
            .await;
    }
    for n in 0..4 {
        lab.ok("RotateSecret", rotate_parameters(&format!("secret{n}"), 2))
            .await;
    }
    for n in 0..4 {
        let run = lab
            .server
            .wait_for_rotation(&format!("secret{n}"), &v(2))
            .await
            .unwrap();
        assert_eq!(run.outcome, Some(RotationOutcome::Succeeded));
    }
    let sandboxes: std::collections::BTreeSet<_> = lab
        .server
        .calls()
        .into_iter()
        .filter_map(|call| call.sandbox)
        .collect();
    assert!(sandboxes.len() > 1, "each in a sandbox of its own");
    let calls = lab.server.calls();
    let count = |secret: &str| {
        let of = |call: &&CallRecord| call.rotating.as_deref().is_some_and(|arn| arn.contains(secret));
        calls.iter().filter(of).count()
    };
    assert!(count("secret0") > 4 && count("secret3") > 4);
}

#[tokio::test]
async fn steps_can_be_delivered_one_by_one() {
    let lab = Lab::with("").await;
    let rotation_token = lab.server.stage_pending("db", &v(2)).unwrap();
    let description = lab.ok("DescribeSecret", json!({ "SecretId": "db" })).await;
    assert_eq!(description["VersionIdsToStages"][v(2)], json!(["AWSPENDING"]));
    assert_eq!(description["RotationEnabled"], true);
    for step in [
        "createSecret",
        "createSecret",
        "setSecret",
        "testSecret",
        "finishSecret",
        "finishSecret",
    ] {
        let event = json!({ "Step": step, "SecretId": description["ARN"], "ClientRequestToken": v(2), "RotationToken": rotation_token });
        let invocation = lab.server.invoke("rotate", event.to_string()).await.unwrap();
        assert_eq!(invocation.error, None, "{step}");
    }
    assert_eq!(lab.carrier("AWSCURRENT").await, Some(v(2)));
}

#[tokio::test]
async fn twins_of_a_step_run_in_two_sandboxes_at_once() {
    let lab = Lab::with("").await;
    let rotation_token = lab.server.stage_pending("db", &v(2)).unwrap();
    lab.server.faults().inject(
        Fault::delay(Duration::from_millis(150))
            .on("DescribeSecret")
            .every(),
    );
    let event = json!({ "Step": "createSecret", "SecretId": "db", "ClientRequestToken": v(2), "RotationToken": rotation_token });
    let (one, two) = tokio::join!(
        lab.server.invoke("rotate", event.to_string()),
        lab.server.invoke("rotate", event.to_string())
    );
    let calls = lab.server.calls();
    let sandboxes: std::collections::BTreeSet<_> =
        calls.iter().filter_map(|call| call.sandbox.clone()).collect();
    assert_eq!(sandboxes.len(), 2);
    let failed = [one, two]
        .into_iter()
        .flatten()
        .filter_map(|invocation| invocation.error)
        .collect::<Vec<_>>();
    let stored: Vec<_> = calls
        .iter()
        .filter(|call| call.operation == "PutSecretValue")
        .collect();
    // Either the second found the first's value, or its own was refused: one value is stored.
    assert_eq!(
        stored
            .iter()
            .filter(|call| call.outcome.as_deref() == Some("OK"))
            .count(),
        1,
        "{failed:?}"
    );
}
