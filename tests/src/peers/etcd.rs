//! etcd, whose users have passwords that `root` chooses.

use uuid::Uuid;

use super::process::{self, Process, StartError};
use crate::http;
use crate::tools::Tools;

/// A running etcd with the user `root` and one more.
#[derive(Debug)]
pub struct Etcd {
    process: Process,
    root_password: String,
}

impl Etcd {
    /// Starts one with a user, and blocks for a second or two.
    ///
    /// # Errors
    /// If it is not installed, or does not start.
    pub fn start(user: &str, password: &str) -> Result<Self, StartError> {
        let root_password = format!("root-{}", Uuid::new_v4().simple());
        let users = serde_json::json!({ "root": root_password, user: password });
        let mut command = process::python("programs/etcd_server.py")?;
        command
            .arg(Tools::load()?.etcd()?)
            .env("ETCD_USERS", users.to_string());
        let process = Process::start(&mut command)?;
        Ok(Self {
            process,
            root_password,
        })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.process.url()
    }

    /// The password of `root`.
    pub fn root_password(&self) -> &str {
        &self.root_password
    }

    /// Whether a user may log in with this password.
    ///
    /// # Panics
    /// If the answer is neither yes nor no.
    pub fn accepts(&self, user: &str, password: &str) -> bool {
        let body = serde_json::json!({ "name": user, "password": password }).to_string();
        let answer = http::send("POST", &self.url(), "/v3/auth/authenticate", body.as_bytes());
        let answer = answer.expect("etcd answers");
        assert!([200, 400].contains(&answer.status), "{}", answer.text());
        answer.status == 200
    }
}
