//! AWS JSON 1.1 on the wire.

use secrets_manager_local::LocalSecretsManager;
use serde_json::json;

use crate::client::{Lab, call, send, v};

#[tokio::test]
async fn an_answer_is_aws_json_with_a_request_id() {
    let lab = Lab::with("").await;
    let answer = call(&lab.server.url(), "DescribeSecret", json!({ "SecretId": "db" }))
        .await
        .unwrap();
    assert_eq!(answer.header("content-type"), "application/x-amz-json-1.1");
    assert_eq!(answer.header("x-amzn-requestid").len(), 36);
    assert!(
        answer.json()["ARN"]
            .as_str()
            .unwrap()
            .starts_with("arn:aws:secretsmanager:us-east-1:000000000000:secret:db-")
    );
    assert!(answer.json()["CreatedDate"].is_f64());
}

#[tokio::test]
async fn an_error_names_its_type_in_the_body_and_in_the_header() {
    let lab = Lab::with("").await;
    let answer = call(&lab.server.url(), "DescribeSecret", json!({ "SecretId": "nope" }))
        .await
        .unwrap();
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("x-amzn-errortype"), "ResourceNotFoundException");
    assert_eq!(
        answer.json(),
        json!({ "__type": "ResourceNotFoundException", "Message": "Secrets Manager can't find the specified secret." })
    );
}

#[tokio::test]
async fn what_is_not_of_this_api_is_refused() {
    let lab = Lab::with("").await;
    assert_eq!(
        lab.refused("NoSuchOperation", json!({})).await,
        "UnknownOperationException"
    );
    let url = lab.server.url();
    let target = [("x-amz-target", "secretsmanager.DescribeSecret")];
    for body in ["[]", "{", "7"] {
        let answer = send("POST", &url, &target, body).await.unwrap();
        assert_eq!(answer.json()["__type"], "SerializationException");
    }
    assert_eq!(
        send("POST", &url, &target, "").await.unwrap().json()["__type"],
        "ValidationException"
    );
    assert_eq!(
        send("POST", &url, &[], "{}").await.unwrap().json()["__type"],
        "UnknownOperationException"
    );
}

#[tokio::test]
async fn the_arns_suffix_can_be_fixed() {
    let lab = Lab::of(LocalSecretsManager::builder().arn_suffix("AbCdEf")).await;
    let description = lab.ok("DescribeSecret", json!({ "SecretId": "db" })).await;
    assert_eq!(
        description["ARN"],
        "arn:aws:secretsmanager:us-east-1:000000000000:secret:db-AbCdEf"
    );
}

#[tokio::test]
async fn facts_11_to_13_hold_over_the_wire() {
    let lab = Lab::with("").await;
    lab.ok("PutSecretValue", json!({ "SecretId": "db", "ClientRequestToken": v(2), "SecretBinary": "AAEC", "VersionStages": ["AWSPENDING"] }))
        .await;
    let other = json!({ "SecretId": "db", "ClientRequestToken": v(2), "SecretString": "x" });
    assert_eq!(
        lab.refused("PutSecretValue", other).await,
        "ResourceExistsException"
    );
    let unlabelled = json!({ "SecretId": "db", "VersionStage": "AWSCURRENT", "MoveToVersionId": v(2) });
    assert_eq!(
        lab.refused("UpdateSecretVersionStage", unlabelled).await,
        "InvalidParameterException"
    );
    let mismatched = json!({ "SecretId": "db", "VersionId": v(2), "VersionStage": "AWSCURRENT" });
    assert_eq!(
        lab.refused("GetSecretValue", mismatched).await,
        "InvalidRequestException"
    );
    let value = lab
        .ok(
            "GetSecretValue",
            json!({ "SecretId": "db", "VersionStage": "AWSPENDING" }),
        )
        .await;
    assert_eq!(value["SecretBinary"], "AAEC");
}

#[tokio::test]
async fn fact_15_a_random_password_over_the_wire() {
    let lab = Lab::with("").await;
    let answer = lab
        .ok(
            "GetRandomPassword",
            json!({ "PasswordLength": 64, "ExcludePunctuation": true }),
        )
        .await;
    let password = answer["RandomPassword"].as_str().unwrap();
    assert!(
        password.len() == 64 && password.chars().all(|c| c.is_ascii_alphanumeric()),
        "{password}"
    );
}

#[tokio::test]
async fn facts_17_and_19_are_set_over_the_control_api() {
    let lab = Lab::with("").await;
    let url = format!("{}/_local/secrets", lab.server.url());
    for (origin, code) in [
        (
            json!({ "SecretId": "db", "OwningService": "rds" }),
            "InvalidRequestException",
        ),
        (
            json!({ "SecretId": "db", "PrimaryRegion": "eu-west-1" }),
            "InvalidParameterException",
        ),
    ] {
        assert_eq!(
            send("POST", &url, &[], &origin.to_string()).await.unwrap().status,
            204
        );
        assert_eq!(
            lab.refused("RotateSecret", crate::client::rotate_parameters("db", 2))
                .await,
            code
        );
    }
    assert_eq!(
        lab.ok("DescribeSecret", json!({ "SecretId": "db" })).await["PrimaryRegion"],
        "eu-west-1"
    );
    let missing = json!({ "SecretId": "nope" }).to_string();
    assert_eq!(send("POST", &url, &[], &missing).await.unwrap().status, 400);
}

#[tokio::test]
async fn a_version_is_staged_over_the_control_api() {
    let lab = Lab::with("").await;
    let url = format!("{}/_local/pending", lab.server.url());
    let body =
        json!({ "SecretId": "db", "ClientRequestToken": v(2), "RotationToken": "0".repeat(36) }).to_string();
    for _ in 0..2 {
        let answer = send("POST", &url, &[], &body).await.unwrap();
        assert_eq!(answer.json(), json!({ "RotationToken": "0".repeat(36) }));
    }
    assert_eq!(lab.carrier("AWSPENDING").await, Some(v(2)));
    let other = json!({ "SecretId": "db", "ClientRequestToken": v(3) }).to_string();
    assert_eq!(send("POST", &url, &[], &other).await.unwrap().status, 400);
    let short = json!({ "SecretId": "db", "ClientRequestToken": "short" }).to_string();
    assert_eq!(send("POST", &url, &[], &short).await.unwrap().status, 400);
}

#[tokio::test]
async fn the_rotation_history_is_reached_over_http() {
    let lab = Lab::with("").await;
    lab.rotate(2).await;
    let local = |path: &str| format!("{}/_local/{path}", lab.server.url());
    let runs = send("GET", &local("rotations?secret=db"), &[], "")
        .await
        .unwrap()
        .json();
    assert_eq!(
        (&runs[0]["token"], &runs[0]["outcome"]),
        (&json!(v(2)), &json!("succeeded"))
    );
    assert_eq!(runs[0]["attempts"][0]["steps"][3]["step"], "finishSecret");
    let events = send("GET", &local("events?secret=db"), &[], "")
        .await
        .unwrap()
        .json();
    assert_eq!(events[1]["eventName"], "RotationSucceeded");
    let functions = send("GET", &local("functions"), &[], "").await.unwrap().json();
    assert_eq!(functions[0]["FunctionName"], "rotate");
    let logs = send("GET", &local("functions/rotate/logs"), &[], "")
        .await
        .unwrap();
    assert!(String::from_utf8_lossy(&logs.body).starts_with("started\n"));
    assert_eq!(
        send("POST", &local("functions/rotate/cool"), &[], "")
            .await
            .unwrap()
            .status,
        204
    );
    assert_eq!(
        lab.rotate(3).await.outcome,
        Some(secrets_manager_local::RotationOutcome::Succeeded)
    );
    assert_eq!(
        lab.server
            .logs("rotate")
            .iter()
            .filter(|line| *line == "started")
            .count(),
        2
    );
}
