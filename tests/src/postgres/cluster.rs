//! A server: made, started, asked, stopped.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use rustls::ClientConfig;
use tempfile::TempDir;

use super::account::Account;
use super::config::{self, Group, Options};
use super::log::ServerLog;
use super::login;
use super::supervisor::{Supervisor, directory_prefix, sweep};
use crate::certificates::{Authority, CertificateError, SERVER_NAMES};
use crate::tools::{MissingTool, Postgres};

/// How long a server may take to accept connections.
const START_LIMIT: Duration = Duration::from_mins(1);

/// How often another port is tried, in case somebody took the free one in between.
const PORT_ATTEMPTS: usize = 5;

/// A running server. Stops when dropped, and when this process ends in any way.
pub struct Cluster {
    // The order matters: the server stops before its directory goes.
    _supervisor: Supervisor,
    directory: TempDir,
    pub(super) options: Options,
    pub(super) installation: Postgres,
    pub(super) port: u16,
    pub(super) trust: Trust,
    pub(super) superuser_password: String,
}

/// What a client needs to know to trust the server.
#[derive(Clone)]
pub(super) struct Trust {
    pub(super) authority_pem: String,
    /// The same for our own logins.
    pub(super) client: Arc<ClientConfig>,
}

/// A server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no such `PostgreSQL` here.
    #[error("no PostgreSQL to start")]
    Missing(#[from] MissingTool),
    /// A file could not be written or a program not be run.
    #[error("the server's directory could not be set up")]
    Io(#[from] io::Error),
    /// No certificate.
    #[error("the server has no certificate")]
    Certificate(#[from] CertificateError),
    /// The harness could not log in.
    #[error("the new server refused its harness")]
    Sql(#[from] tokio_postgres::Error),
    /// A program of `PostgreSQL` failed; this is what it said.
    #[error("{program} failed: {output}")]
    Program {
        /// Its name.
        program: &'static str,
        /// What it printed or logged.
        output: String,
    },
}

impl Cluster {
    /// Makes a new cluster and waits until it accepts connections: about a second, blocking.
    pub fn start(options: &Options) -> Result<Self, StartError> {
        let installation = options.server.installation()?;
        let account = Account::unprivileged()?;
        let directory = new_directory(&account)?;
        let superuser_password = login::random_name("admin_");
        initialise(&account, directory.path(), &installation, &superuser_password)?;
        let trust = write_certificates(&account, directory.path(), options)?;
        let cluster = Self::run(
            &account,
            directory,
            installation,
            options,
            trust,
            superuser_password,
        )?;
        cluster.add_groups()?;
        Ok(cluster)
    }

    /// Starts the server on the data that is in `directory`.
    pub(super) fn run(
        account: &Account,
        directory: TempDir,
        installation: Postgres,
        options: &Options,
        trust: Trust,
        superuser_password: String,
    ) -> Result<Self, StartError> {
        write(
            account,
            &directory.path().join("pg_hba.conf"),
            &config::hba(installation.tls),
            0o600,
        )?;
        let path = directory.path();
        let mut attempts = 1;
        let (supervisor, port) = loop {
            match start_server(account, path, &installation, options) {
                Err(StartError::Program { output, .. })
                    if output.contains("in use") && attempts < PORT_ATTEMPTS =>
                {
                    attempts += 1;
                }
                outcome => break outcome?,
            }
        };
        let options = options.clone();
        Ok(Self {
            _supervisor: supervisor,
            directory,
            options,
            installation,
            port,
            trust,
            superuser_password,
        })
    }

    fn add_groups(&self) -> Result<(), StartError> {
        let mut statements: String = Group::ALL
            .map(|group| format!("CREATE ROLE {};", group.role()))
            .concat();
        if self.has_library("pg_stat_statements") {
            statements += "CREATE EXTENSION pg_stat_statements;";
        }
        login::blocking(async {
            let client = self.superuser_client("postgres").await?;
            client.batch_execute(&statements).await
        })?;
        Ok(())
    }

    /// Whether this server was started with `library`: those without TLS have none.
    pub fn has_library(&self, library: &str) -> bool {
        libraries(&self.installation, &self.options)
            .libraries
            .contains(&library)
    }

    /// The TCP port, on 127.0.0.1 and, where the machine has it, on `::1`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it takes TLS connections.
    pub fn has_tls(&self) -> bool {
        self.installation.tls
    }

    /// As in `15.18`.
    pub fn version(&self) -> &str {
        &self.installation.version
    }

    /// The certificate of the authority that signed the server's, PEM: for `PGSSLROOTCERT`.
    pub fn authority_pem(&self) -> &str {
        &self.trust.authority_pem
    }

    /// The same in a file.
    pub fn authority_path(&self) -> PathBuf {
        self.directory.path().join("ca.crt")
    }

    /// Everything that the server has logged so far.
    pub fn log(&self) -> ServerLog {
        ServerLog::read(&self.directory.path().join("server.log"))
    }

    /// The directory of the socket through which the harness comes in.
    pub(super) fn socket_directory(&self) -> PathBuf {
        self.directory.path().join("socket")
    }

    /// `psql`, ready to log in on this server by TCP with full verification: give it `-U`, `-d` and `PGPASSWORD`.
    /// None if there is no psql that can do as much.
    pub fn psql(&self) -> Option<Command> {
        let same_build = self
            .installation
            .psql
            .as_ref()?
            .starts_with(&self.installation.bin);
        if self.has_tls() && !same_build {
            return None; // The one from PyPI has no TLS.
        }
        let mut command = Command::new(self.installation.psql.as_ref()?);
        command.args(["--no-psqlrc", "--no-password", "--set=ON_ERROR_STOP=1"]);
        command
            .env("PGHOST", "localhost")
            .env("PGPORT", self.port.to_string());
        command.env(
            "PGSSLMODE",
            if self.has_tls() { "verify-full" } else { "disable" },
        );
        command
            .env("PGSSLROOTCERT", self.authority_path())
            .env("PGCONNECT_TIMEOUT", "10");
        Some(command)
    }
}

/// The options without the libraries that this installation does not have.
fn libraries(installation: &Postgres, options: &Options) -> Options {
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

fn initialise(
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
fn write_certificates(account: &Account, directory: &Path, options: &Options) -> Result<Trust, StartError> {
    let authority = Authority::new()?;
    let server = match &options.certificate {
        Some(certificate) => certificate.clone(),
        None => authority.server(&SERVER_NAMES)?,
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

/// One attempt, on a port that was free a moment ago.
fn start_server(
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

fn free_port() -> io::Result<u16> {
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
