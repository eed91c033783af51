//! The steps of starting a server.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use rustls::ClientConfig;
use tempfile::TempDir;

use super::account::Account;
use super::cluster::StartError;
use super::config::{self, Options};
use super::log::ServerLog;
use super::login;
use super::supervisor::{Supervisor, directory_prefix, sweep};
use crate::certificates::{Authority, SERVER_NAMES};
use crate::tools::Postgres;

/// How long a server may take to accept connections.
const START_LIMIT: Duration = Duration::from_mins(1);

/// How often another port is tried, in case somebody took the free one in between.
const PORT_ATTEMPTS: usize = 5;

/// What a client needs to know to trust the server.
#[derive(Clone)]
pub(super) struct Trust {
    pub(super) authority_pem: String,
    /// The same for our own logins.
    pub(super) client: Arc<ClientConfig>,
}

/// The options without the libraries that this installation does not have.
pub(super) fn libraries(installation: &Postgres, options: &Options) -> Options {
    let mut options = options.clone();
    let prefix = installation.bin.parent().unwrap_or(&installation.bin);
    let places = [prefix.join("lib"), prefix.join("lib/postgresql")];
    options.libraries.retain(|library| {
        places
            .iter()
            .any(|place| place.join(format!("{library}.so")).exists())
    });
    options
}

/// An empty directory of the server's account, directly under /tmp: the path of a socket must be short.
pub(super) fn new_directory(account: &Account) -> io::Result<TempDir> {
    static SWEPT: Once = Once::new();
    SWEPT.call_once(sweep);
    let directory = tempfile::Builder::new()
        .prefix(&directory_prefix())
        .tempdir_in("/tmp")?;
    account.give(directory.path())?;
    let socket = directory.path().join("socket");
    fs::create_dir(&socket)?;
    account.give(&socket)?;
    Ok(directory)
}

/// Writes a file that only the server needs to read.
pub(super) fn write(account: &Account, path: &Path, text: &str, mode: u32) -> io::Result<()> {
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    account.give(path)
}

/// Runs a program of `PostgreSQL` to its end.
pub(super) fn finish(program: &'static str, command: &mut Command) -> Result<(), StartError> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let output = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(StartError::Program { program, output })
}

/// Makes the data directory, with a superuser who has this password.
pub(super) fn initialise(
    account: &Account,
    directory: &Path,
    installation: &Postgres,
    password: &str,
) -> Result<(), StartError> {
    let password_file = directory.join("password");
    write(account, &password_file, password, 0o600)?;
    let mut initdb = account.command(installation.bin.join("initdb"));
    initdb.args([
        "--no-sync",
        "--encoding=UTF8",
        "--locale=C",
        "--auth=scram-sha-256",
    ]);
    initdb.arg(format!("--username={}", login::SUPERUSER));
    initdb
        .arg("--pwfile")
        .arg(&password_file)
        .arg("--pgdata")
        .arg(directory.join("data"));
    finish("initdb", &mut initdb)?;
    Ok(fs::remove_file(password_file)?)
}

/// Writes the server's certificate, and the authority's that a client should trust.
pub(super) fn write_certificates(
    account: &Account,
    directory: &Path,
    options: &Options,
) -> Result<Trust, StartError> {
    let authority = Authority::new()?;
    let server = if let Some(certificate) = &options.certificate {
        certificate.clone()
    } else {
        let more = options.names.iter().map(String::as_str);
        authority.server(&SERVER_NAMES.into_iter().chain(more).collect::<Vec<_>>())?
    };
    write(account, &directory.join("ca.crt"), authority.pem(), 0o644)?;
    write(
        account,
        &directory.join("server.crt"),
        &server.certificate_pem,
        0o644,
    )?;
    write(account, &directory.join("server.key"), &server.key_pem, 0o600)?;
    let client = login::client_config(authority.pem())?;
    Ok(Trust {
        authority_pem: authority.pem().to_owned(),
        client,
    })
}

/// Starts the server on the data that is in `directory`, and waits until it accepts connections. Returns its port.
pub(super) fn start_server(
    account: &Account,
    directory: &Path,
    installation: &Postgres,
    options: &Options,
) -> Result<(Supervisor, u16), StartError> {
    let rules = config::hba(installation.tls, &options.rules);
    write(account, &directory.join("pg_hba.conf"), &rules, 0o600)?;
    let mut attempts = 1;
    loop {
        match try_to_start(account, directory, installation, options) {
            Err(StartError::Program { output, .. })
                if output.contains("Address already in use") && attempts < PORT_ATTEMPTS =>
            {
                attempts += 1;
            }
            outcome => return outcome,
        }
    }
}

/// One attempt, on a port that was free a moment ago.
fn try_to_start(
    account: &Account,
    directory: &Path,
    installation: &Postgres,
    options: &Options,
) -> Result<(Supervisor, u16), StartError> {
    let port = free_port()?;
    let options = libraries(installation, options);
    let text = config::postgresql(directory, installation.tls, port, &addresses(), &options);
    let file = directory.join("postgresql.conf");
    write(account, &file, &text, 0o600)?;
    let data = directory.join("data");
    let arguments = [
        "-D".to_owned(),
        data.display().to_string(),
        "-c".to_owned(),
        format!("config_file={}", file.display()),
    ];
    let supervisor = Supervisor::start(account, directory, &installation.bin.join("postgres"), &arguments)?;
    wait_until_ready(&supervisor, directory)?;
    Ok((supervisor, port))
}

/// The server says in its own file when it accepts connections; this is how `pg_ctl` knows, too.
fn wait_until_ready(supervisor: &Supervisor, directory: &Path) -> Result<(), StartError> {
    let started = Instant::now();
    loop {
        let status = fs::read_to_string(directory.join("data/postmaster.pid")).unwrap_or_default();
        if matches!(status.lines().nth(7).map(str::trim), Some("ready")) {
            return Ok(());
        }
        if !supervisor.is_running() || started.elapsed() > START_LIMIT {
            let output = ServerLog::read(&directory.join("server.log")).to_string();
            return Err(StartError::Program {
                program: "postgres",
                output,
            });
        }
        thread::sleep(Duration::from_millis(10));
    }
}

pub(super) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Where to listen: a machine may have no IPv6.
fn addresses() -> String {
    let six = TcpListener::bind(("::1", 0)).is_ok();
    if six {
        "127.0.0.1,::1".to_owned()
    } else {
        "127.0.0.1".to_owned()
    }
}
