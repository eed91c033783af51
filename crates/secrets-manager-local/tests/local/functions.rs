//! Hosting functions as Lambda does.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrets_manager_local::{Function, LocalSecretsManager, RotationOutcome};
use serde_json::{Value as Json, json};

use crate::client::{Answer, Lab, function, gone, is_running, script, send, v};

async fn invoke(lab: &Lab, headers: &[(&str, &str)], payload: &Json) -> Answer {
    let url = format!("{}/2015-03-31/functions/rotate/invocations", lab.server.url());
    send("POST", &url, headers, &payload.to_string()).await.unwrap()
}

#[tokio::test]
async fn an_invocation_answers_what_the_function_answers() {
    let lab = Lab::with("").await;
    let answer = invoke(&lab, &[("x-amz-log-type", "Tail")], &json!({ "hello": "there" })).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (200, json!({ "hello": "there" }))
    );
    assert_eq!(answer.header("x-amz-executed-version"), "$LATEST");
    assert_eq!(answer.header("x-amz-function-error"), "");
    let log = String::from_utf8(STANDARD.decode(answer.header("x-amz-log-result")).unwrap()).unwrap();
    assert!(
        log.starts_with("START RequestId: ") && log.contains("\nREPORT RequestId: "),
        "{log}"
    );
}

#[tokio::test]
async fn a_function_is_found_by_its_arn_too() {
    let lab = Lab::with("").await;
    let arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Arotate";
    let url = format!("{}/2015-03-31/functions/{arn}/invocations", lab.server.url());
    assert_eq!(send("POST", &url, &[], "{}").await.unwrap().status, 200);
    let url = format!("{}/2015-03-31/functions/nope/invocations", lab.server.url());
    let answer = send("POST", &url, &[], "{}").await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.header("x-amzn-errortype")),
        (404, "ResourceNotFoundException")
    );
}

#[tokio::test]
async fn a_functions_error_is_unhandled() {
    let lab = Lab::with("fail testSecret").await;
    let event = json!({ "Step": "testSecret", "SecretId": "db", "ClientRequestToken": v(1) });
    let answer = invoke(&lab, &[], &event).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("x-amz-function-error")),
        (200, "Unhandled")
    );
    assert_eq!(answer.json()["errorType"], "Refused");
}

#[tokio::test]
async fn a_dry_run_runs_nothing_and_an_event_does_not_wait() {
    let lab = Lab::with("slow 0.2").await;
    assert_eq!(
        invoke(&lab, &[("x-amz-invocation-type", "DryRun")], &json!({}))
            .await
            .status,
        204
    );
    assert_eq!(lab.server.logs("rotate"), Vec::<String>::new());
    let event = json!({ "Step": "testSecret", "SecretId": "db", "ClientRequestToken": v(1) });
    assert_eq!(
        invoke(&lab, &[("x-amz-invocation-type", "Event")], &event)
            .await
            .status,
        202
    );
    let start = Instant::now();
    while !lab
        .server
        .calls()
        .iter()
        .any(|call| call.operation == "DescribeSecret" && call.function.is_some())
    {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "the event is delivered"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_warm_sandbox_is_reused_and_a_cooled_down_one_is_not() {
    let lab = Lab::with("").await;
    let starts = || {
        lab.server
            .logs("rotate")
            .iter()
            .filter(|line| *line == "started")
            .count()
    };
    for _ in 0..3 {
        lab.server.invoke("rotate", "{}").await.unwrap();
    }
    assert_eq!(starts(), 1);
    lab.server.cool_down("rotate").await;
    lab.server.invoke("rotate", "{}").await.unwrap();
    assert_eq!(starts(), 2);
}

#[tokio::test]
async fn the_time_on_a_processor_is_that_of_the_sandbox_so_far() {
    let lab = Lab::with("").await;
    let mut so_far = Duration::ZERO;
    let start = std::time::Instant::now();
    for _ in 0..3 {
        let invocation = lab.server.invoke("rotate", "{}").await.unwrap();
        let now = invocation.processor_time.expect("Linux tells");
        assert!(now > so_far, "{now:?} after {so_far:?}");
        so_far = now;
    }
    assert!(so_far < start.elapsed(), "it has one thread that works");
}

#[tokio::test]
async fn a_function_that_takes_too_long_is_killed() {
    let function = function("rotate", "hang testSecret").timeout(Duration::from_millis(750));
    let lab = Lab::of(LocalSecretsManager::builder().function(function)).await;
    let event = json!({ "Step": "testSecret", "SecretId": "db", "ClientRequestToken": v(1) });
    let answer = invoke(&lab, &[], &event).await;
    assert_eq!(answer.header("x-amz-function-error"), "Unhandled");
    assert_eq!(answer.json()["errorType"], "Sandbox.Timedout");
    let message = answer.json()["errorMessage"].as_str().unwrap().to_owned();
    assert!(
        message.ends_with("Task timed out after 0.75 seconds"),
        "{message}"
    );
    assert_eq!(
        invoke(&lab, &[], &json!({})).await.status,
        200,
        "the next one starts afresh"
    );
}

#[tokio::test]
async fn a_function_that_crashes_is_an_exit_error() {
    let lab = Lab::with("crash testSecret").await;
    let event = json!({ "Step": "testSecret", "SecretId": "db", "ClientRequestToken": v(1) });
    let error = lab
        .server
        .invoke("rotate", event.to_string())
        .await
        .unwrap()
        .error
        .unwrap();
    assert_eq!(error.error_type, "Runtime.ExitError");
    assert!(
        error
            .error_message
            .ends_with("Runtime exited with error: exit status 7"),
        "{error}"
    );
}

#[tokio::test]
async fn a_function_that_does_not_come_up_says_why() {
    for (behaviour, error_type) in [
        ("no-init", "Runtime.ExitError"),
        ("init-error", "Function.NoConfiguration"),
    ] {
        let lab = Lab::with(behaviour).await;
        let error = lab.server.invoke("rotate", "{}").await.unwrap().error.unwrap();
        assert_eq!(error.error_type, error_type);
    }
    let lab =
        Lab::of(LocalSecretsManager::builder().function(Function::new("rotate", "/nonexistent/bootstrap")))
            .await;
    let error = lab.server.invoke("rotate", "{}").await.unwrap().error.unwrap();
    assert_eq!(error.error_type, "Runtime.InvalidEntrypoint");
}

#[tokio::test]
async fn a_rotation_goes_on_in_a_new_sandbox_after_a_crash() {
    let state = tempfile::tempdir().unwrap();
    let function = Function::new("rotate", "python3")
        .arg(script())
        .env("BEHAVIOUR", "fail-once setSecret")
        .env("STATE", state.path().join("failed"));
    let lab = Lab::of(LocalSecretsManager::builder().function(function)).await;
    assert_eq!(lab.rotate(2).await.outcome, Some(RotationOutcome::Succeeded));
}

#[tokio::test]
async fn everything_that_a_function_started_dies_with_the_server() {
    let lab = Lab::with("child").await;
    lab.server.invoke("rotate", "{}").await.unwrap();
    let lines = lab.server.logs("rotate");
    let child = lines
        .iter()
        .find_map(|line| line.strip_prefix("child "))
        .unwrap()
        .to_owned();
    assert!(is_running(&child));
    drop(lab);
    gone(&child).await;
}

#[tokio::test]
async fn a_function_that_somebody_else_hosts_is_invoked_there() {
    let elsewhere = Lab::with("").await;
    let remote = Function::remote("rotate", &elsewhere.server.url()).unwrap();
    let lab = Lab::of(LocalSecretsManager::builder().function(remote)).await;
    let invocation = lab.server.invoke("rotate", r#"{"hello":"there"}"#).await.unwrap();
    assert_eq!(
        (&invocation.payload[..], invocation.error),
        (&br#"{"hello": "there"}"#[..], None)
    );
    drop(elsewhere);
    let error = lab.server.invoke("rotate", "{}").await.unwrap().error.unwrap();
    assert_eq!(error.error_type, "Remote.Unreachable");
}

#[tokio::test]
async fn a_caller_that_hangs_up_does_not_keep_the_sandbox() {
    let lab = Lab::with("slow 0.3").await;
    let event = json!({ "Step": "testSecret", "SecretId": "db", "ClientRequestToken": v(1) });
    lab.server.invoke("rotate", "{}").await.unwrap();
    let hung_up = tokio::time::timeout(Duration::from_millis(50), invoke(&lab, &[], &event)).await;
    assert!(hung_up.is_err());
    tokio::time::sleep(Duration::from_millis(600)).await;
    lab.server.invoke("rotate", "{}").await.unwrap();
    assert_eq!(
        lab.server
            .logs("rotate")
            .iter()
            .filter(|line| *line == "started")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_function_can_be_replaced() {
    let lab = Lab::with("").await;
    assert!(lab.server.invoke("rotate", "{}").await.unwrap().error.is_none());
    lab.server.add_function(function("rotate", "init-error"));
    assert!(lab.server.invoke("rotate", "{}").await.unwrap().error.is_some());
}

#[tokio::test]
async fn what_a_function_wrote_before_its_answer_is_in_its_log() {
    let lab = Lab::with("").await;
    let mut lines = Vec::new();
    for n in 0..50 {
        let text = format!("line {n}");
        lab.server
            .invoke("rotate", json!({ "Print": text }).to_string())
            .await
            .unwrap();
        lines.push(text);
        assert_eq!(lab.server.logs("rotate")[1..], lines);
    }
}
