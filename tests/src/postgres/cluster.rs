//! A server: made, asked, stopped.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::account::Account;
use super::config::{Group, Options};
use super::launch::{self, Trust};
use super::log::ServerLog;
use super::login;
use super::supervisor::Supervisor;
use crate::certificates::CertificateError;
use crate::tools::{MissingTool, Postgres};

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
        let directory = launch::new_directory(&account)?;
        let superuser_password = login::random_name("admin_");
        launch::initialise(&account, directory.path(), &installation, &superuser_password)?;
        let trust = launch::write_certificates(&account, directory.path(), options)?;
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
        let (supervisor, port) = launch::start_server(account, directory.path(), &installation, options)?;
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
        launch::libraries(&self.installation, &self.options)
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
