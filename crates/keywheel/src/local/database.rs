//! A throwaway PostgreSQL server on a free port of 127.0.0.1. It ends, and its directory goes, with this process, however that ends:
//! a shell beside it waits for the end of its stdin, which this process holds.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use uuid::Uuid;

/// Debian's and Ubuntu's servers, a directory for each version.
const INSTALLED: &str = "/usr/lib/postgresql";
/// How long it may take to start.
const START: Duration = Duration::from_secs(30);
/// Whom the server runs as if this is root, as which it refuses to run: nobody.
const NOBODY: u32 = 65_534;
/// `$1` the directory, the rest the server. It is stopped and removed when stdin ends.
const KEEPER: &str = r#"dir=$1; shift; "$@" >"$dir/log" 2>&1 </dev/null & cat >/dev/null; kill -QUIT $!; wait $!; rm -rf "$dir""#;

/// A running server, with a role and a database that it owns.
pub(super) struct Database {
    keeper: Child,
    directory: PathBuf,
    pub(super) port: u16,
    pub(super) password: String,
    pub(super) superuser_password: String,
}

/// The role of the sample secret.
pub(super) const ROLE: &str = "app";
/// Its database.
pub(super) const NAME: &str = "orders";

/// The directory of the newest server's programs: of `PATH`, or of Debian's.
pub(super) fn programs() -> Option<PathBuf> {
    let has =
        |directory: &PathBuf| directory.join("initdb").is_file() && directory.join("postgres").is_file();
    let path = env::var_os("PATH").unwrap_or_default();
    if let Some(found) = env::split_paths(&path).find(has) {
        return Some(found);
    }
    let versions = fs::read_dir(INSTALLED).ok()?.filter_map(|entry| {
        let path = entry.ok()?.path();
        let version: u32 = path.file_name()?.to_str()?.parse().ok()?;
        Some((version, path.join("bin")))
    });
    let newest = versions
        .filter(|(_, bin)| has(bin))
        .max_by_key(|(version, _)| *version);
    newest.map(|(_, bin)| bin)
}

impl Database {
    /// Makes one, and waits until it can be used.
    pub(super) fn start(programs: &Path) -> io::Result<Self> {
        let directory = env::temp_dir().join(format!("keywheel-local-{}", Uuid::new_v4().simple()));
        // Nobody else looks into it.
        fs::DirBuilder::new().mode(0o700).create(&directory)?;
        let started = Self::start_in(programs, &directory);
        if started.is_err() {
            // What is wrong with the server is what is reported.
            let _ = fs::remove_dir_all(&directory);
        }
        started
    }

    fn start_in(programs: &Path, directory: &Path) -> io::Result<Self> {
        let is_root = directory.metadata()?.uid() == 0;
        if is_root {
            chown(directory, Some(NOBODY), Some(NOBODY))?;
        }
        let command = |program: &Path| {
            let mut command = Command::new(program);
            command.current_dir(directory);
            if is_root {
                command.uid(NOBODY).gid(NOBODY);
            }
            command
        };
        let data = directory.join("data");
        let [password, superuser_password] = [(); 2].map(|()| Uuid::new_v4().simple().to_string());
        let password_file = directory.join("password");
        fs::write(&password_file, &superuser_password)?;
        if is_root {
            chown(&password_file, Some(NOBODY), Some(NOBODY))?;
        }
        let mut initdb = command(&programs.join("initdb"));
        initdb.args([
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
            "--auth=scram-sha-256",
        ]);
        initdb.args(["--username=postgres", "--pgdata"]).arg(&data);
        initdb.arg("--pwfile").arg(&password_file);
        fed(initdb, "")?;
        fs::remove_file(password_file)?;
        let mut single = command(&programs.join("postgres"));
        single.args(["--single", "-D"]).arg(&data).arg("postgres");
        let statements =
            format!("CREATE ROLE {ROLE} LOGIN PASSWORD '{password}'\nCREATE DATABASE {NAME} OWNER {ROLE}\n");
        fed(single, &statements)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut keeper = command(Path::new("sh"));
        keeper.args(["-c", KEEPER, "sh"]).arg(directory);
        keeper.arg(programs.join("postgres")).arg("-D").arg(&data);
        keeper.args([
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
            "-c",
            "fsync=off",
        ]);
        keeper.arg("-c").arg(format!("port={port}"));
        // Ctrl-C is for this process, which ends the server itself.
        let keeper = keeper
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut database = Self {
            keeper: keeper.spawn()?,
            directory: directory.to_owned(),
            port,
            password,
            superuser_password,
        };
        database.wait_until_ready(&data)?;
        Ok(database)
    }

    fn wait_until_ready(&mut self, data: &Path) -> io::Result<()> {
        let start = Instant::now();
        loop {
            // The server says there when it accepts connections.
            let status = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
            if status.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return Ok(());
            }
            if start.elapsed() > START {
                let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
                let last = log.lines().last().unwrap_or("it says nothing").to_owned();
                return Err(io::Error::other(format!("the database does not start: {last}")));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
        // A directory of another account's in /tmp may be left empty by the shell.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Runs a program to its end, with this on its stdin.
fn fed(mut command: Command, text: &str) -> io::Result<()> {
    let command = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(
        words.lines().next_back().unwrap_or("it failed").to_owned(),
    ))
}
