//! A role, its secret and the function, and what a rotation makes of them.
//!
//! Each [`World`] has a Secrets Manager of its own, so that faults and call logs are its own, and runs the very
//! binary that is deployed.

#![expect(
    clippy::missing_panics_doc,
    reason = "a world panics wherever the test it stands for could not go on"
)]

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_secretsmanager::types::RotationRulesType;
use secrets_manager_local::{
    Builder, Clock, Function, FunctionError, LocalSecretsManager, PendingRemoval, RotationOutcome,
};
use serde_json::{Value, json};
use staging_labels::{Label, Labels, Step};
use uuid::Uuid;

use crate::calls::session_token;
use crate::functions::function_path;
use crate::postgres::{Server, TestDatabase, cluster};

/// The function under test, unless a world is made of another.
pub const FUNCTION: &str = "rotate-postgres-single-user";
/// The function for two alternating users.
pub const ALTERNATING: &str = "rotate-postgres-alternating-users";

/// What a world is made of. The default: the main server, a document in AWS's form, no retries by Secrets Manager.
pub struct Setup {
    server: Server,
    function: &'static str,
    program: Option<PathBuf>,
    timeout: Duration,
    environment: Vec<(String, String)>,
    retries: Vec<Duration>,
    arn_suffix: Option<String>,
    also: Option<&'static str>,
    also_environment: Vec<(String, String)>,
    name: Option<String>,
    clock: Clock,
    pending_removal: Option<PendingRemoval>,
    regions: Vec<&'static str>,
}

impl Setup {
    /// A world on `server`.
    pub fn on(server: Server) -> Self {
        Self {
            server,
            function: FUNCTION,
            program: None,
            timeout: Duration::from_secs(30),
            environment: Vec::new(),
            retries: Vec::new(),
            arn_suffix: None,
            also: None,
            also_environment: Vec::new(),
            name: None,
            clock: Clock::system(),
            pending_removal: None,
            regions: Vec::new(),
        }
    }

    /// The secret's name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Hosts the function under a second name, too: a concurrent invocation that no fault or kill of the first one's meets.
    #[must_use]
    pub fn also(mut self, name: &'static str) -> Self {
        self.also = Some(name);
        self
    }

    /// A variable of the environment of the function's second name.
    #[must_use]
    pub fn also_env(mut self, name: &str, value: &str) -> Self {
        self.also_environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What the ARNs of all secrets end with.
    #[must_use]
    pub fn arn_suffix(mut self, suffix: &str) -> Self {
        self.arn_suffix = Some(suffix.to_owned());
        self
    }

    /// Another function.
    #[must_use]
    pub fn function(mut self, name: &'static str) -> Self {
        self.function = name;
        self
    }

    /// Another build of the function than the one that belongs to this program.
    #[must_use]
    pub fn program(mut self, program: &Path) -> Self {
        self.program = Some(program.to_owned());
        self
    }

    /// A variable of the function's environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The clock that Secrets Manager and the function's log go by.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The regions that Secrets Manager serves; the first is the secret's own.
    #[must_use]
    pub fn regions(mut self, regions: &[&'static str]) -> Self {
        self.regions = regions.to_vec();
        self
    }

    /// When AWSPENDING leaves a version that has become AWSCURRENT.
    #[must_use]
    pub fn pending_removal(mut self, removal: PendingRemoval) -> Self {
        self.pending_removal = Some(removal);
        self
    }

    /// The function's own time limit.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Secrets Manager repeats a failed rotation so many times, a moment apart.
    #[must_use]
    pub fn retries(mut self, times: usize) -> Self {
        self.retries = vec![Duration::from_millis(20); times];
        self
    }

    /// Makes the role, the database, the secret and the function.
    pub async fn start(self) -> World {
        let database = TestDatabase::new(cluster(self.server)).await;
        self.start_with(database).await
    }

    /// The same for a role that the test made.
    pub async fn start_with(self, database: TestDatabase<'static>) -> World {
        let document = database.document();
        self.start_with_document(database, &document.to_string()).await
    }

    /// The same with a document of the test's own.
    pub async fn start_with_document(self, database: TestDatabase<'static>, document: &str) -> World {
        let (aws, client) = self.secrets_manager(&database).await;
        self.world_of(database, aws, client, document).await
    }

    /// A world whose Secrets Manager is there already, with other secrets in it.
    pub(crate) async fn world_of(
        self,
        database: TestDatabase<'static>,
        aws: LocalSecretsManager,
        client: Client,
        document: &str,
    ) -> World {
        let name = self
            .name
            .unwrap_or_else(|| format!("keywheel/{}", database.name()));
        let created = client
            .create_secret()
            .name(name)
            .secret_string(document)
            .send()
            .await;
        let secret = created.expect("a secret is created").arn.expect("it has an ARN");
        World {
            database,
            aws,
            client,
            secret,
            function: self.function,
            classic: self
                .environment
                .contains(&("AWSCURRENT_MOVES".to_owned(), "finishSecret".to_owned())),
        }
    }

    /// A Secrets Manager with the function, and a user's client for it.
    pub(crate) async fn secrets_manager(&self, database: &TestDatabase<'_>) -> (LocalSecretsManager, Client) {
        let program = self
            .program
            .clone()
            .unwrap_or_else(|| function_path(self.function));
        let called = |name: &str| {
            let function = Function::new(name, &program)
                .timeout(self.timeout)
                .env("PGSSLROOTCERT", database.cluster().authority_path())
                .env("AWS_SESSION_TOKEN", session_token(self.function))
                .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
                .env("AWS_LAMBDA_LOG_LEVEL", "TRACE")
                .env("RUST_LOG", "trace")
                .env("SUPERUSER_SECRETS", SUPERUSER_SECRETS);
            let variables = self.environment.iter();
            variables.fold(function, |function, (name, value)| function.env(name, value))
        };
        let mut aws = LocalSecretsManager::builder()
            .function(called(self.function))
            .clock(self.clock.clone())
            .retry_delays(self.retries.clone());
        if let Some(name) = self.also {
            let variables = self.also_environment.iter();
            aws = aws
                .function(variables.fold(called(name), |function, (name, value)| function.env(name, value)));
        }
        if let Some(suffix) = &self.arn_suffix {
            aws = aws.arn_suffix(suffix);
        }
        if !self.regions.is_empty() {
            aws = aws.regions(self.regions.iter().copied());
        }
        let mut aws = as_asked(aws);
        if let Some(removal) = self.pending_removal {
            aws = aws.pending_removal(removal);
        }
        let aws = aws.start().await.expect("the local Secrets Manager starts");
        let client = client(&aws.url());
        (aws, client)
    }
}

/// The superuser secrets that the functions under test may use: those of the tests, whatever their account, and those of RDS.
pub const SUPERUSER_SECRETS: &str = "arn:aws:secretsmanager:us-east-1:*:secret:*admin*,\
    arn:aws:secretsmanager:us-east-1:*:secret:rds!*";

/// What the environment of `make test` asks of a Secrets Manager: to note what functions call, since their roles must allow it,
/// and when AWSPENDING leaves a version that has become AWSCURRENT.
pub fn as_asked(builder: Builder) -> Builder {
    let builder = builder.pending_removal(pending_removal());
    match env::var_os("KEYWHEEL_RECORD_CALLS") {
        Some(path) => builder.record_calls(path),
        None => builder,
    }
}

/// When AWSPENDING leaves a version that has become AWSCURRENT, in a test that does not say so itself.
///
/// # Panics
/// If `KEYWHEEL_PENDING_REMOVED` is no name of a [`PendingRemoval`].
pub fn pending_removal() -> PendingRemoval {
    let name = env::var("KEYWHEEL_PENDING_REMOVED").ok();
    name.map_or_else(PendingRemoval::default, |name| {
        name.parse().expect("when-complete, with-move or never")
    })
}

/// A client of the SDK that talks to `url`.
pub fn client(url: &str) -> Client {
    let config = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("tests", "tests", None, None, "tests"))
        .endpoint_url(url)
        .build();
    Client::from_conf(config)
}

/// A role, its secret and the function.
pub struct World {
    /// The role and its database.
    pub database: TestDatabase<'static>,
    /// Secrets Manager, with the function.
    pub aws: LocalSecretsManager,
    /// A user's own client.
    pub client: Client,
    /// The secret's ARN.
    pub secret: String,
    /// The function's name.
    pub function: &'static str,
    /// AWSCURRENT moves in finishSecret.
    pub(crate) classic: bool,
}

/// What must stay as it was when something is refused: every label, and the role's verifier.
#[derive(Debug, PartialEq, Eq)]
pub struct Snapshot {
    labels: String,
    verifier: String,
}

impl Snapshot {
    /// The role's verifier.
    pub fn verifier(&self) -> &str {
        &self.verifier
    }
}

impl World {
    /// The usual world: the main server.
    pub async fn new() -> Self {
        Setup::on(Server::Main).start().await
    }

    /// Whether two users alternate, so that the one that is current is never touched.
    pub fn takes_turns(&self) -> bool {
        self.function == ALTERNATING
    }

    /// Lets Secrets Manager rotate, and waits for what comes of it; answers with the token.
    ///
    /// # Errors
    /// The error of the last step that failed.
    pub async fn rotate(&self) -> Result<String, FunctionError> {
        let token = Uuid::new_v4().to_string();
        self.start_rotation(&token).await;
        self.outcome(&token).await.map(|()| token)
    }

    /// Waits for the end of a rotation that was started.
    ///
    /// # Errors
    /// The error of the last step that failed.
    pub async fn outcome(&self, token: &str) -> Result<(), FunctionError> {
        let run = self
            .aws
            .wait_for_rotation(&self.secret, token)
            .await
            .expect("the rotation was started");
        match run.outcome {
            Some(RotationOutcome::Succeeded) => Ok(()),
            _ => Err(run.last_error().cloned().unwrap_or_default()),
        }
    }

    /// Runs a test rotation (`--no-rotate-immediately`): testSecret alone, on a copy of the current value.
    ///
    /// # Errors
    /// What testSecret answered.
    pub async fn test_rotation(&self) -> Result<(), FunctionError> {
        let token = Uuid::new_v4().to_string();
        let arn = secrets_manager_local::function_arn(self.function);
        let answer = self
            .client
            .rotate_secret()
            .secret_id(&self.secret)
            .client_request_token(&token)
            .rotation_lambda_arn(arn)
            .rotation_rules(RotationRulesType::builder().automatically_after_days(30).build())
            .rotate_immediately(false)
            .send()
            .await;
        answer.expect("RotateSecret is accepted");
        self.outcome(&token).await
    }

    /// Calls RotateSecret, which returns before the rotation is done.
    pub async fn start_rotation(&self, token: &str) {
        let arn = secrets_manager_local::function_arn(self.function);
        let answer = self
            .client
            .rotate_secret()
            .secret_id(&self.secret)
            .client_request_token(token)
            .rotation_lambda_arn(arn)
            .rotation_rules(RotationRulesType::builder().automatically_after_days(30).build())
            .send()
            .await;
        answer.expect("RotateSecret is accepted");
    }

    /// What stands before createSecret: a version labelled AWSPENDING, without a value.
    pub fn stage(&self) -> String {
        let token = Uuid::new_v4().to_string();
        self.aws
            .stage_pending(&self.secret, &token)
            .expect("an empty version can be staged");
        token
    }

    /// Delivers one step.
    ///
    /// # Errors
    /// What the function answered.
    pub async fn step(&self, token: &str, step: Step) -> Result<(), FunctionError> {
        self.step_by(self.function, token, step).await
    }

    /// Delivers one step to the function of that name.
    ///
    /// # Errors
    /// What the function answered.
    pub async fn step_by(&self, function: &str, token: &str, step: Step) -> Result<(), FunctionError> {
        let payload = json!({"Step": step.name(), "SecretId": self.secret, "ClientRequestToken": token});
        self.invoke_by(function, &payload).await
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

    /// Delivers any payload.
    ///
    /// # Errors
    /// What the function answered.
    pub async fn invoke(&self, payload: &Value) -> Result<(), FunctionError> {
        self.invoke_by(self.function, payload).await
    }

    async fn invoke_by(&self, function: &str, payload: &Value) -> Result<(), FunctionError> {
        let invocation = self.aws.invoke(function, payload.to_string().into_bytes()).await;
        invocation
            .expect("the function is there")
            .error
            .map_or(Ok(()), Err)
    }

    /// The value that carries `label`.
    pub async fn text(&self, label: &Label) -> Option<String> {
        let call = self
            .client
            .get_secret_value()
            .secret_id(&self.secret)
            .version_stage(label.as_str());
        call.send().await.ok()?.secret_string
    }

    /// The value of one version.
    pub async fn text_of(&self, version: &str) -> Option<String> {
        let call = self
            .client
            .get_secret_value()
            .secret_id(&self.secret)
            .version_id(version);
        call.send().await.ok()?.secret_string
    }

    /// The password in a JSON document that carries `label`.
    ///
    /// # Panics
    /// If there is none.
    pub async fn password(&self, label: &Label) -> String {
        self.field(label, "password").await
    }

    async fn field(&self, label: &Label, key: &str) -> String {
        let text = self.text(label).await.expect("a version carries the label");
        let document: Value = serde_json::from_str(&text).expect("the document is JSON");
        let value = document[key].as_str();
        value.unwrap_or_else(|| panic!("it has a {key}")).to_owned()
    }

    /// Whether the value that is current logs in.
    pub async fn current_logs_in(&self) -> bool {
        self.logs_in(&Label::Current).await
    }

    /// Whether the value that carries `label` logs in, as the user that it names.
    ///
    /// # Panics
    /// If no version carries the label.
    pub async fn logs_in(&self, label: &Label) -> bool {
        let (user, password) = (self.user(label).await, self.password(label).await);
        let database = &self.database;
        database
            .cluster()
            .accepts(&user, &password, database.name())
            .await
    }

    /// The user in a JSON document that carries `label`.
    ///
    /// # Panics
    /// If there is none.
    pub async fn user(&self, label: &Label) -> String {
        self.field(label, "username").await
    }

    /// Stores a value by hand, with `labels`.
    pub async fn put(&self, text: &str, labels: &[Label]) -> String {
        let token = Uuid::new_v4().to_string();
        let mut call = self
            .client
            .put_secret_value()
            .secret_id(&self.secret)
            .client_request_token(&token);
        for label in labels {
            call = call.version_stages(label.as_str());
        }
        call.secret_string(text)
            .send()
            .await
            .expect("the value is stored");
        token
    }

    /// Stores `document` as the staged version's value, as another function's createSecret would.
    pub async fn put_pending(&self, token: &str, document: &str) {
        let call = self
            .client
            .put_secret_value()
            .secret_id(&self.secret)
            .client_request_token(token);
        let call = call
            .version_stages(Label::Pending.as_str())
            .secret_string(document);
        call.send().await.expect("the pending value is stored");
    }

    /// Takes AWSPENDING off `version`, as AWS's own guide advises after a rotation that failed.
    pub async fn clean_up(&self, version: &str) {
        let call = self.client.update_secret_version_stage().secret_id(&self.secret);
        let call = call
            .version_stage(Label::Pending.as_str())
            .remove_from_version_id(version);
        call.send().await.expect("the label is removed");
    }

    /// Which version carries which label.
    pub async fn labels(&self) -> Labels {
        let answer = self.client.describe_secret().secret_id(&self.secret).send().await;
        let answer = answer.expect("the secret is there");
        answer
            .version_ids_to_stages
            .unwrap_or_default()
            .into_iter()
            .collect()
    }

    /// The version that carries `label`.
    pub async fn carrier(&self, label: &Label) -> Option<String> {
        self.labels().await.carrier(label).map(ToString::to_string)
    }

    /// What must not change when a step is refused.
    pub async fn snapshot(&self) -> Snapshot {
        Snapshot {
            labels: self.labels().await.to_string(),
            verifier: self.database.verifier().await,
        }
    }

    /// All that the function wrote to stdout and stderr.
    pub fn log(&self) -> String {
        self.aws.logs(self.function).join("\n")
    }
}
