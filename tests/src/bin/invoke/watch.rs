//! `cargo lambda watch`, what is sent to it, and the function's log.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpStream;

use crate::scene::Scene;
use crate::{Anything, workspace};

/// How long cargo-lambda may take to listen: it compiles only when it is first invoked.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a line of the log may take after the answer.
const LATE: Duration = Duration::from_secs(10);

/// `cargo lambda watch`, stopped when dropped.
pub(crate) struct Watch {
    process: Child,
    port: u16,
    log: Receiver<String>,
    /// Whether the log is shown as it is.
    raw: bool,
}

/// What came of an event.
pub(crate) struct Answer {
    /// Whether the function succeeded.
    pub(crate) succeeded: bool,
    /// The line with which the function ended its work; none if it did not come.
    pub(crate) last: Option<Value>,
}

impl Watch {
    /// Runs the scene's function, with its settings.
    pub(crate) async fn start(cargo_lambda: &Path, scene: &Scene, raw: bool) -> Anything<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(cargo_lambda);
        command
            .args(["lambda", "watch", "--ignore-changes", "--quiet"])
            .args(["--package", package(scene.function)])
            .args(["--invoke-address", "127.0.0.1"])
            .args(["--invoke-port", &port.to_string()]);
        println!("$ {}", shown(&command));
        let mut process = command
            .current_dir(workspace())
            .env("AWS_ENDPOINT_URL", &scene.url)
            .env("ALLOW_LOCAL_HOSTS", "true")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
            .envs(scene.settings.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = process.stdout.take().ok_or("the log cannot be read")?;
        let (sender, log) = mpsc::channel();
        thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            lines.for_each(|line| drop(sender.send(line)));
        });
        let watch = Self {
            process,
            port,
            log,
            raw,
        };
        watch.listening().await?;
        Ok(watch)
    }

    async fn listening(&self) -> Anything<()> {
        let connected = async {
            while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        Ok(tokio::time::timeout(PATIENCE, connected)
            .await
            .map_err(|_| "cargo lambda watch does not listen")?)
    }

    /// Sends one event. `first` shows the command.
    pub(crate) fn invoke(
        &self,
        cargo_lambda: &Path,
        function: &str,
        event: &Path,
        first: bool,
    ) -> Anything<Answer> {
        let mut command = Command::new(cargo_lambda);
        command
            .args(["lambda", "invoke", function, "--invoke-address", "127.0.0.1"])
            .args(["--invoke-port", &self.port.to_string(), "--data-file"])
            .arg(event.strip_prefix(workspace()).unwrap_or(event));
        if first || self.raw {
            println!("$ {}", shown(&command));
        }
        let output = command.current_dir(workspace()).output()?;
        let last = self.last_line();
        if self.raw || last.is_none() {
            let said = [output.stdout, output.stderr].concat();
            println!("{}", String::from_utf8_lossy(&said).trim_end());
        }
        Ok(Answer {
            succeeded: output.status.success(),
            last,
        })
    }

    /// The line of the log that has the outcome.
    fn last_line(&self) -> Option<Value> {
        while let Ok(line) = self.log.recv_timeout(LATE) {
            if self.raw {
                println!("{line}");
            }
            let parsed: Option<Value> = serde_json::from_str(&line).ok();
            // The metric has an Outcome of its own.
            if let Some(line) = parsed.filter(|line| line["outcome"].is_string()) {
                return Some(line);
            }
        }
        None
    }
}

impl Drop for Watch {
    /// By a signal that lets it stop the function first; what std offers would orphan it.
    fn drop(&mut self) {
        let stopped = Command::new("kill")
            .args(["-TERM", &self.process.id().to_string()])
            .status();
        if !stopped.is_ok_and(|status| status.success()) {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

/// The package that a function is in.
fn package(function: &str) -> &str {
    if function.starts_with("rotate-postgres") {
        "rotate-postgres"
    } else {
        function
    }
}

fn shown(command: &Command) -> String {
    let words = command.get_args().map(|word| word.to_string_lossy());
    std::iter::once("cargo".into())
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}
