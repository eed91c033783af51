//! Real clients: the aws command line, boto3 and psql, and the program that serves them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use keywheel_tests::functions::function_path;
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::process;
use keywheel_tests::tools::Tools;
use keywheel_tests::world::{FUNCTION, World};
use secrets_manager_local::RotationOutcome;
use serde_json::{Value, json};
use staging_labels::{Label, Step};
use uuid::Uuid;

/// Longer than anything takes here, however slow the machine is.
const PATIENCE: Duration = Duration::from_mins(1);

fn function_arn() -> String {
    secrets_manager_local::function_arn(FUNCTION)
}

/// The aws command line, pointed at a local Secrets Manager as the documentation says.
struct Cli<'a> {
    url: &'a str,
}

impl Cli<'_> {
    fn run(&self, arguments: &[&str]) -> Output {
        let tools = Tools::load().expect("the tools are installed");
        let mut aws = Command::new(tools.aws().expect("there is an aws command line"));
        aws.args(arguments).args(["--output", "json"]);
        for (name, value) in [
            ("AWS_ENDPOINT_URL", self.url),
            ("AWS_ACCESS_KEY_ID", "tests"),
            ("AWS_SECRET_ACCESS_KEY", "tests"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_PAGER", ""),
        ] {
            aws.env(name, value);
        }
        aws.env_remove("AWS_PROFILE")
            .output()
            .expect("the aws command line can be run")
    }

    /// A call of Secrets Manager that succeeds, and its answer.
    #[track_caller]
    fn call(&self, operation: &str, arguments: &[&str]) -> Value {
        let output = self.run(&[&["secretsmanager", operation], arguments].concat());
        assert!(
            output.status.success(),
            "{operation}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        // Some calls answer nothing.
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// A call of Secrets Manager that is refused with this exception.
    #[track_caller]
    fn refused(&self, operation: &str, arguments: &[&str], exception: &str) {
        let output = self.run(&[&["secretsmanager", operation], arguments].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && said.contains(&format!("({exception})")),
            "{operation}: {said}"
        );
    }

    /// The password of the value that is current.
    fn password(&self, secret: &str) -> String {
        let value = self.call("get-secret-value", &["--secret-id", secret]);
        let document: Value =
            serde_json::from_str(value["SecretString"].as_str().expect("a text")).expect("JSON");
        document["password"]
            .as_str()
            .expect("it has a password")
            .to_owned()
    }

    /// Asks until `version` is current, as a person would.
    fn wait_until_current(&self, secret: &str, version: &str) -> Value {
        let started = Instant::now();
        loop {
            let described = self.call("describe-secret", &["--secret-id", secret]);
            let labels = described["VersionIdsToStages"][version].to_string();
            if labels.contains(Label::Current.as_str()) {
                return described;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "the rotation does not end: {described}"
            );
        }
    }
}

/// `secrets-manager-local serve`, as a person starts it; ends with this value.
struct Served {
    program: Child,
    url: String,
}

impl Served {
    fn start(database: &TestDatabase<'_>) -> Self {
        let function = format!("{FUNCTION}={}", function_path(FUNCTION).display());
        let roots = format!("PGSSLROOTCERT={}", database.cluster().authority_path().display());
        let mut program = Command::new(function_path("secrets-manager-local"))
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--function",
                &function,
                "--env",
                &roots,
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program can be run");
        let stdout = program.stdout.take().expect("its output is a pipe");
        let first = BufReader::new(stdout).lines().next().expect("it says something");
        let first: Value =
            serde_json::from_str(&first.expect("it can be read")).expect("the first line is JSON");
        let url = first["url"].as_str().expect("it has the key `url`").to_owned();
        Self { program, url }
    }

    fn functions(&self) -> Vec<u32> {
        process::with_environment("AWS_ENDPOINT_URL", &self.url)
            .into_iter()
            .filter(|pid| process::visible(*pid).contains("AWS_LAMBDA_RUNTIME_API"))
            .collect()
    }

    /// Asks it to end, and waits until it has.
    fn terminate(&mut self) -> std::process::ExitStatus {
        let pid = self.program.id().to_string();
        let sent = Command::new("/bin/sh")
            .args(["-c", "kill -TERM \"$0\"", &pid])
            .status();
        assert!(sent.expect("a shell can be run").success(), "the signal is sent");
        let started = Instant::now();
        loop {
            if let Some(status) = self.program.try_wait().expect("it is our child") {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "it does not end on SIGTERM");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Both fail if it has ended, as it should have.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

#[tokio::test]
async fn the_aws_command_line_tells_a_whole_story_to_the_program() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let mut served = Served::start(&database);
    let cli = Cli {
        url: &served.url.clone(),
    };
    let name = "orders/db";
    let of_it = ["--secret-id", name];

    let document = database.document().to_string();
    let created = cli.call("create-secret", &["--name", name, "--secret-string", &document]);
    let first = created["VersionId"].as_str().expect("a version").to_owned();
    let rotate = [
        "--rotation-lambda-arn",
        &function_arn(),
        "--rotation-rules",
        "AutomaticallyAfterDays=30",
    ];
    let rotated = cli.call("rotate-secret", &[&of_it[..], &rotate].concat());
    let second = rotated["VersionId"].as_str().expect("a version").to_owned();
    let described = cli.wait_until_current(name, &second);
    assert_eq!(described["RotationEnabled"], true);
    assert_eq!(described["RotationLambdaARN"], function_arn());
    assert_eq!(described["VersionIdsToStages"][&first], json!(["AWSPREVIOUS"]));

    let password = cli.password(name);
    assert!(database.accepts(&password).await);
    assert!(!database.accepts(database.password()).await);
    let listed = cli.call("list-secret-version-ids", &of_it);
    let versions = listed["Versions"].as_array().expect("a list");
    let ids: Vec<_> = versions
        .iter()
        .filter_map(|version| version["VersionId"].as_str())
        .collect();
    assert!(
        ids.len() == 2 && ids.contains(&&*first) && ids.contains(&&*second),
        "{listed}"
    );

    cli.call("cancel-rotate-secret", &of_it);
    cli.call(
        "delete-secret",
        &[&of_it[..], &["--recovery-window-in-days", "7"]].concat(),
    );
    cli.refused("get-secret-value", &of_it, "InvalidRequestException");
    cli.call("restore-secret", &of_it);
    assert_eq!(cli.password(name), password);
    cli.refused(
        "describe-secret",
        &["--secret-id", "nowhere"],
        "ResourceNotFoundException",
    );

    let functions = served.functions();
    assert!(!functions.is_empty(), "a function waits for its next invocation");
    assert!(served.terminate().success(), "SIGTERM is a normal end");
    assert_eq!(served.functions(), Vec::<u32>::new(), "its functions end with it");
}

#[tokio::test]
async fn boto3_tells_a_whole_story() {
    let world = World::new().await;
    let tools = Tools::load().expect("the tools are installed");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/boto3_story.py");
    // The story has a Secrets Manager of its own: what the world created would be in its lists.
    world
        .client
        .delete_secret()
        .secret_id(&world.secret)
        .force_delete_without_recovery(true)
        .send()
        .await
        .expect("deleted");
    let output = Command::new(tools.python().expect("there is a Python"))
        .arg(script)
        .args([
            world.aws.url(),
            function_arn(),
            world.database.document().to_string(),
        ])
        .output()
        .expect("Python can be run");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let told: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    assert!(
        world
            .database
            .accepts(told["password"].as_str().expect("a password"))
            .await
    );
    assert!(!world.database.accepts(world.database.password()).await);
}

/// psql's login over TLS that is fully verified.
fn psql(world: &World, password: &str) -> Output {
    let mut psql = world
        .database
        .cluster()
        .psql()
        .expect("the main server has a psql");
    psql.args(["-U", world.database.user(), "-d", world.database.name()]);
    psql.args([
        "--tuples-only",
        "--no-align",
        "--command",
        "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    ]);
    psql.env("PGPASSWORD", password)
        .output()
        .expect("psql can be run")
}

#[tokio::test]
async fn psql_logs_in_with_the_rotated_password_and_not_with_the_old_one() {
    let world = World::new().await;
    world.rotate().await.expect("the rotation succeeds");
    let new = psql(&world, &world.password(&Label::Current).await);
    assert!(new.status.success(), "{}", String::from_utf8_lossy(&new.stderr));
    assert_eq!(String::from_utf8_lossy(&new.stdout).trim(), "t", "over TLS");
    let old = psql(&world, world.database.password());
    assert!(!old.status.success());
    let said = String::from_utf8_lossy(&old.stderr);
    assert!(said.contains("password authentication failed"), "{said}");
}

#[tokio::test]
async fn the_aws_command_line_invokes_the_function_itself() {
    let world = World::new().await;
    let token = world.stage();
    let directory = tempfile::tempdir().expect("there is room for a file");
    let (event, answer) = (
        directory.path().join("event.json"),
        directory.path().join("answer.json"),
    );
    let url = world.aws.url();
    let invoke = |step: &str| {
        let payload = json!({"Step": step, "SecretId": world.secret, "ClientRequestToken": token});
        std::fs::write(&event, payload.to_string()).expect("it can be written");
        let payload = format!("fileb://{}", event.display());
        let out = answer.display().to_string();
        let output = Cli { url: &url }.run(&[
            "lambda",
            "invoke",
            "--function-name",
            FUNCTION,
            "--payload",
            &payload,
            &out,
        ]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let status: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
        let answer = std::fs::read(&answer).expect("the answer is written");
        (
            status,
            serde_json::from_slice::<Value>(&answer).expect("the answer is JSON"),
        )
    };
    assert_eq!(
        invoke(Step::Create.name()),
        (
            json!({"StatusCode": 200, "ExecutedVersion": "$LATEST"}),
            Value::Null
        )
    );
    assert!(
        world.text_of(&token).await.is_some(),
        "createSecret has stored a value"
    );

    let (status, error) = invoke("dropSecret");
    assert_eq!(status["FunctionError"], "Unhandled");
    assert_eq!(error["errorType"], "StepUnknown");
    let message = error["errorMessage"].as_str().expect("a message");
    assert!(message.contains(&world.secret), "{message}");
}

/// Asks for a preflight by the aws command line, and waits for what comes of it.
async fn preflight(world: &World) -> secrets_manager_local::RotationRun {
    let token = Uuid::new_v4().to_string();
    let url = world.aws.url();
    let (arn, secret) = (function_arn(), world.secret.as_str());
    let rotate = [
        "--secret-id",
        secret,
        "--rotation-lambda-arn",
        &arn,
        "--rotation-rules",
        "AutomaticallyAfterDays=30",
    ];
    let test_only = ["--no-rotate-immediately", "--client-request-token", &token];
    Cli { url: &url }.call("rotate-secret", &[&rotate[..], &test_only].concat());
    let run = world
        .aws
        .wait_for_rotation(secret, &token)
        .await
        .expect("the test was started");
    assert!(run.test_only);
    for step in run.attempts.iter().flat_map(|attempt| &attempt.steps) {
        assert_eq!(step.step, Step::Test.name(), "nothing but testSecret runs");
    }
    run
}

#[tokio::test]
async fn a_preflight_of_a_healthy_secret_succeeds_and_changes_nothing() {
    let world = World::new().await;
    let before = (world.snapshot().await, world.text(&Label::Current).await);
    let run = preflight(&world).await;
    assert_eq!(
        run.outcome,
        Some(RotationOutcome::Succeeded),
        "{:?}",
        run.last_error()
    );
    assert_eq!(
        (world.snapshot().await, world.text(&Label::Current).await),
        before
    );
    assert_eq!(world.database.log().failed_logins(), 0);
    // What a rotation would do is tried, and rolled back.
    let statements = world.database.log().statements();
    let tried = statements
        .iter()
        .skip_while(|statement| !statement.contains("ALTER ROLE"));
    let end = tried
        .map(String::as_str)
        .find(|statement| statement.starts_with("COMMIT") || statement.starts_with("ROLLBACK"));
    assert_eq!(end, Some("ROLLBACK"), "{statements:#?}");
}

#[tokio::test]
async fn a_preflight_of_a_broken_secret_says_what_is_wrong_and_changes_nothing() {
    let world = World::new().await;
    world.database.set_password("changed by hand").await;
    let before = (world.snapshot().await, world.text(&Label::Current).await);
    let run = preflight(&world).await;
    assert_eq!(run.outcome, Some(RotationOutcome::Failed));
    let error = run.last_error().expect("it failed");
    assert_eq!(error.error_type, "PendingRefused", "{error}");
    assert!(
        error
            .error_message
            .starts_with(&format!("testSecret failed for {}: ", world.secret)),
        "{error}"
    );
    assert!(
        error.error_message.contains(world.database.user()) && error.error_message.contains("; "),
        "{error}"
    );
    assert_eq!(
        (world.snapshot().await, world.text(&Label::Current).await),
        before
    );
}
