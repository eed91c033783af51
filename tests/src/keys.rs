//! Secrets whose keys `rotate-api-key` rotates, in a Secrets Manager of their own.

#![expect(
    clippy::missing_panics_doc,
    reason = "it panics wherever the test it stands for could not go on"
)]

use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::{RotationRulesType, Tag};
use secrets_manager_local::{Function, FunctionError, LocalSecretsManager, RotationOutcome, function_arn};
use serde_json::{Value, json};
use staging_labels::{Label, Labels, Step};
use uuid::Uuid;

use crate::calls::session_token;
use crate::functions::function_path;
use crate::world;

/// The function under test.
pub const FUNCTION: &str = "rotate-api-key";

/// A Secrets Manager for keys. What the function is told depends on secrets that are made before, so it is added last.
pub struct Keys {
    /// Secrets Manager, with the function.
    pub aws: LocalSecretsManager,
    /// A user's own client.
    pub client: Client,
}

impl Keys {
    /// One in which a failed rotation is not tried again, and without a function yet.
    pub async fn start() -> Self {
        Self::retrying(0).await
    }

    /// One in which a failed rotation is tried again, so many times.
    pub async fn retrying(times: usize) -> Self {
        let aws = world::as_asked(LocalSecretsManager::builder())
            .retry_delays(vec![Duration::from_millis(20); times])
            .start()
            .await;
        let aws = aws.expect("the local Secrets Manager starts");
        let client = world::client(&aws.url());
        Self { aws, client }
    }

    /// Hosts the function with these variables in its environment, logging everything.
    pub fn host(&self, environment: &[(&str, &str)]) {
        self.aws.add_function(function(environment));
    }

    /// Stores an admin's credential; answers with the secret's ARN.
    pub async fn admin(&self, name: &str, value: &str) -> String {
        self.create(name, value, &[]).await
    }

    /// Stores a key, with tags.
    pub async fn secret(&self, name: &str, value: &str, tags: &[(&str, &str)]) -> Secret<'_> {
        let arn = self.create(name, value, tags).await;
        Secret {
            aws: &self.aws,
            client: &self.client,
            arn,
            function: FUNCTION,
        }
    }

    async fn create(&self, name: &str, value: &str, tags: &[(&str, &str)]) -> String {
        let mut call = self.client.create_secret().name(name).secret_string(value);
        for (key, value) in tags {
            call = call.tags(Tag::builder().key(*key).value(*value).build());
        }
        let created = call.send().await.expect("a secret is created");
        created.arn.expect("it has an ARN")
    }

    /// All that the function wrote to stdout and stderr.
    pub fn log(&self) -> String {
        self.aws.logs(FUNCTION).join("\n")
    }
}

/// The function, with these variables in its environment, logging everything.
pub fn function(environment: &[(&str, &str)]) -> Function {
    function_called(FUNCTION, environment)
}

/// The same under another name.
pub fn function_called(name: &str, environment: &[(&str, &str)]) -> Function {
    let session = session_token(FUNCTION);
    let verbose = [
        ("AWS_SESSION_TOKEN", session.as_str()),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
        ("RUST_LOG", "trace"),
    ];
    let function = Function::new(name, function_path(FUNCTION)).timeout(Duration::from_secs(30));
    let variables = verbose.iter().chain(environment);
    variables.fold(function, |function, (name, value)| function.env(*name, *value))
}

/// A secret that has a key; or of another function, one that it rotates.
pub struct Secret<'a> {
    aws: &'a LocalSecretsManager,
    client: &'a Client,
    arn: String,
    function: &'static str,
}

impl<'a> Secret<'a> {
    /// A secret that is there already.
    pub fn of(aws: &'a LocalSecretsManager, client: &'a Client, arn: String) -> Self {
        Self {
            aws,
            client,
            arn,
            function: FUNCTION,
        }
    }

    /// The same, rotated by `function`.
    #[must_use]
    pub fn by(mut self, function: &'static str) -> Self {
        self.function = function;
        self
    }

    /// Its ARN.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Lets Secrets Manager rotate, and waits for what comes of it; answers with the token.
    ///
    /// # Errors
    /// The error of the last step that failed.
    pub async fn rotate(&self) -> Result<String, FunctionError> {
        let token = Uuid::new_v4().to_string();
        self.rotate_as(&token).await.map(|()| token)
    }

    /// The same with a token of the caller's.
    ///
    /// # Errors
    /// The error of the last step that failed.
    pub async fn rotate_as(&self, token: &str) -> Result<(), FunctionError> {
        let rules = RotationRulesType::builder().automatically_after_days(30).build();
        let call = self.client.rotate_secret().secret_id(&self.arn);
        let call = call.client_request_token(token).rotation_rules(rules);
        let call = call.rotation_lambda_arn(function_arn(self.function));
        call.send().await.expect("RotateSecret is accepted");
        let run = self.aws.wait_for_rotation(&self.arn, token).await;
        let run = run.expect("the rotation was started");
        match run.outcome {
            Some(RotationOutcome::Succeeded) => Ok(()),
            _ => Err(run.last_error().cloned().unwrap_or_default()),
        }
    }

    /// What stands before createSecret: a version labelled AWSPENDING, without a value.
    pub fn stage(&self) -> String {
        let token = Uuid::new_v4().to_string();
        let staged = self.aws.stage_pending(&self.arn, &token);
        staged.expect("an empty version can be staged");
        token
    }

    /// Delivers one step.
    ///
    /// # Errors
    /// What the function answered.
    pub async fn step(&self, token: &str, step: Step) -> Result<(), FunctionError> {
        let payload = json!({"Step": step.name(), "SecretId": self.arn, "ClientRequestToken": token});
        let invocation = self
            .aws
            .invoke(self.function, payload.to_string().into_bytes())
            .await;
        let invocation = invocation.expect("the function is there");
        invocation.error.map_or(Ok(()), Err)
    }

    /// Delivers `steps`, one after the other.
    ///
    /// # Errors
    /// What the function answered to the first that failed.
    pub async fn steps(&self, token: &str, steps: &[Step]) -> Result<(), FunctionError> {
        for &step in steps {
            self.step(token, step).await?;
        }
        Ok(())
    }

    /// The value that carries `label`.
    pub async fn text(&self, label: &Label) -> Option<String> {
        let call = self.client.get_secret_value().secret_id(&self.arn);
        call.version_stage(label.as_str())
            .send()
            .await
            .ok()?
            .secret_string
    }

    /// The value of AWSCURRENT.
    pub async fn current(&self) -> String {
        self.text(&Label::Current).await.expect("AWSCURRENT has a value")
    }

    /// The same as JSON.
    pub async fn document(&self) -> Value {
        serde_json::from_str(&self.current().await).expect("the value is JSON")
    }

    /// Which version carries which label.
    pub async fn labels(&self) -> Labels {
        let answer = self.client.describe_secret().secret_id(&self.arn).send().await;
        let stages = answer.expect("the secret is there").version_ids_to_stages;
        stages.unwrap_or_default().into_iter().collect()
    }

    /// The version that carries `label`.
    pub async fn carrier(&self, label: &Label) -> Option<String> {
        self.labels().await.carrier(label).map(ToString::to_string)
    }
}

/// A shipped description that goes to `base` instead of to the provider.
pub fn shipped_at(name: &str, base: &str) -> String {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/rotate-api-key/providers");
    let text = std::fs::read_to_string(format!("{directory}/{name}.toml"));
    let text = text.expect("the description is shipped");
    let there = |line: &str| match line.strip_prefix("base = ") {
        Some(old) => format!("base = \"{base}{}\"", prefix(old.trim_matches('"'))),
        None => line.to_owned(),
    };
    let lines: Vec<_> = text.lines().map(there).collect();
    lines.join("\n")
}

/// What all paths of `base` begin with.
fn prefix(base: &str) -> &str {
    let rest = base.split_once("://").map_or("", |(_, rest)| rest);
    rest.find('/').map_or("", |slash| &rest[slash..])
}
