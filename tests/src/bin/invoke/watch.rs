//! `cargo lambda watch`, and what is sent to it.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use tokio::net::TcpStream;

use crate::scene::Scene;
use crate::{Anything, workspace};

/// How long cargo-lambda may take to listen: it compiles only when it is first invoked.
const PATIENCE: Duration = Duration::from_mins(1);

/// `cargo lambda watch`, stopped when dropped.
pub(crate) struct Watch {
    process: Child,
    port: u16,
}

impl Watch {
    /// Runs the scene's function, with its settings.
    pub(crate) async fn start(cargo_lambda: &Path, scene: &Scene) -> Anything<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(cargo_lambda);
        command
            .args(["lambda", "watch", "--ignore-changes", "--quiet"])
            .args(["--package", package(scene.function)])
            .args(["--invoke-address", "127.0.0.1"])
            .args(["--invoke-port", &port.to_string()]);
        println!("$ {}", shown(&command));
        let process = command
            .current_dir(workspace())
            .env("AWS_ENDPOINT_URL", &scene.url)
            .env("ALLOW_LOCAL_HOSTS", "true")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
            .envs(scene.settings.iter().map(|(name, value)| (name, value)))
            .spawn()?;
        let watch = Self { process, port };
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

    /// Sends one event; whether the function succeeded.
    pub(crate) fn invoke(&self, cargo_lambda: &Path, function: &str, event: &Path) -> Anything<bool> {
        let mut command = Command::new(cargo_lambda);
        command
            .args(["lambda", "invoke", function, "--invoke-address", "127.0.0.1"])
            .args(["--invoke-port", &self.port.to_string(), "--data-file"])
            .arg(event.strip_prefix(workspace()).unwrap_or(event));
        println!("$ {}", shown(&command));
        Ok(command.current_dir(workspace()).status()?.success())
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
