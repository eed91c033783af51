//! A small HTTP client, and what every test needs.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use secrets_manager_local::{Function, LocalSecretsManager, RotationRun};
use serde_json::{Value as Json, json};
use tokio::net::TcpStream;

/// An answer as it came over the wire.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Sends one request, with the URL's address as `Host` unless the headers have one; an error if the connection is closed without an answer.
pub(crate) async fn send(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Answer, hyper::Error> {
    let (address, path) = url
        .trim_start_matches("http://")
        .split_once('/')
        .unwrap_or((url.trim_start_matches("http://"), ""));
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(format!("/{path}"));
    if headers.iter().all(|(name, _)| *name != "host") {
        request = request.header("host", address);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = sender
        .send_request(request.body(Full::new(Bytes::from(body.to_owned()))).unwrap())
        .await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.into_body().collect().await?.to_bytes();
    Ok(Answer {
        status,
        headers,
        body,
    })
}

/// Calls Secrets Manager, with a `ClientRequestToken` where SDKs fill one in.
pub(crate) async fn call(url: &str, operation: &str, mut parameters: Json) -> Result<Answer, hyper::Error> {
    let takes_token = ["CreateSecret", "PutSecretValue", "RotateSecret", "UpdateSecret"];
    if takes_token.contains(&operation) && parameters.get("ClientRequestToken").is_none() {
        parameters["ClientRequestToken"] = uuid::Uuid::new_v4().to_string().into();
    }
    let target = format!("secretsmanager.{operation}");
    let headers = [
        ("x-amz-target", target.as_str()),
        ("content-type", "application/x-amz-json-1.1"),
    ];
    send("POST", url, &headers, &parameters.to_string()).await
}

/// A server with a secret of the test's own.
pub(crate) struct Lab {
    pub(crate) server: LocalSecretsManager,
}

impl Lab {
    /// A server with one function, `rotate`, which behaves as told, and quick retries.
    pub(crate) async fn with(behaviour: &str) -> Self {
        Self::of(LocalSecretsManager::builder().function(function("rotate", behaviour))).await
    }

    pub(crate) async fn of(builder: secrets_manager_local::Builder) -> Self {
        let lab = Self {
            server: builder.start().await.unwrap(),
        };
        lab.ok(
            "CreateSecret",
            json!({ "Name": "db", "SecretString": r#"{"password":"old"}"#, "ClientRequestToken": v(1) }),
        )
        .await;
        lab
    }

    #[track_caller]
    pub(crate) fn ok(&self, operation: &str, parameters: Json) -> impl Future<Output = Json> {
        let (url, operation) = (self.server.url(), operation.to_owned());
        async move {
            let answer = call(&url, &operation, parameters).await.unwrap();
            assert_eq!(answer.status, 200, "{operation}: {:?}", answer.body);
            answer.json()
        }
    }

    /// The code of the error that a call is refused with.
    pub(crate) async fn refused(&self, operation: &str, parameters: Json) -> String {
        let answer = call(&self.server.url(), operation, parameters).await.unwrap();
        assert_ne!(answer.status, 200, "{operation}: {:?}", answer.body);
        answer.json()["__type"].as_str().unwrap().to_owned()
    }

    /// Begins a rotation that makes version `n`.
    pub(crate) async fn begin(&self, n: u32) {
        self.ok("RotateSecret", rotate_parameters("db", n)).await;
    }

    /// Rotates, and waits for the end.
    pub(crate) async fn rotate(&self, n: u32) -> RotationRun {
        self.begin(n).await;
        self.ended(n).await
    }

    /// Waits for the end of the rotation that makes version `n`.
    pub(crate) async fn ended(&self, n: u32) -> RotationRun {
        let token = v(n);
        let ended = tokio::time::timeout(
            Duration::from_secs(15),
            self.server.wait_for_rotation("db", &token),
        );
        ended
            .await
            .expect("the rotation ends")
            .expect("the rotation began")
    }

    /// The version that carries a label.
    pub(crate) async fn carrier(&self, label: &str) -> Option<String> {
        let description = self.ok("DescribeSecret", json!({ "SecretId": "db" })).await;
        let versions = description["VersionIdsToStages"].as_object().unwrap().clone();
        versions
            .into_iter()
            .find(|(_, stages)| stages.as_array().unwrap().contains(&json!(label)))
            .map(|(id, _)| id)
    }

    /// The names of the secret's `CloudTrail` events.
    pub(crate) fn event_names(&self) -> Vec<String> {
        self.server
            .events("db")
            .iter()
            .map(|event| format!("{:?}", event.name))
            .collect()
    }
}

pub(crate) fn rotate_parameters(secret: &str, n: u32) -> Json {
    json!({ "SecretId": secret, "ClientRequestToken": v(n), "RotationLambdaARN": secrets_manager_local::function_arn("rotate") })
}

/// The test's rotation function.
pub(crate) fn function(name: &str, behaviour: &str) -> Function {
    Function::new(name, script()).env("BEHAVIOUR", behaviour)
}

pub(crate) fn script() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/functions/rotate.py")
}

/// The id of version `n`: 32 digits.
pub(crate) fn v(n: u32) -> String {
    format!("{n:032}")
}

/// The steps of each attempt, the failed ones marked: `create set! | create set test finish`.
pub(crate) fn steps(run: &RotationRun) -> String {
    let attempts = run.attempts.iter().map(|attempt| {
        let steps = attempt.steps.iter().map(|step| {
            let failed = if step.error.is_some() { "!" } else { "" };
            format!("{}{failed}", step.step.trim_end_matches("Secret"))
        });
        steps.collect::<Vec<_>>().join(" ")
    });
    attempts.collect::<Vec<_>>().join(" | ")
}

/// Whether a process of this id runs.
pub(crate) fn is_running(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// Waits until a process is gone: a signal takes effect a moment after it was sent.
pub(crate) async fn gone(pid: &str) {
    let start = Instant::now();
    while is_running(pid) {
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "process {pid} still runs"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
