//! What tools ask of Lambda and STS before a rotation.

use serde_json::{Value as Json, json};

use crate::client::{Answer, Lab, rotate_parameters, send, v};

async fn lambda(lab: &Lab, method: &str, path: &str, body: &Json) -> Answer {
    let url = format!("{}/2015-03-31/functions/{path}", lab.server.url());
    let headers = [("content-type", "application/json")];
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    send(method, &url, &headers, &body).await.unwrap()
}

async fn sts(lab: &Lab, key: &str, form: &str) -> (u16, String) {
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/sts/aws4_request, Signature=00");
    let headers = [
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("authorization", authorization.as_str()),
    ];
    let answer = send("POST", &lab.server.url(), &headers, form).await.unwrap();
    assert_eq!(answer.header("content-type"), "text/xml");
    (
        answer.status.as_u16(),
        String::from_utf8(answer.body.to_vec()).unwrap(),
    )
}

fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).expect(name);
    rest.split_once(&format!("</{name}>")).expect(name).0
}

const GET_CALLER: &str = "Action=GetCallerIdentity&Version=2011-06-15";

#[tokio::test]
async fn lambda_describes_a_function_whole() {
    let lab = Lab::with("").await;
    let function = lambda(&lab, "GET", "rotate", &Json::Null).await.json();
    let configuration = lambda(&lab, "GET", "rotate/configuration", &Json::Null)
        .await
        .json();
    assert_eq!(function["Configuration"], configuration);
    assert_eq!(configuration["Handler"], "rotate.lambda_handler");
    let unknown = lambda(&lab, "GET", "other", &Json::Null).await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.header("x-amzn-errortype")),
        (404, "ResourceNotFoundException")
    );
}

#[tokio::test]
async fn a_rotation_needs_a_permission_to_invoke() {
    let lab = Lab::with("").await;
    let removed = lambda(&lab, "DELETE", "rotate/policy/secrets-manager", &Json::Null).await;
    assert_eq!(removed.status, 204);
    assert_eq!(
        lambda(&lab, "GET", "rotate/policy", &Json::Null).await.status,
        404
    );
    let again = lambda(&lab, "DELETE", "rotate/policy/secrets-manager", &Json::Null).await;
    assert_eq!(again.header("x-amzn-errortype"), "ResourceNotFoundException");
    assert_eq!(
        lab.refused("RotateSecret", rotate_parameters("db", 2)).await,
        "AccessDeniedException"
    );
    let mut statement = json!({ "StatementId": "s", "Action": "lambda:GetFunction", "Principal": "secretsmanager.amazonaws.com",
        "SourceAccount": "000000000000" });
    let added = lambda(&lab, "POST", "rotate/policy", &statement).await;
    assert_eq!(added.status, 201);
    assert_eq!(
        lab.refused("RotateSecret", rotate_parameters("db", 2)).await,
        "AccessDeniedException",
        "another action is not enough"
    );
    assert_eq!(
        lambda(&lab, "POST", "rotate/policy", &statement).await.status,
        409
    );
    statement["StatementId"] = "t".into();
    statement["Action"] = "lambda:InvokeFunction".into();
    assert_eq!(
        lambda(&lab, "POST", "rotate/policy", &statement).await.status,
        201
    );
    lab.rotate(2).await;
}

#[tokio::test]
async fn sts_says_who_calls() {
    let lab = Lab::with("").await;
    let (status, caller) = sts(&lab, "test", GET_CALLER).await;
    assert_eq!(status, 200);
    assert_eq!(element(&caller, "Account"), "000000000000");
    assert_eq!(element(&caller, "Arn"), "arn:aws:iam::000000000000:user/local");
    let payload = json!({ "Variable": "AWS_ACCESS_KEY_ID" }).to_string();
    let key = lab.server.invoke("rotate", payload).await.unwrap().payload;
    let key: String = serde_json::from_slice(&key).unwrap();
    let (_, caller) = sts(&lab, &key, GET_CALLER).await;
    assert_eq!(
        element(&caller, "Arn"),
        "arn:aws:sts::000000000000:assumed-role/rotate/rotate"
    );
}

#[tokio::test]
async fn a_role_is_assumed_for_a_while() {
    let lab = Lab::with("").await;
    let form = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fpath%2Fdeploy&RoleSessionName=me&DurationSeconds=900";
    let (status, role) = sts(&lab, "test", form).await;
    assert_eq!(status, 200, "{role}");
    let arn = "arn:aws:sts::123456789012:assumed-role/deploy/me";
    assert_eq!(element(&role, "Arn"), arn);
    let ends: jiff::Timestamp = element(&role, "Expiration").parse().unwrap();
    let left = ends.duration_since(jiff::Timestamp::now()).as_secs();
    assert!(left > 0 && left <= 900, "{left}");
    let (_, caller) = sts(&lab, element(&role, "AccessKeyId"), GET_CALLER).await;
    assert_eq!(
        (element(&caller, "Arn"), element(&caller, "Account")),
        (arn, "123456789012")
    );
}

#[tokio::test]
async fn sts_refuses_what_is_no_role_and_what_it_does_not_know() {
    let lab = Lab::with("").await;
    let assume = |rest: &str| format!("Action=AssumeRole&Version=2011-06-15&{rest}");
    for (form, code) in [
        (
            assume("RoleArn=nonsense%3Cb%3E&RoleSessionName=me"),
            "ValidationError",
        ),
        (
            assume("RoleArn=arn:aws:iam::123456789012:role/x&RoleSessionName=m"),
            "ValidationError",
        ),
        (
            assume("RoleArn=arn:aws:iam::123456789012:role/x&RoleSessionName=me&DurationSeconds=1"),
            "ValidationError",
        ),
        (
            "Action=GetSessionToken&Version=2011-06-15".to_owned(),
            "InvalidAction",
        ),
    ] {
        let (status, error) = sts(&lab, "test", &form).await;
        assert_eq!((status, element(&error, "Code")), (400, code), "{form}");
        assert!(!error.contains("nonsense"), "{error}");
    }
}

#[tokio::test]
async fn metrics_of_a_function_are_read_from_its_log() {
    let lab = Lab::with("").await;
    let line = json!({
        "_aws": { "Timestamp": 7, "CloudWatchMetrics": [{ "Namespace": "App", "Metrics": [{ "Name": "Steps", "Unit": "Count" }] }] },
        "Steps": 1,
    });
    for text in [line.to_string(), "no metric".to_owned()] {
        let payload = json!({ "Print": text }).to_string();
        lab.server.invoke("rotate", payload).await.unwrap();
    }
    let url = format!("{}/_local/functions/rotate/metrics", lab.server.url());
    let found = send("GET", &url, &[], "").await.unwrap().json();
    let expected = json!([{ "Namespace": "App", "MetricName": "Steps", "Dimensions": {}, "Unit": "Count", "Timestamp": 7, "Value": 1 }]);
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_rotation_can_be_waited_for() {
    let lab = Lab::with("slow 0.2").await;
    let ended = async |version: &str| {
        let url = format!("{}/_local/rotations/{version}?secret=db", lab.server.url());
        send("GET", &url, &[], "").await.unwrap()
    };
    assert_eq!(ended(&v(2)).await.status, 404);
    lab.begin(2).await;
    assert_eq!(ended(&v(2)).await.json()["outcome"], "succeeded");
}
