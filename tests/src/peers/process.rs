//! A program that plays a server until its standard input ends.

use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::tools::{MissingTool, Tools};

/// A server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It is not installed.
    #[error(transparent)]
    Missing(#[from] MissingTool),
    /// Its program could not be run.
    #[error("the server's program could not be run")]
    Io(#[from] io::Error),
    /// It ended before it listened.
    #[error("the server ended before it listened: {output}")]
    Ended {
        /// What it wrote.
        output: String,
    },
}

/// A running server; stops when dropped.
///
/// We hold the other end of its input, and the kernel closes that when this process is gone, even if it was killed.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    port: u16,
    output: Output,
}

/// What a server has written so far.
#[derive(Clone, Debug, Default)]
struct Output(Arc<Mutex<String>>);

impl Output {
    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Collects `stream` to its end, on a thread: a full pipe would stop the server.
    fn collect(&self, stream: impl Read + Send + 'static) -> thread::JoinHandle<()> {
        let output = self.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let mut text = output.0.lock().unwrap_or_else(PoisonError::into_inner);
                text.push_str(&line);
                text.push('\n');
            }
        })
    }
}

/// A program of `tests/data` for Node, which is told where the packages are.
pub(super) fn node(program: &str) -> Result<Command, MissingTool> {
    let tools = Tools::load()?;
    let (node, modules) = tools.npm_servers()?;
    let mut command = Command::new(node);
    command.arg(data(program)).arg(modules);
    Ok(command)
}

/// A program of `tests/data` for Python.
pub(super) fn python(program: &str) -> Result<Command, MissingTool> {
    let mut command = Command::new(Tools::load()?.pypi_servers()?);
    // One that looks for its packages elsewhere would find others.
    command
        .env_remove("PYTHONPATH")
        .env_remove("PYTHONHOME")
        .arg(data(program));
    Ok(command)
}

/// A file of `tests/data`.
pub(crate) fn data(program: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(program)
}

impl Process {
    /// Runs `command`, and blocks for the seconds until it has said its port.
    pub(crate) fn start(command: &mut Command) -> Result<Self, StartError> {
        let mut child = command
            .current_dir("/")
            // A Ctrl-C is for us, who then end it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let output = Output::default();
        let errors = child.stderr.take().map(|stderr| output.collect(stderr));
        let mut stdout = child.stdout.take().map(BufReader::new);
        let port = stdout.as_mut().and_then(|stdout| read_port(stdout, &output));
        let Some(port) = port else {
            drop(child.stdin.take());
            let _ = child.wait();
            errors.map(thread::JoinHandle::join);
            let output = output.text();
            return Err(StartError::Ended { output });
        };
        stdout.map(|stdout| output.collect(stdout));
        Ok(Self { child, port, output })
    }

    /// Where it listens: `http://127.0.0.1:port`.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// What it has written so far.
    pub(super) fn output(&self) -> String {
        self.output.text()
    }
}

/// Reads up to the line that is a port; what else there is, is kept. None if the server ends first.
fn read_port(stdout: &mut impl BufRead, output: &Output) -> Option<u16> {
    for line in stdout.lines().map_while(Result::ok) {
        if let Ok(port) = line.trim().parse() {
            return Some(port);
        }
        let mut text = output.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.push_str(&line);
        text.push('\n');
    }
    None
}

impl Drop for Process {
    fn drop(&mut self) {
        // The end of its input is what it waits for.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
