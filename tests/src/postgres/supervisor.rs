//! Keeps a server from outliving us, however we end.
//!
//! The server is started by a shell that waits for its standard input to close. We hold the other end of that pipe, and
//! the kernel closes it when this process is gone, even if it was killed. Then the shell stops the server and removes its
//! directory. What is left if the shell itself was killed is swept by the next process that starts a server.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::{fs, io, process};

use super::account::Account;

/// Directories of servers are `/tmp/keywheel-pg-<process id of the owner>-<random>`.
const PREFIX: &str = "keywheel-pg-";

/// `$0` is the server's directory, the rest its command line. QUIT ends `PostgreSQL` at once; others, to which a shell gives
/// no QUIT, end by TERM. Prints the server's process id. The directory is removed
/// unless an order to keep it came before the end of the input: then its owner is alive, and may want to try again.
const SCRIPT: &str = r#"
"$@" </dev/null >>"$0/server.log" 2>&1 &
server=$!
echo "$server"
read -r order
kill -QUIT "$server" 2>/dev/null
kill -TERM "$server" 2>/dev/null
wait "$server"
[ "$order" = keep ] || rm -rf "$0"
"#;

/// A running server; stops when dropped.
pub(super) struct Supervisor {
    shell: Child,
    server: u32,
}

impl Supervisor {
    /// Runs `postgres` with `arguments`, logging to `server.log` in `directory`.
    pub(super) fn start(
        account: &Account,
        directory: &Path,
        postgres: &Path,
        arguments: &[String],
    ) -> io::Result<Self> {
        let mut shell = account
            .command("/bin/sh")
            .arg("-c")
            .arg(SCRIPT)
            .arg(directory)
            .arg(postgres)
            .args(arguments)
            // A Ctrl-C is for us; the shell has to outlive it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = shell.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let server = line.trim().parse().map_err(io::Error::other)?;
        Ok(Self { shell, server })
    }

    /// Sends the server a signal.
    pub(super) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.server.to_string()])
            .status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "{name} reaches the server"
        );
    }

    /// Whether the server still runs.
    pub(super) fn is_running(&self) -> bool {
        is_running(self.server)
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        if let Some(mut input) = self.shell.stdin.take() {
            let _ = input.write_all(b"keep\n");
        }
        // There is nobody to tell if it fails, and the next sweep catches what is left.
        let _ = self.shell.wait();
    }
}

/// The start of a directory's name that tells the next process who owned it.
pub(super) fn directory_prefix() -> String {
    format!("{PREFIX}{}-", process::id())
}

/// Removes the servers of processes that are gone, as far as they are ours to remove.
pub(super) fn sweep() {
    let Ok(entries) = fs::read_dir("/tmp") else { return };
    for directory in entries.flatten().map(|entry| entry.path()) {
        if owner(&directory).is_some_and(|owner| !is_running(owner)) {
            stop_server_in(&directory);
            // It may belong to another user, or be gone by now.
            let _ = fs::remove_dir_all(&directory);
        }
    }
}

fn owner(directory: &Path) -> Option<u32> {
    let (owner, _) = directory
        .file_name()?
        .to_str()?
        .strip_prefix(PREFIX)?
        .split_once('-')?;
    owner.parse().ok()
}

/// Stops the server that runs in `directory`, if one does: a stale process id may be somebody else's by now.
fn stop_server_in(directory: &Path) {
    let pid_file = fs::read_to_string(directory.join("data/postmaster.pid")).unwrap_or_default();
    let Some(pid) = pid_file.lines().next() else {
        return;
    };
    let command_line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    if String::from_utf8_lossy(&command_line).contains(&directory.display().to_string()) {
        let _ = Command::new("/bin/sh")
            .args(["-c", "kill -QUIT \"$0\"", pid])
            .status();
    }
}

/// Whether the process exists and is more than a zombie.
fn is_running(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The state follows the name, which is in parentheses and may itself contain some.
    status
        .rsplit_once(')')
        .is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}
