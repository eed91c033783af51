//! Many secrets for what lists them, and a function that needs no database: it stores a value and moves the labels, or fails as it
//! is told, and logs what Keywheel's functions log.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::RotationRulesType;
use secrets_manager_local::{Clock, Function, LocalSecretsManager, function_arn};
use serde_json::json;
use tempfile::TempDir;

use crate::world::client;

const CODE: &str = r#"#!/usr/bin/env python3
import json, os, urllib.request

api, url = os.environ["AWS_LAMBDA_RUNTIME_API"], os.environ["AWS_ENDPOINT_URL"]
fails = json.loads(os.environ["FAILS"])


def post(address, body, headers={}):
    return urllib.request.urlopen(urllib.request.Request(address, body, headers)).read()


def call(operation, **parameters):
    kind = {"x-amz-target": f"secretsmanager.{operation}", "content-type": "application/x-amz-json-1.1"}
    return json.loads(post(url, json.dumps(parameters).encode(), kind))


def step(event):
    secret, version = event["SecretId"], event["ClientRequestToken"]
    for beginning, name, code in fails:
        if name == event["Step"] and f":secret:{beginning}" in secret:
            return code
    if event["Step"] == "createSecret":
        call("PutSecretValue", SecretId=secret, ClientRequestToken=version, SecretString="{}", VersionStages=["AWSPENDING"])
    if event["Step"] == "finishSecret":
        labels = call("DescribeSecret", SecretId=secret)["VersionIdsToStages"]
        current = next(one for one, names in labels.items() if "AWSCURRENT" in names)
        if current != version:
            call("UpdateSecretVersionStage", SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=version, RemoveFromVersionId=current)


while True:
    answer = urllib.request.urlopen(f"http://{api}/2018-06-01/runtime/invocation/next")
    request = answer.headers["lambda-runtime-aws-request-id"]
    event = json.load(answer)
    code = step(event)
    line = {"secret.arn": event["SecretId"], "version.id": event["ClientRequestToken"], "rotation.step": event["Step"], "rotation.strategy": "single-user"}
    if code:
        line |= {"message": "as it was told", "outcome": "failed", "error.code": code}
    else:
        line |= {"rotation.action": "apply" if event["Step"] == "setSecret" else "none", "outcome": "succeeded"}
    print(json.dumps(line), flush=True)
    said = json.dumps({"errorType": code, "errorMessage": "as it was told"} if code else None).encode()
    post(f"http://{api}/2018-06-01/runtime/invocation/{request}/{'error' if code else 'response'}", said)
"#;

/// A Secrets Manager with such functions.
pub struct Fleet {
    /// It.
    pub aws: LocalSecretsManager,
    client: Client,
    _directory: TempDir,
}

impl Fleet {
    /// With these functions. `fails` has the beginning of a secret's name, the step that fails for it, and the error's code.
    ///
    /// # Errors
    ///
    /// The program cannot be written, or the server cannot be started.
    pub async fn start(clock: Clock, functions: &[&str], fails: &[(&str, &str, &str)]) -> io::Result<Self> {
        let directory = tempfile::tempdir()?;
        let program = program(&directory)?;
        let mut builder = LocalSecretsManager::builder()
            .clock(clock)
            .retry_delays([] as [Duration; 0]);
        for name in functions {
            let function = Function::new(*name, &program).env("FAILS", json!(fails).to_string());
            builder = builder.function(function);
        }
        let aws = builder.start().await?;
        Ok(Self {
            client: client(&aws.url()),
            aws,
            _directory: directory,
        })
    }

    /// A secret that this function rotates every so many days, for the first time in the next window.
    ///
    /// # Panics
    ///
    /// If Secrets Manager refuses that.
    pub async fn add(&self, name: &str, function: &str, days: i64) {
        self.aws.create_secret(name, "{}").expect("a secret is created");
        let rules = RotationRulesType::builder()
            .automatically_after_days(days)
            .build();
        let call = self.client.rotate_secret().secret_id(name).rotation_rules(rules);
        let attached = call
            .rotation_lambda_arn(function_arn(function))
            .rotate_immediately(false)
            .send();
        let version = attached.await.expect("a function is attached").version_id;
        self.ended(name, version).await;
    }

    /// Rotates it, well or not.
    ///
    /// # Panics
    ///
    /// If Secrets Manager refuses that.
    pub async fn rotate(&self, name: &str) {
        let begun = self.client.rotate_secret().secret_id(name).send().await;
        self.ended(name, begun.expect("a rotation begins").version_id)
            .await;
    }

    async fn ended(&self, name: &str, version: Option<String>) {
        let version = version.expect("a rotation has a version");
        self.aws.wait_for_rotation(name, &version).await;
    }
}

fn program(directory: &TempDir) -> io::Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = directory.path().join("rotate");
    std::fs::write(&path, CODE)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    Ok(path)
}
