//! Kinto, whose accounts have passwords that an administrator chooses.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::ask;
use super::process::{self, Process, StartError};

/// A running Kinto with the account `admin` and one more.
#[derive(Debug)]
pub struct Kinto {
    process: Process,
    admin_password: String,
}

impl Kinto {
    /// Starts one with an account, and blocks for a second or two.
    ///
    /// # Errors
    /// If it is not installed, or does not start.
    pub fn start(account: &str, password: &str) -> Result<Self, StartError> {
        let admin_password = format!("admin-{}", Uuid::new_v4().simple());
        let accounts = serde_json::json!({ "admin": admin_password, account: password });
        let mut command = process::python("kinto_server.py")?;
        command.env("KINTO_ACCOUNTS", accounts.to_string());
        let process = Process::start(&mut command)?;
        Ok(Self {
            process,
            admin_password,
        })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.process.url()
    }

    /// The password of `admin`.
    pub fn admin_password(&self) -> &str {
        &self.admin_password
    }

    /// Whether an account may read itself with this password.
    ///
    /// # Panics
    /// If the answer is neither yes nor no.
    pub fn accepts(&self, account: &str, password: &str) -> bool {
        let credentials = STANDARD.encode(format!("{account}:{password}"));
        let path = format!("/v1/accounts/{account}");
        let answer = ask("GET", &self.url(), &path, &format!("Basic {credentials}"), "");
        assert!([200, 401].contains(&answer.status), "{}", answer.text());
        answer.status == 200
    }

    /// What it has written so far.
    pub fn output(&self) -> String {
        self.process.output()
    }
}
