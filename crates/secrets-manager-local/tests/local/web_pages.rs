//! What a web page can make a browser send is refused, on every path and at the Runtime API.

use secrets_manager_local::LocalSecretsManager;
use serde_json::json;

use crate::client::{Lab, send};

const DESCRIBE: (&str, &str) = ("x-amz-target", "secretsmanager.DescribeSecret");
const DB: &str = r#"{"SecretId":"db"}"#;

/// The paths of the three APIs, each with a request that is otherwise answered.
const PATHS: [(&str, &str, &str); 4] = [
    ("POST", "", DB),
    ("GET", "_local/rotations", ""),
    (
        "POST",
        "_local/faults",
        r#"{"effect":"throttle","operation":"ListSecrets"}"#,
    ),
    ("POST", "2015-03-31/functions/rotate/invocations", "{}"),
];

async fn statuses(server: &LocalSecretsManager, header: (&str, &str)) -> Vec<u16> {
    let mut statuses = Vec::new();
    for (method, path, body) in PATHS {
        let url = format!("{}/{path}", server.url());
        let answer = send(method, &url, &[DESCRIBE, header], body).await.unwrap();
        if answer.status == 403 {
            assert_eq!(answer.json()["__type"], "AccessDeniedException");
        }
        statuses.push(answer.status.as_u16());
    }
    statuses
}

#[tokio::test]
async fn a_host_that_is_not_this_machine_is_refused() {
    let lab = Lab::with("").await;
    for host in ["localhost", "127.0.0.1:80", "[::1]:4566"] {
        assert_eq!(statuses(&lab.server, ("host", host)).await, [200; 4], "{host}");
    }
    let calls = lab.server.calls().len();
    for host in ["evil.example", "localhost.evil.example:4566", "192.0.2.1", ""] {
        assert_eq!(statuses(&lab.server, ("host", host)).await, [403; 4], "{host}");
    }
    assert_eq!(lab.server.calls().len(), calls);
}

#[tokio::test]
async fn a_page_of_another_host_is_refused() {
    let lab = Lab::with("").await;
    for origin in ["https://evil.example", "http://127.0.0.1:1", "null"] {
        assert_eq!(
            statuses(&lab.server, ("origin", origin)).await,
            [403; 4],
            "{origin}"
        );
    }
    assert_eq!(
        statuses(&lab.server, ("origin", &lab.server.url())).await,
        [200; 4]
    );
}

#[tokio::test]
async fn secrets_manager_takes_no_content_type_but_json() {
    let lab = Lab::with("").await;
    let status = async |content_type| {
        let headers = [DESCRIBE, ("content-type", content_type)];
        let answer = send("POST", &lab.server.url(), &headers, DB).await.unwrap();
        answer.status.as_u16()
    };
    for content_type in [
        "application/x-amz-json-1.1",
        "application/json",
        "Application/JSON; charset=utf-8",
    ] {
        assert_eq!(status(content_type).await, 200, "{content_type}");
    }
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/x-amz-json-1.0",
        "",
    ] {
        assert_eq!(status(content_type).await, 415, "{content_type}");
    }
}

#[tokio::test]
async fn a_runtime_api_is_not_found_by_guessing_and_refuses_pages_too() {
    let lab = Lab::with("").await;
    let runtime_api = async || {
        let payload = json!({ "Variable": "AWS_LAMBDA_RUNTIME_API" }).to_string();
        let invocation = lab.server.invoke("rotate", payload).await.unwrap();
        serde_json::from_slice::<String>(&invocation.payload).unwrap()
    };
    let first = runtime_api().await;
    let url = format!("http://{first}/2018-06-01/runtime/invocation/next");
    for header in [("host", "evil.example"), ("origin", "https://evil.example")] {
        assert_eq!(send("GET", &url, &[header], "").await.unwrap().status, 403);
    }
    assert_eq!(
        runtime_api().await,
        first,
        "the function still gets its invocations"
    );
    lab.server.cool_down("rotate").await;
    let second = runtime_api().await;
    let host = |address: &str| address.split(':').next().unwrap().to_owned();
    assert!(
        first.starts_with("127.") && second.starts_with("127."),
        "{first} {second}"
    );
    if cfg!(target_os = "linux") {
        assert_ne!(host(&first), host(&second));
    }
}
