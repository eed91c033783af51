//! Fact 18: the server rotates by itself when it is time.

use std::time::{Duration, Instant};

use secrets_manager_local::{Clock, LocalSecretsManager, RotationOutcome, RotationRun};
use serde_json::json;

use crate::client::{Lab, function, rotate_parameters, steps};

async fn rotations(lab: &Lab, count: usize) -> Vec<RotationRun> {
    let start = Instant::now();
    loop {
        let runs = lab.server.rotations("db");
        if runs.len() >= count && runs.iter().all(|run| run.outcome.is_some()) {
            return runs;
        }
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{count} rotations, not {runs:?}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn fact_18_a_secret_is_rotated_when_its_window_opens() {
    let clock = Clock::manual("2026-01-15T12:30:00Z".parse().unwrap());
    let lab = Lab::of(
        LocalSecretsManager::builder()
            .function(function("rotate", ""))
            .clock(clock.clone()),
    )
    .await;
    let mut parameters = rotate_parameters("db", 2);
    parameters["RotationRules"] = json!({ "ScheduleExpression": "rate(4 hours)" });
    lab.ok("RotateSecret", parameters).await;
    rotations(&lab, 1).await;
    clock.advance(jiff::SignedDuration::from_hours(3));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(rotations(&lab, 1).await.len(), 1, "15:30, not yet");
    clock.advance(jiff::SignedDuration::from_mins(30));
    let runs = rotations(&lab, 2).await;
    assert_eq!(runs[1].outcome, Some(RotationOutcome::Succeeded));
    assert_eq!(lab.carrier("AWSCURRENT").await, Some(runs[1].token.to_string()));
    let description = lab.ok("DescribeSecret", json!({ "SecretId": "db" })).await;
    let next: jiff::Timestamp = "2026-01-15T21:00:00Z".parse().unwrap();
    assert_eq!(
        description["NextRotationDate"].as_f64(),
        Some(next.as_duration().as_secs_f64())
    );
}

#[tokio::test]
async fn fact_18_a_rotation_that_failed_is_attempted_again_in_the_next_window() {
    let clock = Clock::manual("2026-01-15T12:30:00Z".parse().unwrap());
    let builder = LocalSecretsManager::builder()
        .function(function("rotate", "fail setSecret"))
        .clock(clock.clone());
    let lab = Lab::of(builder.retry_delays([])).await;
    let mut parameters = rotate_parameters("db", 2);
    parameters["RotationRules"] = json!({ "AutomaticallyAfterDays": 1 });
    lab.ok("RotateSecret", parameters).await;
    rotations(&lab, 1).await;
    clock.advance(jiff::SignedDuration::from_hours(12));
    let start = Instant::now();
    while steps(&rotations(&lab, 1).await[0]) != "create set! | create set!" {
        assert!(start.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let next = lab.ok("DescribeSecret", json!({ "SecretId": "db" })).await["NextRotationDate"].clone();
    assert_eq!(
        next,
        json!(1_768_608_000.0),
        "the date of the rotation that did not come about stays: 17 January"
    );
}

#[tokio::test]
async fn fact_18_a_cancelled_rotation_is_not_rotated_by_the_schedule() {
    let clock = Clock::manual("2026-01-15T12:30:00Z".parse().unwrap());
    let lab = Lab::of(
        LocalSecretsManager::builder()
            .function(function("rotate", ""))
            .clock(clock.clone()),
    )
    .await;
    let mut parameters = rotate_parameters("db", 2);
    parameters["RotationRules"] = json!({ "AutomaticallyAfterDays": 1 });
    lab.ok("RotateSecret", parameters).await;
    rotations(&lab, 1).await;
    lab.ok("CancelRotateSecret", json!({ "SecretId": "db" })).await;
    clock.advance(jiff::SignedDuration::from_hours(72));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(rotations(&lab, 1).await.len(), 1);
}
