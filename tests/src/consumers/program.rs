//! A consumer's program: a line on its standard input for each login, a line of outcomes on its standard output.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::ops::AddAssign;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::tools::Tools;

/// Logins, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Logins {
    /// Times that the program had to log in.
    pub wanted: usize,
    /// Attempts that were refused.
    pub refused: usize,
    /// Times that the program did not get in, even if it tried twice.
    pub failed: usize,
}

impl AddAssign for Logins {
    fn add_assign(&mut self, other: Self) {
        self.wanted += other.wanted;
        self.refused += other.refused;
        self.failed += other.failed;
    }
}

/// A running program; ends when dropped.
pub(super) struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("consumers")
}

/// What runs a file of `tests/consumers`; Node finds its packages by `NODE_PATH`, bash its programs by `PATH`.
fn interpreter(file: &str) -> Command {
    let tools = Tools::load().expect("the tools are installed");
    let path = folder().join(file);
    let mut command = match path.extension().and_then(|name| name.to_str()) {
        Some("py") => Command::new(tools.python().expect("there is a Python with boto3")),
        Some("cjs") => {
            let (node, modules) = tools.npm_sdk().expect("there is the AWS SDK for JavaScript");
            let mut node = Command::new(node);
            node.env("NODE_PATH", modules);
            node
        }
        _ => {
            let programs = [tools.aws(), tools.jq(), tools.psql()].map(|program| {
                let program = program.expect("the programs are installed");
                program.parent().expect("a program is in a folder").to_owned()
            });
            let before = env::var_os("PATH").unwrap_or_default();
            let paths = programs.into_iter().chain(env::split_paths(&before));
            let mut bash = Command::new("bash");
            bash.env("PATH", env::join_paths(paths).expect("no folder has a colon"));
            bash
        }
    };
    command.arg(path);
    command
}

impl Program {
    /// Starts a file of `tests/consumers` that reads from the Secrets Manager at `url`.
    pub(super) fn start(file: &str, url: &str, secret: &str, environment: &[(&str, String)]) -> Self {
        let mut command = interpreter(file);
        // What stands in ours is not for it.
        for (name, _) in env::vars_os().filter(|(name, _)| is_about_the_server(&name.to_string_lossy())) {
            command.env_remove(name);
        }
        for (name, value) in [
            ("AWS_ENDPOINT_URL", url),
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE", "1"),
            ("NODE_NO_WARNINGS", "1"),
            ("PYTHONDONTWRITEBYTECODE", "1"),
            ("SECRET", secret),
        ] {
            command.env(name, value);
        }
        // Keys in the environment would come before a profile's.
        if environment.iter().any(|(name, _)| *name == "CREDENTIALS") {
            command.env("AWS_CONFIG_FILE", folder().join("aws_config"));
        } else {
            command
                .env("AWS_CONFIG_FILE", "/dev/null")
                .env("AWS_ACCESS_KEY_ID", "tests")
                .env("AWS_SECRET_ACCESS_KEY", "tests");
        }
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{file} can be run: {error}"));
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        Self { child, input, output }
    }

    /// Lets a worker log in at that time, in seconds.
    pub(super) fn log_in(&mut self, now: u64, worker: usize) -> Logins {
        self.ask(now, worker);
        self.outcome()
    }

    /// The first half: several programs can be asked at once.
    pub(super) fn ask(&mut self, now: u64, worker: usize) {
        let input = self.input.as_mut().expect("it is open until the end");
        writeln!(input, "{now} {worker}").expect("the program reads its input");
    }

    /// The second half.
    pub(super) fn outcome(&mut self) -> Logins {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("its output is text");
        let outcomes: Vec<_> = line.split_whitespace().collect();
        let known = |outcome: &&str| ["ok", "refused"].contains(outcome);
        assert!(
            !outcomes.is_empty() && outcomes.iter().all(known),
            "the program says whether it got in: {line:?}"
        );
        Logins {
            wanted: 1,
            refused: outcomes.iter().filter(|outcome| **outcome == "refused").count(),
            failed: usize::from(outcomes.last() == Some(&"refused")),
        }
    }
}

fn is_about_the_server(name: &str) -> bool {
    name.starts_with("PG") || name.starts_with("AWS_") || name.starts_with("PYTHON")
}

impl Drop for Program {
    fn drop(&mut self) {
        // The end of its input is what it waits for.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
