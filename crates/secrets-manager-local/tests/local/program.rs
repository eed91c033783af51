//! The program itself.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value as Json, json};

use crate::client::{call, gone, script, send};

struct Program {
    child: Child,
    stdout: BufReader<ChildStdout>,
    url: String,
    announced: Json,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let function = format!("rotate={}", script().display());
        let mut child = Command::new(env!("CARGO_BIN_EXE_secrets-manager-local"))
            .args(["serve", "--function", &function])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let announced: Json = serde_json::from_str(&line).unwrap();
        let url = announced["url"].as_str().unwrap().to_owned();
        Self {
            child,
            stdout,
            url,
            announced,
        }
    }

    fn signal(&self, name: &str) {
        Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.child.id())])
            .status()
            .unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn the_first_line_on_stdout_is_json_with_the_url_and_sigterm_stops_all() {
    let mut program = Program::start(&[
        "--listen",
        "127.0.0.1:0",
        "--arn-suffix",
        "AbCdEf",
        "--env",
        "BEHAVIOUR=child",
    ]);
    let created = call(&program.url, "CreateSecret", json!({ "Name": "db" }))
        .await
        .unwrap()
        .json();
    assert!(created["ARN"].as_str().unwrap().ends_with(":secret:db-AbCdEf"));
    let invoked = format!("{}/2015-03-31/functions/rotate/invocations", program.url);
    assert_eq!(send("POST", &invoked, &[], "{}").await.unwrap().status, 200);
    let logs = send(
        "GET",
        &format!("{}/_local/functions/rotate/logs", program.url),
        &[],
        "",
    )
    .await
    .unwrap();
    let logs = String::from_utf8(logs.body.to_vec()).unwrap();
    let child = logs
        .lines()
        .find_map(|line| line.strip_prefix("child "))
        .unwrap()
        .to_owned();
    program.signal("TERM");
    assert!(program.child.wait().unwrap().success());
    gone(&child).await;
    let (mut rest, mut stderr) = (String::new(), String::new());
    program.stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "stdout has one line");
    program
        .child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    assert!(
        stderr.contains("not for production") && stderr.contains("[rotate] started"),
        "{stderr}"
    );
}

#[tokio::test]
async fn functions_end_by_themselves_when_the_server_is_killed() {
    let mut program = Program::start(&[]);
    let invoked = format!("{}/2015-03-31/functions/rotate/invocations", program.url);
    send("POST", &invoked, &[], "{}").await.unwrap();
    let functions: Vec<String> = function_processes(&program.url);
    assert_eq!(functions.len(), 1);
    program.signal("KILL");
    program.child.wait().unwrap();
    for function in &functions {
        gone(function).await;
    }
}

/// The processes that were told to talk to this server.
fn function_processes(url: &str) -> Vec<String> {
    let wanted = format!("AWS_ENDPOINT_URL={url}\0");
    let pids = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let names = pids.filter_map(|entry| entry.file_name().into_string().ok());
    let running = names.filter(|pid| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let command = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        command.contains("rotate.py") && String::from_utf8_lossy(&environment).contains(&wanted)
    });
    running.collect()
}

#[tokio::test]
async fn it_begins_with_the_secrets_of_a_file_and_forgets_all_when_it_is_reset() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secrets.json");
    std::fs::write(
        &file,
        r#"{"db": {"username": "app", "password": "p"}, "key": "plain"}"#,
    )
    .unwrap();
    let program = Program::start(&["--secrets", &file.display().to_string()]);
    let get = |url: &str, path: &str| {
        let url = format!("{url}{path}");
        async move { send("GET", &url, &[], "").await.unwrap() }
    };
    assert_eq!(get(&program.url, "/_local/health").await.json()["status"], "ok");
    let value = async |name: &str| {
        let answer = call(&program.url, "GetSecretValue", json!({ "SecretId": name })).await;
        answer.unwrap().json()["SecretString"].clone()
    };
    assert_eq!(value("key").await, "plain");
    let stored: Json = serde_json::from_str(value("db").await.as_str().unwrap()).unwrap();
    assert_eq!(stored, json!({ "username": "app", "password": "p" }));
    let reset = format!("{}/_local/reset", program.url);
    assert_eq!(send("POST", &reset, &[], "").await.unwrap().status, 204);
    assert_eq!(value("key").await, Json::Null);
    assert_eq!(
        get(&program.url, "/_local/calls")
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        get(&program.url, "/_local/functions")
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn it_ends_with_its_parent_if_it_is_told_to() {
    let serve = format!(
        "{} serve --with-parent & wait",
        env!("CARGO_BIN_EXE_secrets-manager-local")
    );
    let mut shell = Command::new("sh")
        .args(["-c", &serve])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(shell.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let announced: Json = serde_json::from_str(&line).unwrap();
    shell.kill().unwrap();
    shell.wait().unwrap();
    gone(&announced["pid"].to_string()).await;
}

#[test]
fn what_cannot_be_served_is_said_at_the_start_and_no_value_is_shown() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = directory.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let (broken, nameless) = (
        write("a", "{\"db\": canary"),
        write("b", "{\"a name\": \"canary\"}"),
    );
    write("rotation.py", "");
    let handler = format!("rotate={}/rotation.handler", directory.path().display());
    for (arguments, words) in [
        (
            ["--function", "rotate=/nonexistent/bootstrap"],
            "there is no program /nonexistent/bootstrap",
        ),
        (
            ["--function", "rotate=no-such-program"],
            "there is no program no-such-program",
        ),
        (
            ["--function", "rotate=app.lambda_handler"],
            "no module of a handler app.lambda_handler",
        ),
        (["--function", &handler], "-m pip install awslambdaric"),
        (
            ["--secrets", "/nonexistent/secrets.json"],
            "/nonexistent/secrets.json: No such file",
        ),
        (["--secrets", &broken], "no JSON object, line 1"),
        (["--secrets", &nameless], "a name: ValidationException"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_secrets-manager-local"))
            .arg("serve")
            .args(arguments)
            // A program that can import nothing.
            .args(["--python", "false"])
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && stderr.contains(words),
            "{words}: {stderr}"
        );
        assert!(!stderr.contains("canary"), "{stderr}");
    }
}

#[tokio::test]
async fn an_address_that_others_can_reach_needs_a_token_which_is_made_if_none_is_given() {
    let given = "given-0123456789";
    for arguments in [
        &["--listen", "0.0.0.0:0", "--allow-remote"][..],
        &["--listen", "0.0.0.0:0", "--allow-remote", "--token", given],
        &["--token", given],
    ] {
        let program = Program::start(arguments);
        let key = program.announced["accessKeyId"].as_str().unwrap();
        assert_eq!(key == given, arguments.contains(&given));
        let list = async |key: &str| {
            let authorization = format!(
                "AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/secretsmanager/aws4_request, Signature=00"
            );
            let headers = [
                ("x-amz-target", "secretsmanager.ListSecrets"),
                ("authorization", authorization.as_str()),
            ];
            let answer = send("POST", &program.url, &headers, "{}").await.unwrap();
            answer.status.as_u16()
        };
        assert_eq!((list(key).await, list("test").await), (200, 403), "{arguments:?}");
    }
    assert_eq!(Program::start(&[]).announced.get("accessKeyId"), None);
}

#[test]
fn an_address_that_others_can_reach_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_secrets-manager-local"))
        .args(["serve", "--listen", "0.0.0.0:0"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("--allow-remote"));
}

#[test]
fn the_help_says_that_it_is_not_for_production() {
    let help = Command::new(env!("CARGO_BIN_EXE_secrets-manager-local"))
        .arg("--help")
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&help.stdout).contains("not for production"));
}
