//! Functions that are not Keywheel's, seen through `keywheel doctor`: lines as AWS's Python templates write them, code that does not start,
//! and a value that was stored by other credentials than the function's.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use keywheel_tests::functions::function_path;
use keywheel_tests::world::FUNCTION;
use staging_labels::Label;
use tempfile::TempDir;

use super::desk::{Desk, Screen};

/// A rotation in Python. It does what the file `mode` beside it says, and writes what AWS's templates write.
const PROGRAM: &str = r#"#!/usr/bin/env python3
import json, os, sys, urllib.request

here = os.path.dirname(os.path.abspath(__file__))
runtime = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"


def call(operation, body, key=os.environ["AWS_ACCESS_KEY_ID"]):
    scope = f"Credential={key}/20260101/us-east-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0"
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"secretsmanager.{operation}",
        "Authorization": f"AWS4-HMAC-SHA256 {scope}",
    }
    request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], json.dumps(body).encode(), headers)
    return json.load(urllib.request.urlopen(request))


def say(level, text):
    print(f"[{level}]\t2026-11-29T00:00:00.000Z\t8f507bc1-0a1b-4c2d-8e3f-000000000000\t{text}", flush=True)


def labels(arn):
    return call("DescribeSecret", {"SecretId": arn})["VersionIdsToStages"]


def step(mode, event):
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    stages = labels(arn)
    if "AWSCURRENT" in stages[token]:
        say("INFO", f"Secret version {token} already set as AWSCURRENT for secret {arn}.")
        return
    if step == "createSecret":
        current = json.loads(call("GetSecretValue", {"SecretId": arn, "VersionStage": "AWSCURRENT"})["SecretString"])
        if mode == "no key":
            print("[ERROR] KeyError: 'engine key is missing from secret JSON'", flush=True)
            raise KeyError("engine key is missing from secret JSON")
        try:
            call("GetSecretValue", {"SecretId": arn, "VersionId": token, "VersionStage": "AWSPENDING"})
            say("INFO", f"createSecret: Successfully retrieved secret for {arn}.")
        except urllib.error.HTTPError:
            current["password"] = os.urandom(16).hex()
            body = {"SecretId": arn, "ClientRequestToken": token, "SecretString": json.dumps(current), "VersionStages": ["AWSPENDING"]}
            call("PutSecretValue", body, *(["AKIAOTHER"] if mode == "other credentials" else []))
            say("INFO", f"createSecret: Successfully put secret for ARN {arn} and version {token}.")
    elif step == "setSecret":
        if mode == "no login":
            words = f"Unable to log into database with previous, current, or pending secret of secret arn {arn}"
            say("ERROR", f"setSecret: {words}")
            print(f"[ERROR] ValueError: {words}", flush=True)
            raise ValueError(words)
        if mode == "other credentials":
            raise ValueError("not reached on AWS")
        say("INFO", f"setSecret: Successfully set password for user app in PostgreSQL DB for secret arn {arn}.")
    elif step == "testSecret":
        if mode == "no test":
            words = f"Unable to log into database with pending secret of secret ARN {arn}"
            say("ERROR", f"testSecret: {words}")
            raise ValueError(words)
        say("INFO", f"testSecret: Successfully signed into PostgreSQL DB with AWSPENDING secret in {arn}.")
    else:
        current = next(version for version, stages in stages.items() if "AWSCURRENT" in stages)
        move = {"SecretId": arn, "VersionStage": "AWSCURRENT", "MoveToVersionId": token, "RemoveFromVersionId": current}
        call("UpdateSecretVersionStage", move)
        say("INFO", f"finishSecret: Successfully set AWSCURRENT stage to version {token} for secret {arn}.")


mode = open(f"{here}/mode").read()
if mode == "no module":
    text = "[ERROR] Runtime.ImportModuleError: Unable to import module 'lambda_function': No module named 'pg'"
    print(text, flush=True)
    sys.exit(1)
while True:
    answer = urllib.request.urlopen(f"{runtime}/next")
    request = answer.headers["Lambda-Runtime-Aws-Request-Id"]
    mode = open(f"{here}/mode").read()
    try:
        step(mode, json.load(answer))
        urllib.request.urlopen(f"{runtime}/{request}/response", b"null")
    except Exception as error:
        body = json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)}).encode()
        urllib.request.urlopen(f"{runtime}/{request}/error", body)
"#;

/// That function, in a mode.
struct Foreign {
    desk: Desk,
    directory: TempDir,
}

impl Foreign {
    /// A rotation by it has failed in this mode.
    async fn failed(mode: &str) -> Self {
        let directory = tempfile::tempdir().expect("there is room");
        let program = directory.path().join("start");
        fs::write(&program, PROGRAM).expect("there is room");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
        let foreign = Self {
            desk: Desk::set_up(|setup| setup.program(&program)).await,
            directory,
        };
        foreign.now(mode);
        foreign.fails().await;
        foreign
    }

    fn program(&self) -> PathBuf {
        self.directory.path().join("start")
    }

    fn now(&self, mode: &str) {
        fs::write(self.directory.path().join("mode"), mode).expect("there is room");
    }

    async fn fails(&self) {
        self.desk.world.rotate().await.expect_err("it fails in this mode");
        self.desk.minutes(5);
    }

    /// Keywheel's function in its place, as a deployment would put it.
    fn deploy(&self) {
        fs::remove_file(self.program()).expect("it is there");
        std::os::unix::fs::symlink(function_path(FUNCTION), self.program()).expect("there is room");
    }

    /// Types what was printed, exactly as it was.
    async fn types(&self, command: &str) -> Screen {
        let done = self.desk.types(command).await;
        assert_eq!(done.code, 0, "{command}: {}{}", done.out, done.err);
        done
    }

    async fn pending_password(&self) -> String {
        self.desk.world.password(&Label::Pending).await
    }
}

const TEMPLATE: &str = "written by AWS's rotation template, not by Keywheel";

#[tokio::test]
async fn a_template_that_cannot_log_in_says_so_and_whose_words_they_are() {
    let foreign = Foreign::failed("no login").await;
    let screen = foreign.desk.doctor("").await;
    screen.says(&["STUCK", "credential-wrong]"]);
    for words in [
        TEMPLATE,
        "TemplateNoLogin: AWS's template could not log in",
        "it says the same if the database did not answer",
    ] {
        assert!(screen.out.contains(words), "{words}: {}", screen.out);
    }
    let page = foreign.types(screen.command("keywheel explain", "")).await;
    assert!(page.out.starts_with("# LoginRefused"), "{}", page.out);
    // Nobody changed the password: the login of a person decides.
    let asked = foreign.desk.doctor("--login").await;
    asked.says(&["[pending-before-set", "work: yes (tried"]);
    foreign.now("");
    foreign
        .types(asked.command("aws secretsmanager update-secret-version-stage", "AWSPENDING"))
        .await;
    foreign.desk.is_well().await;
}

#[tokio::test]
async fn a_template_that_set_the_password_has_locked_applications_out() {
    let foreign = Foreign::failed("no test").await;
    let desk = &foreign.desk;
    desk.world
        .database
        .set_password(&foreign.pending_password().await)
        .await;
    let screen = desk.doctor("").await;
    screen.says(&["STUCK", "[pending-after-set, test-failed]", "work: no"]);
    for words in [
        TEMPLATE,
        "the database has the new password",
        "TemplateTestFailed: AWS's template could not log in with",
    ] {
        assert!(screen.out.contains(words), "{words}: {}", screen.out);
    }
    foreign.now("");
    foreign
        .types(screen.command("aws secretsmanager", "--version-stage AWSCURRENT --move-to"))
        .await;
    assert!(desk.world.current_logs_in().await);
    desk.is_let_in().await;
}

#[tokio::test]
async fn a_template_that_misses_a_key_names_the_value() {
    let foreign = Foreign::failed("no key").await;
    let screen = foreign.desk.doctor("").await;
    screen.says(&["STUCK", "[pending-empty, document-wrong]", "work: yes"]);
    for words in [
        TEMPLATE,
        "TemplateDocument: AWS's template misses a key of the secret value",
    ] {
        assert!(screen.out.contains(words), "{words}: {}", screen.out);
    }
    let page = foreign.types(screen.command("keywheel explain", "")).await;
    assert!(page.out.starts_with("# SecretFieldMissing"), "{}", page.out);
    foreign.now("");
    foreign
        .types(screen.command("aws secretsmanager update-secret-version-stage", "AWSPENDING"))
        .await;
    foreign.desk.is_well().await;
}

#[tokio::test]
async fn code_that_does_not_start_says_what_is_missing() {
    let foreign = Foreign::failed("no module").await;
    let import = foreign.desk.doctor("").await;
    import.says(&["STUCK", "[pending-empty, module-missing]", "work: yes"]);
    let line = "Lambda could not start the function's code: no module named 'pg'";
    assert!(import.out.contains(line), "{}", import.out);

    // A program that nothing can run.
    fs::write(foreign.program(), "#!/nonexistent/python3\n").expect("there is room");
    let again = foreign.desk.types(import.command("keywheel rotate", "")).await;
    assert_eq!(again.code, 1, "{}{}", again.out, again.err);
    let start = foreign.desk.doctor("").await;
    start.says(&["STUCK", "[pending-empty, module-missing]", "work: yes"]);
    let line =
        "Lambda could not start the function's code: the program, or what it needs to start, is not there";
    assert!(start.out.contains(line), "{}", start.out);
    let shown = foreign
        .types(start.command("aws lambda get-function-configuration", ""))
        .await;
    assert!(shown.out.starts_with('['), "{}", shown.out);

    foreign.deploy();
    foreign.types(start.command("keywheel rotate", "")).await;
    foreign.desk.is_well().await;
}

/// The function stores the value under credentials that Secrets Manager does not take for its own.
#[tokio::test]
async fn a_value_that_was_not_created_by_the_function_comes_off() {
    let foreign = Foreign::failed("other credentials").await;
    let screen = foreign.desk.doctor("").await;
    screen.says(&["STUCK", "pending-foreign]"]);
    assert!(screen.out.contains("was not created by Lambda"), "{}", screen.out);
    let explained = foreign.types(screen.command("keywheel explain", "")).await;
    assert!(
        explained.out.starts_with("# pending-foreign"),
        "{}",
        explained.out
    );
    let asked = foreign
        .types_found(screen.command("keywheel doctor", "--login"))
        .await;
    asked.says(&[
        "STUCK",
        "[pending-before-set, pending-foreign]",
        "work: yes (tried",
    ]);
    foreign
        .types(asked.command("aws secretsmanager", "AWSPENDING"))
        .await;
    foreign.desk.is_well().await;
}

impl Foreign {
    /// Types a question to `doctor`, which ends with 1 as long as there is something to do.
    async fn types_found(&self, command: &str) -> Screen {
        let done = self.desk.types(command).await;
        assert_eq!(done.code, 1, "{command}: {}{}", done.out, done.err);
        done
    }
}
