//! `OctoPrint`, whose users have one API key each, which is replaced.

use uuid::Uuid;

use super::json;
use super::process::{self, Process, StartError};
use crate::http;

/// A running `OctoPrint` with the user `admin` and one more.
#[derive(Debug)]
pub struct OctoPrint {
    process: Process,
    admin_key: String,
}

impl OctoPrint {
    /// Starts one with a user who has this key, and blocks for some seconds.
    ///
    /// # Errors
    /// If it is not installed, or does not start.
    pub fn start(user: &str, key: &str) -> Result<Self, StartError> {
        let admin_key = Uuid::new_v4().simple().to_string();
        let users = serde_json::json!({ "admin": admin_key, user: key });
        let mut command = process::python("programs/octoprint_server.py")?;
        command.env("OCTOPRINT_USERS", users.to_string());
        let process = Process::start(&mut command)?;
        Ok(Self { process, admin_key })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.process.url()
    }

    /// The key of `admin`.
    pub fn admin_key(&self) -> &str {
        &self.admin_key
    }

    /// The key that a user has, as the administrator sees it.
    ///
    /// # Panics
    /// If there is no such user.
    pub fn key_of(&self, user: &str) -> String {
        let found = self.get(&format!("/api/access/users/{user}"), &self.admin_key);
        found["apikey"].as_str().expect("the user has a key").to_owned()
    }

    /// Whether this is the key of `user`. Whom the server does not know is a guest.
    pub fn accepts(&self, user: &str, key: &str) -> bool {
        self.get("/api/currentuser", key)["name"] == user
    }

    fn get(&self, path: &str, key: &str) -> serde_json::Value {
        let headers = [("X-Api-Key", key)];
        let answer = http::send_with("GET", &self.url(), path, &headers, b"");
        json(&answer.expect("OctoPrint answers"))
    }
}
