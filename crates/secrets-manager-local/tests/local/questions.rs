//! What a person asks Lambda and CloudWatch Logs when a rotation does not go on.

use std::time::Duration;

use secrets_manager_local::LocalSecretsManager;
use serde_json::{Value as Json, json};

use crate::client::{Answer, Lab, function, send, v};

async fn get(lab: &Lab, path: &str) -> Answer {
    let url = format!("{}{path}", lab.server.url());
    send("GET", &url, &[], "").await.unwrap()
}

async fn filter(lab: &Lab, parameters: &Json) -> Answer {
    let headers = [
        ("x-amz-target", "Logs_20140328.FilterLogEvents"),
        ("content-type", "application/x-amz-json-1.1"),
    ];
    send("POST", &lab.server.url(), &headers, &parameters.to_string())
        .await
        .unwrap()
}

fn messages(answer: &Answer) -> Vec<String> {
    let events = answer.json()["events"].as_array().unwrap().clone();
    events
        .iter()
        .map(|event| event["message"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_hosted_function_is_active_and_may_be_invoked() {
    let builder = LocalSecretsManager::builder()
        .timeout(Duration::from_secs(7))
        .function(function("rotate", "").env("AWSCURRENT_MOVES", "finishSecret"));
    let lab = Lab::of(builder).await;
    let arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Arotate";
    let configuration = get(&lab, &format!("/2015-03-31/functions/{arn}/configuration"))
        .await
        .json();
    assert_eq!(
        (&configuration["State"], &configuration["Timeout"]),
        (&json!("Active"), &json!(7))
    );
    assert_eq!(
        configuration["Environment"]["Variables"]["AWSCURRENT_MOVES"],
        "finishSecret"
    );
    assert_eq!(configuration["LoggingConfig"]["LogGroup"], "/aws/lambda/rotate");
    let policy = get(&lab, "/2015-03-31/functions/rotate/policy").await.json();
    let policy: Json = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
    assert_eq!(
        policy["Statement"][0]["Principal"]["Service"],
        "secretsmanager.amazonaws.com"
    );
    let concurrency = get(&lab, "/2019-09-30/functions/rotate/concurrency").await;
    assert_eq!(concurrency.json(), json!({}));
}

#[tokio::test]
async fn a_function_that_was_removed_is_not_found() {
    let lab = Lab::with("").await;
    lab.server.remove_function("rotate");
    for path in [
        "/2015-03-31/functions/rotate/configuration",
        "/2015-03-31/functions/rotate/policy",
        "/2019-09-30/functions/rotate/concurrency",
    ] {
        let answer = get(&lab, path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("x-amzn-errortype")),
            (404, "ResourceNotFoundException"),
            "{path}"
        );
    }
    let answer = filter(&lab, &json!({ "logGroupName": "/aws/lambda/rotate" })).await;
    assert_eq!(answer.header("x-amzn-errortype"), "ResourceNotFoundException");
}

#[tokio::test]
async fn the_log_has_what_lambda_writes_and_can_be_searched() {
    let builder = LocalSecretsManager::builder()
        .timeout(Duration::from_millis(300))
        .function(function("rotate", "slow 60"));
    let lab = Lab::of(builder).await;
    let event = json!({ "Step": "testSecret", "SecretId": "db", "ClientRequestToken": v(1) });
    let invocation = lab
        .server
        .invoke("rotate", event.to_string().into_bytes())
        .await
        .unwrap();
    assert!(invocation.error.is_some());
    let group = "/aws/lambda/rotate";
    let found = filter(
        &lab,
        &json!({ "logGroupName": group, "filterPattern": "\"Task timed out\"" }),
    )
    .await;
    assert_eq!(messages(&found).len(), 1);
    assert!(
        !lab.server
            .logs("rotate")
            .iter()
            .any(|line| line.contains("timed out")),
        "that is Lambda's line, not the function's"
    );
    let none = filter(
        &lab,
        &json!({ "logGroupName": group, "filterPattern": "\"no such words\"" }),
    )
    .await;
    assert_eq!(messages(&none), Vec::<String>::new());
    let later = filter(
        &lab,
        &json!({ "logGroupName": group, "startTime": 32_503_680_000_000_i64 }),
    )
    .await;
    assert_eq!(messages(&later), Vec::<String>::new());
    let unknown = filter(&lab, &json!({})).await;
    assert_eq!(unknown.header("x-amzn-errortype"), "InvalidParameterException");
}
