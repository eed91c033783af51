//! A function's process: started, watched, killed with everything it started.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::io::ioctl_fionread;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::sync::{Notify, watch};

use super::logs::FunctionLog;
use crate::sync::lock;

/// A running process.
#[derive(Debug)]
pub(crate) struct Process {
    kill: Arc<Notify>,
    exited: watch::Receiver<Option<String>>,
    output: [OwnedFd; 2],
    /// Held while the pipes are read from and the lines are stored.
    reading: Arc<Mutex<()>>,
    id: Option<u32>,
}

/// How to start one.
pub(crate) struct Start<'a> {
    pub(crate) path: &'a Path,
    pub(crate) arguments: &'a [OsString],
    pub(crate) directory: &'a Path,
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) function: String,
    pub(crate) sandbox: String,
    pub(crate) log: Arc<FunctionLog>,
}

impl Process {
    /// Starts the program in a process group of its own, so that it does not get the terminal's ctrl-C before us.
    pub(crate) fn start(start: Start<'_>) -> io::Result<Self> {
        let mut child = Command::new(start.path)
            .args(start.arguments)
            .current_dir(start.directory)
            .env_clear()
            .envs(start.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let id = child.id();
        let kill = Arc::new(Notify::new());
        let (exit, exited) = watch::channel(None);
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::Error::other("the process has no pipes"));
        };
        let output = [
            stdout.as_fd().try_clone_to_owned()?,
            stderr.as_fd().try_clone_to_owned()?,
        ];
        tokio::spawn(watch_child(child, Arc::clone(&kill), exit));
        let (function, sandbox, log) = (start.function, start.sandbox, start.log);
        let reading = Arc::new(Mutex::new(()));
        tokio::spawn(while_holding(Arc::clone(&reading), async move {
            tokio::join!(
                log.capture(&function, &sandbox, stdout),
                log.capture(&function, &sandbox, stderr)
            );
        }));
        Ok(Self {
            kill,
            exited,
            output,
            reading,
            id,
        })
    }

    /// Waits until what the process has written so far is in its log, for at most 100 milliseconds.
    pub(crate) async fn drained(&self) {
        let empty = |pipe: &OwnedFd| ioctl_fionread(pipe).is_ok_and(|bytes| bytes == 0);
        // Without the lock a pipe could be empty whose last bytes are on their way into the log.
        let drained = || {
            let _reading = lock(&self.reading);
            self.output.iter().all(empty)
        };
        for _ in 0..100 {
            if drained() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The most memory that it has had so far, in KiB: `VmHWM` of Linux's /proc.
    pub(crate) fn peak_memory_kib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    }

    /// How long its threads have been on a processor so far: `schedstat` of Linux's /proc, without threads that have ended.
    pub(crate) fn processor_time(&self) -> Option<Duration> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.id?)).ok()?;
        let nanoseconds = threads.filter_map(|thread| {
            let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        });
        Some(Duration::from_nanos(nanoseconds.sum()))
    }

    /// Kills the process, and waits until it is gone.
    pub(crate) async fn kill(&self) {
        self.kill_soon();
        self.exited().await;
    }

    /// Kills the process, without waiting.
    pub(crate) fn kill_soon(&self) {
        self.kill.notify_one();
    }

    /// Whether it has ended.
    pub(crate) fn is_gone(&self) -> bool {
        self.exited.borrow().is_some()
    }

    /// Waits until it ends, and says how, as Lambda puts it.
    pub(crate) async fn exited(&self) -> String {
        let mut exited = self.exited.clone();
        let reason = exited.wait_for(Option::is_some).await;
        reason
            .ok()
            .and_then(|reason| reason.clone())
            .unwrap_or_else(|| "signal: killed".to_owned())
    }
}

/// Holds `gate` whenever `work` is at work, and not while it waits.
async fn while_holding(gate: Arc<Mutex<()>>, work: impl Future<Output = ()>) {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|context| {
        let _held = lock(&gate);
        work.as_mut().poll(context)
    })
    .await;
}

async fn watch_child(mut child: Child, kill: Arc<Notify>, exit: watch::Sender<Option<String>>) {
    let group = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    let status = tokio::select! {
        status = child.wait() => status,
        () = kill.notified() => {
            kill_group(group);
            child.wait().await
        }
    };
    // What the program started and left behind goes with it, as a sandbox does.
    kill_group(group);
    exit.send_replace(Some(describe(status)));
}

fn kill_group(group: Option<Pid>) {
    if let Some(group) = group {
        // An error means that the group is gone already.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

fn describe(status: io::Result<ExitStatus>) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match status {
        Err(error) => error.to_string(),
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => format!("exit status {code}"),
            (None, Some(9)) => "signal: killed".to_owned(),
            (None, signal) => format!("signal: {}", signal.unwrap_or_default()),
        },
    }
}
