//! Faults on demand, each as a caller sees it.

use std::time::{Duration, Instant};

use secrets_manager_local::{Effect, Fault, LocalSecretsManager, RotationOutcome};
use serde_json::{Value as Json, json};

use crate::client::{Lab, call, function, send, steps, v};

fn put(n: u32) -> Json {
    json!({ "SecretId": "db", "ClientRequestToken": v(n), "SecretString": "x" })
}

#[tokio::test]
async fn an_error_is_answered_without_the_work() {
    let lab = Lab::with("").await;
    lab.server
        .faults()
        .inject(Fault::error("DecryptionFailure", "asked for").on("PutSecretValue"));
    assert_eq!(lab.refused("PutSecretValue", put(2)).await, "DecryptionFailure");
    assert_eq!(lab.carrier("AWSCURRENT").await, Some(v(1)));
    lab.ok("PutSecretValue", put(2)).await;
}

#[tokio::test]
async fn fact_16_a_throttle_is_a_throttling_exception() {
    let lab = Lab::with("").await;
    lab.server
        .faults()
        .inject(Fault::new(Effect::Throttle).on("DescribeSecret").next(2));
    for _ in 0..2 {
        assert_eq!(
            lab.refused("DescribeSecret", json!({ "SecretId": "db" })).await,
            "ThrottlingException"
        );
    }
    lab.ok("DescribeSecret", json!({ "SecretId": "db" })).await;
}

#[tokio::test]
async fn fact_16_a_quota_throttles_by_itself() {
    let lab = Lab::of(LocalSecretsManager::builder().write_quota(2).clock(still())).await;
    lab.ok("PutSecretValue", put(2)).await;
    lab.ok("UpdateSecret", json!({ "SecretId": "db", "Description": "x" }))
        .await;
    assert_eq!(lab.refused("PutSecretValue", put(3)).await, "ThrottlingException");
    lab.ok("DescribeSecret", json!({ "SecretId": "db" })).await;
}

fn still() -> secrets_manager_local::Clock {
    secrets_manager_local::Clock::manual("2026-01-15T12:30:00Z".parse().unwrap())
}

#[tokio::test]
async fn a_delay_comes_before_the_work() {
    let lab = Lab::with("").await;
    lab.server
        .faults()
        .inject(Fault::delay(Duration::from_millis(120)).on("DescribeSecret"));
    let start = Instant::now();
    lab.ok("DescribeSecret", json!({ "SecretId": "db" })).await;
    assert!(start.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn fact_10_a_stale_read_answers_as_before_the_last_write() {
    let lab = Lab::with("").await;
    lab.ok("PutSecretValue", put(2)).await;
    lab.server.faults().inject(Fault::new(Effect::StaleRead));
    assert_eq!(lab.carrier("AWSCURRENT").await, Some(v(1)));
    assert_eq!(lab.carrier("AWSCURRENT").await, Some(v(2)));
}

#[tokio::test]
async fn a_dropped_answer_has_done_the_work() {
    let lab = Lab::with("").await;
    lab.server
        .faults()
        .inject(Fault::new(Effect::DropAnswer).on("PutSecretValue"));
    call(&lab.server.url(), "PutSecretValue", put(2))
        .await
        .unwrap_err();
    assert_eq!(lab.carrier("AWSCURRENT").await, Some(v(2)));
    let dropped = lab
        .server
        .calls()
        .into_iter()
        .find(|call| call.operation == "PutSecretValue")
        .unwrap();
    assert_eq!(
        (dropped.outcome.as_deref(), dropped.faults),
        (Some("dropped"), vec!["drop_answer"])
    );
}

#[tokio::test]
async fn a_dropped_request_has_not() {
    let lab = Lab::with("").await;
    lab.server
        .faults()
        .inject(Fault::new(Effect::DropRequest).on("PutSecretValue"));
    call(&lab.server.url(), "PutSecretValue", put(2))
        .await
        .unwrap_err();
    assert_eq!(lab.carrier("AWSCURRENT").await, Some(v(1)));
}

#[tokio::test]
async fn a_function_can_be_killed_before_and_after_each_of_its_calls() {
    let lab = Lab::of(
        LocalSecretsManager::builder()
            .function(function("rotate", ""))
            .retry_delays([Duration::ZERO]),
    )
    .await;
    let undisturbed = lab.rotate(2).await;
    assert_eq!(undisturbed.attempts.len(), 1);
    let calls = u32::try_from(
        lab.server
            .calls()
            .iter()
            .filter(|call| call.function.is_some())
            .count(),
    )
    .unwrap();
    assert!(calls >= 8, "{calls} calls");
    // Three of the calls are enough here; the functions' own tests go through all.
    for (n, (call, effect)) in (3..).zip([
        (1, Effect::KillBefore),
        (4, Effect::KillAfter),
        (calls, Effect::KillAfter),
    ]) {
        let id = lab.server.faults().inject(
            Fault::new(effect.clone())
                .by_function("rotate")
                .for_secret("db")
                .nth(call),
        );
        let run = lab.rotate(n).await;
        assert_eq!(lab.server.faults().hits(id), 1);
        lab.server.faults().clear();
        assert_eq!(
            run.outcome,
            Some(RotationOutcome::Succeeded),
            "{effect:?} {call}: {}",
            steps(&run)
        );
        assert_eq!(run.attempts.len(), 2, "{effect:?} {call}: {}", steps(&run));
        assert_eq!(run.last_error().unwrap().error_type, "Runtime.ExitError");
    }
}

#[tokio::test]
async fn faults_and_the_log_of_calls_are_reached_over_http() {
    let lab = Lab::with("").await;
    let local = |path: &str| format!("{}/_local/{path}", lab.server.url());
    let fault = r#"{"operation":"DescribeSecret","effect":{"error":{"code":"InternalServiceError","message":"asked for"}}}"#;
    assert_eq!(
        send("POST", &local("faults"), &[], fault).await.unwrap().status,
        200
    );
    let answer = call(&lab.server.url(), "DescribeSecret", json!({ "SecretId": "db" }))
        .await
        .unwrap();
    assert_eq!(answer.status, 500);
    let listed = send("GET", &local("faults"), &[], "").await.unwrap().json();
    assert_eq!(
        (&listed[0]["hit"], &listed[0]["fault"]["operation"]),
        (&json!(1), &json!("DescribeSecret"))
    );
    let wrong = r#"{"operation":"DescribeSecrets","effect":"throttle"}"#;
    assert_eq!(
        send("POST", &local("faults"), &[], wrong).await.unwrap().status,
        400
    );
    assert_eq!(
        send("DELETE", &local("faults"), &[], "").await.unwrap().status,
        204
    );
    assert_eq!(
        send("GET", &local("faults"), &[], "").await.unwrap().json(),
        json!([])
    );
    let calls = send("GET", &local("calls"), &[], "").await.unwrap().json();
    assert_eq!(calls[1]["operation"], "DescribeSecret");
    assert_eq!(calls[1]["outcome"], "InternalServiceError");
    assert!(calls[1]["ended_s"].as_f64() >= calls[1]["started_s"].as_f64());
    assert!(!calls.to_string().contains("old"), "no value");
    assert_eq!(
        send("DELETE", &local("calls"), &[], "").await.unwrap().status,
        204
    );
    assert_eq!(
        send("GET", &local("calls"), &[], "").await.unwrap().json(),
        json!([])
    );
}

#[tokio::test]
async fn calls_that_are_under_way_together_overlap() {
    let lab = Lab::with("").await;
    lab.server.clear_calls();
    lab.server
        .faults()
        .inject(Fault::delay(Duration::from_millis(100)).every());
    let describe = || lab.ok("DescribeSecret", json!({ "SecretId": "db" }));
    tokio::join!(describe(), describe());
    describe().await;
    let calls = lab.server.calls();
    assert!(calls[0].overlaps(&calls[1]));
    assert!(!calls[1].overlaps(&calls[2]));
}
