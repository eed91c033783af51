//! What runs on the operator's machine: a rotation that is carried on from there, and a Secrets Manager to try things with.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use keywheel_tests::functions::function_path;
use serde_json::Value;
use staging_labels::Label;

use super::desk::{Desk, MOVE, Screen};

const SINGLE_USER: &str = "--local rotate-postgres-single-user";

#[tokio::test]
async fn a_rotation_that_the_function_cannot_end_is_ended_from_here() {
    for classic in [false, true] {
        let desk = Desk::stuck(classic).await;
        let before = desk.world.carrier(&Label::Pending).await;
        let line = format!(
            "ALLOW_LOCAL_HOSTS=true keywheel rotate '{}' {SINGLE_USER}",
            desk.world.secret
        );
        let screen = desk.types(&format!("{line} </dev/null")).await;
        assert!(screen.code == 2 && screen.err.contains("--yes"), "{}", screen.err);
        assert_eq!(desk.world.carrier(&Label::Pending).await, before);
        let screen = desk.types(&format!("{line} --yes")).await;
        assert_eq!(screen.code, 0, "{}{}", screen.out, screen.err);
        assert_eq!(desk.world.carrier(&Label::Current).await, before);
        desk.is_let_in().await;
        let screen = desk.types(&format!("{line} --yes")).await;
        assert!(
            screen.code == 1 && screen.err.contains("only Secrets Manager can"),
            "{}",
            screen.err
        );
    }
}

/// Secrets Manager repeats the steps at the same time, and so does a colleague.
#[tokio::test]
async fn it_may_run_beside_secrets_manager_and_beside_itself() {
    let desk = Desk::stuck(true).await;
    let pending = desk.world.carrier(&Label::Pending).await;
    let line = format!(
        "ALLOW_LOCAL_HOSTS=true keywheel rotate '{}' {SINGLE_USER} --yes",
        desk.world.secret
    );
    let nudge = format!("keywheel rotate '{}' --no-wait", desk.world.secret);
    let (one, other, _) = tokio::join!(desk.types(&line), desk.types(&line), desk.types(&nudge));
    // On a busy machine Secrets Manager's own attempt may end before either of them looks.
    let too_late = |screen: &Screen| screen.err.contains("no rotation is pending");
    assert!(
        one.code == 0 || other.code == 0 || (too_late(&one) && too_late(&other)),
        "{}\n{}",
        one.err,
        other.err
    );
    assert_eq!(desk.world.carrier(&Label::Current).await, pending);
    desk.is_well().await;
}

#[tokio::test]
async fn what_the_functions_role_has_and_the_person_does_not_is_named() {
    let desk = Desk::stuck(false).await;
    let fault =
        secrets_manager_local::Fault::error("AccessDeniedException", "User: u is not authorized").on(MOVE);
    desk.world.aws.faults().inject(fault.every());
    let line = format!(
        "ALLOW_LOCAL_HOSTS=true keywheel rotate '{}' {SINGLE_USER} --yes",
        desk.world.secret
    );
    let screen = desk.types(&line).await;
    assert!(
        screen.code == 1 && screen.err.contains("PermissionDenied"),
        "{}",
        screen.err
    );
    assert!(desk.world.carrier(&Label::Pending).await.is_some());
}

/// A running `keywheel local`.
struct Local {
    process: Child,
    document: Value,
}

impl Local {
    fn start() -> Self {
        let mut command = Command::new(function_path("keywheel"));
        command.args(["local", "--json"]).stdin(Stdio::null());
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it can be run");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("it is a pipe");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it says where it is");
        let document = serde_json::from_str(&line).unwrap_or_else(|_| {
            let mut words = String::new();
            let stderr = process.stderr.as_mut().expect("it is a pipe");
            let _ = stderr.read_to_string(&mut words);
            panic!("{line}{words}")
        });
        Self { process, document }
    }

    fn keywheel(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(function_path("keywheel"));
        command.args(arguments).env_clear();
        for (name, value) in self.document["environment"]
            .as_object()
            .expect("there are exports")
        {
            command.env(name, value.as_str().expect("it is text"));
        }
        let output = command.output().expect("it can be run");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        text
    }

    fn endpoint(&self) -> String {
        let url = self.document["environment"]["AWS_ENDPOINT_URL"]
            .as_str()
            .expect("it is text");
        url["http://".len()..].to_owned()
    }

    fn ended_by(mut self, signal: &str) -> Option<i32> {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &pid]).status();
        assert!(sent.is_ok_and(|status| status.success()));
        self.process.wait().expect("it ends").code()
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        let _ = self.process.kill();
    }
}

/// The servers that such a process has started, by their data directories.
fn servers() -> Vec<String> {
    let of_tmp = std::fs::read_dir(std::env::temp_dir()).expect("it can be listed");
    let names = of_tmp.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| name.starts_with("keywheel-local-")).collect()
}

#[test]
fn a_secrets_manager_with_a_database_is_started_and_leaves_nothing() {
    for (signal, code) in [("INT", Some(130)), ("TERM", Some(130)), ("KILL", None)] {
        let before = servers();
        let local = Local::start();
        assert_eq!(local.document["secret"], "orders/db");
        let ours: Vec<_> = servers()
            .into_iter()
            .filter(|name| !before.contains(name))
            .collect();
        assert_eq!(ours.len(), 1);
        assert!(
            local
                .keywheel(&["rotate", "orders/db"])
                .contains("rotated orders/db")
        );
        let endpoint = local.endpoint();
        assert_eq!(local.ended_by(signal), code);
        assert!(TcpStream::connect(endpoint).is_err());
        // After a kill, the shell beside it removes the server.
        let killed = Instant::now();
        while servers().contains(&ours[0]) {
            assert!(
                killed.elapsed() < Duration::from_secs(20),
                "{signal}: {} is left",
                ours[0]
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
