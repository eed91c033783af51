//! A streaming standby: a server that follows another one and refuses to write.

use std::fs;
use std::time::{Duration, Instant};

use super::account::Account;
use super::cluster::{Cluster, StartError};
use super::launch;
use super::login;
use crate::tools::MissingTool;

/// How long a standby may be behind.
const CATCH_UP_LIMIT: Duration = Duration::from_secs(30);

impl Cluster {
    /// Copies this cluster and follows it; blocks for the second that takes. Its certificate, roles and passwords are
    /// the same.
    pub fn standby(&self) -> Result<Cluster, StartError> {
        let account = Account::unprivileged()?;
        let directory = launch::new_directory(&account)?;
        let program = self.installation.pg_basebackup.as_ref();
        let program = program.ok_or_else(|| MissingTool::Tool {
            name: "pg_basebackup".to_owned(),
            setup: "test",
        })?;
        let mut copy = account.command(program);
        copy.args([
            "--checkpoint=fast",
            "--wal-method=stream",
            "--write-recovery-conf",
            "--no-sync",
            // The primary keeps what the standby has not yet read, however slow that is.
            "--create-slot",
        ]);
        copy.arg("--slot").arg(login::random_name("standby_"));
        copy.arg("--host")
            .arg(self.socket_directory())
            .args(["--port", &self.port.to_string()]);
        copy.args(["--username", login::SUPERUSER, "--pgdata"])
            .arg(directory.path().join("data"));
        launch::finish("pg_basebackup", &mut copy)?;
        for name in ["ca.crt", "server.crt", "server.key"] {
            let source = self.authority_path().with_file_name(name);
            let mode = if name == "server.key" { 0o600 } else { 0o644 };
            launch::write(
                &account,
                &directory.path().join(name),
                &fs::read_to_string(source)?,
                mode,
            )?;
        }
        let (installation, password) = (self.installation.clone(), self.superuser_password.clone());
        Self::run(
            &account,
            directory,
            installation,
            &self.options,
            self.trust.clone(),
            password,
        )
    }

    /// Waits until this standby has everything that `primary` has written so far.
    ///
    /// # Panics
    ///
    /// If that takes more than half a minute.
    pub async fn catch_up_with(&self, primary: &Cluster) {
        let goal = primary.value("SELECT pg_current_wal_flush_lsn()").await;
        let query = format!("SELECT pg_last_wal_replay_lsn() >= '{goal}'::pg_lsn");
        let started = Instant::now();
        while self.value(&query).await != "t" {
            assert!(
                started.elapsed() < CATCH_UP_LIMIT,
                "the standby does not catch up:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
