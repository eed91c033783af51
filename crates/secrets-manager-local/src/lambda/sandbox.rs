//! A sandbox: one process, its Runtime API, one invocation at a time.

use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::environment::{Environment, Variables, is_inherited};
use super::function::Function;
use super::logs::FunctionLog;
use super::outcome::{Reply, Telemetry};
use super::process::{Process, Start};
use super::program::locate;
use super::runtime_api::{Init, Job, runtime_api};
use crate::http::{Hosts, serve};
use crate::sync::lock;

/// Lambda gives a function this long to come up.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// One process that waits for, or runs, an invocation.
#[derive(Debug)]
pub(crate) struct Sandbox {
    /// Its access key id, by which its calls are told from others'.
    pub(crate) id: String,
    /// The function's name.
    pub(crate) function: String,
    /// The region that the process was told.
    pub(super) region: String,
    process: Process,
    jobs: mpsc::Sender<Job>,
    init: watch::Receiver<Init>,
    listener: JoinHandle<()>,
    event: Mutex<Option<Event>>,
    /// When it was started, until it has come up.
    starting: Mutex<Option<Instant>>,
    /// How long that took, until the first invocation has reported it.
    init_time: Mutex<Option<Duration>>,
}

/// What a rotation's event says, for the log of calls and for faults.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Event {
    /// The secret that is rotated.
    pub(crate) secret_id: String,
    /// The step.
    pub(crate) step: String,
}

/// What all sandboxes of a function have in common.
pub(crate) struct Blueprint<'a> {
    pub(crate) function: &'a Function,
    pub(crate) region: &'a str,
    pub(crate) memory_mb: u32,
    pub(crate) environment: &'a Variables,
    pub(crate) endpoint: &'a str,
    pub(crate) log: &'a Arc<FunctionLog>,
}

impl Sandbox {
    /// Starts the function's program with a Runtime API of its own.
    pub(crate) async fn start(blueprint: &Blueprint<'_>) -> io::Result<Self> {
        let Some(program) = blueprint.function.program() else {
            return Err(io::Error::other("the function runs elsewhere"));
        };
        let id = format!(
            "ASIALOCAL{}",
            &uuid::Uuid::new_v4().simple().to_string().to_uppercase()[..11]
        );
        let socket = listen_unguessably().await?;
        let address = socket.local_addr()?;
        let (router, jobs, init) = runtime_api();
        let (path, directory) = locate(program.path)?;
        let directory = program.directory.map_or(directory, Path::to_owned);
        let start = Start {
            path: &path,
            arguments: &program.arguments,
            directory: &directory,
            environment: environment(blueprint, &id, &address.to_string(), &directory),
            function: blueprint.function.name.clone(),
            sandbox: id.clone(),
            log: Arc::clone(blueprint.log),
        };
        let started = Instant::now();
        let process = Process::start(start)?;
        let listener = tokio::spawn(serve(socket, Hosts::Own(address), router));
        let function = blueprint.function.name.clone();
        Ok(Self {
            id,
            function,
            region: blueprint.region.to_owned(),
            process,
            jobs,
            init,
            listener,
            event: Mutex::new(None),
            starting: Mutex::new(Some(started)),
            init_time: Mutex::new(None),
        })
    }

    /// Whether the process has ended.
    pub(crate) fn is_gone(&self) -> bool {
        self.process.is_gone()
    }

    /// Kills the process, and waits until it is gone.
    pub(crate) async fn kill(&self) {
        self.process.kill().await;
    }

    /// Kills the process, without waiting.
    pub(crate) fn kill_soon(&self) {
        self.process.kill_soon();
    }

    /// The rotation event that it works on.
    pub(crate) fn event(&self) -> Option<Event> {
        lock(&self.event).clone()
    }

    /// Runs one invocation. What the process wrote up to its answer is in the log afterwards.
    pub(crate) async fn invoke(
        &self,
        request_id: &str,
        payload: Bytes,
        arn: String,
        limit: Duration,
    ) -> Reply {
        *lock(&self.event) = serde_json::from_slice(&payload).ok();
        let reply = self.run(request_id, payload, arn, limit).await;
        self.process.drained().await;
        *lock(&self.event) = None;
        reply
    }

    async fn run(&self, request_id: &str, payload: Bytes, arn: String, limit: Duration) -> Reply {
        if let Err(reply) = self.come_up(request_id).await {
            return reply;
        }
        let (reply, answered) = oneshot::channel();
        let deadline_ms = Timestamp::now()
            .saturating_add(limit)
            .map_or(i64::MAX, Timestamp::as_millisecond);
        let job = Job {
            request_id: request_id.to_owned(),
            payload,
            deadline_ms,
            function_arn: arn,
            reply,
        };
        if self.jobs.send(job).await.is_err() {
            return exit_error(request_id, &self.process.exited().await);
        }
        tokio::select! {
            biased;
            Ok(reply) = answered => reply,
            reason = self.process.exited() => exit_error(request_id, &reason),
            () = tokio::time::sleep(limit) => {
                self.kill().await;
                timed_out(request_id, limit)
            }
        }
    }

    fn came_up(&self) {
        if let Some(started) = lock(&self.starting).take() {
            *lock(&self.init_time) = Some(started.elapsed());
        }
    }

    /// What there is to report of the invocation that has just ended.
    pub(crate) fn telemetry(&self) -> Telemetry {
        Telemetry {
            sandbox: self.id.clone(),
            init: lock(&self.init_time).take(),
            peak_memory_kib: self.process.peak_memory_kib(),
            processor_time: self.process.processor_time(),
        }
    }

    /// Waits until the process asks for its first invocation.
    async fn come_up(&self, request_id: &str) -> Result<(), Reply> {
        let mut init = self.init.clone();
        let up = init.wait_for(|init| !matches!(init, Init::Starting));
        let failed = tokio::select! {
            biased;
            Ok(state) = up => match &*state {
                Init::Failed(error) => Reply::Error(error.clone()),
                Init::Ready | Init::Starting => {
                    self.came_up();
                    return Ok(());
                }
            },
            reason = self.process.exited() => exit_error(request_id, &reason),
            () = tokio::time::sleep(INIT_LIMIT) => timed_out(request_id, INIT_LIMIT),
        };
        self.kill().await;
        Err(failed)
    }
}

impl Drop for Sandbox {
    /// The process dies with its handle (`kill_on_drop`); the Runtime API closes its connections.
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// Listens on an address out of 2^24 and a free port, so that a web page cannot find the Runtime API and take an
/// invocation from it.
///
/// A secret prefix of the path cannot do it: Rust's runtime client takes a path only after `http://`, Python's takes
/// `HOST:PORT` only.
async fn listen_unguessably() -> io::Result<TcpListener> {
    let [a, b, c, ..] = uuid::Uuid::new_v4().into_bytes();
    match TcpListener::bind((Ipv4Addr::new(127, a, b, c.clamp(1, 254)), 0)).await {
        Ok(listener) => Ok(listener),
        // Linux has all of 127.0.0.0/8; macOS has 127.0.0.1 alone.
        Err(_) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await,
    }
}

fn exit_error(request_id: &str, reason: &str) -> Reply {
    let message = format!("RequestId: {request_id} Error: Runtime exited with error: {reason}");
    Reply::failure("Runtime.ExitError", message)
}

fn timed_out(request_id: &str, limit: Duration) -> Reply {
    let message = format!(
        "RequestId: {request_id} Error: Task timed out after {:.2} seconds",
        limit.as_secs_f64()
    );
    Reply::failure("Sandbox.Timedout", message)
}

fn environment(
    blueprint: &Blueprint<'_>,
    id: &str,
    runtime_api: &str,
    task_root: &Path,
) -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    let today = Timestamp::now().strftime("%Y/%m/%d").to_string();
    let log_stream = format!("{today}/[$LATEST]{}", id.to_lowercase());
    let lambda = Environment {
        function: &blueprint.function.name,
        region: blueprint.region,
        handler: &blueprint.function.runtime().1,
        memory_mb: blueprint.memory_mb,
        task_root,
        runtime_api,
        access_key_id: id,
        log_stream: &log_stream,
        endpoint: blueprint.endpoint,
    };
    let inherited = std::env::vars_os().filter(|(name, _)| is_inherited(name));
    inherited
        .chain(lambda.variables())
        .chain(blueprint.environment.iter())
        .chain(blueprint.function.environment.iter())
        .collect()
}
