//! Synapse, a Matrix server, whose users have an access token for each of their devices.

use uuid::Uuid;

use super::process::{self, Process, StartError};
use super::{ask, json};
use crate::http;

/// A running Synapse with the user `admin` and one more.
#[derive(Debug)]
pub struct Synapse {
    process: Process,
    user: String,
    password: String,
    admin_token: String,
}

impl Synapse {
    /// Starts one with a user, and blocks for some seconds.
    ///
    /// # Errors
    /// If it is not installed, or does not start.
    pub fn start(user: &str) -> Result<Self, StartError> {
        let [admin_password, password] = [(); 2].map(|()| Uuid::new_v4().simple().to_string());
        let users = serde_json::json!({ "admin": admin_password, user: password });
        let mut command = process::python("programs/synapse_server.py")?;
        command.env("SYNAPSE_USERS", users.to_string());
        let process = Process::start(&mut command)?;
        let (_, admin_token) = log_in(&process.url(), "admin", &admin_password, "the administrator");
        Ok(Self {
            process,
            user: format!("@{user}:matrix.test"),
            password,
            admin_token,
        })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.process.url()
    }

    /// The user's whole name.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The user's password, by which tokens are made.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// A token that may manage all devices.
    pub fn admin_token(&self) -> &str {
        &self.admin_token
    }

    /// Makes a token of the user, as a person would; answers with its device and itself.
    pub fn create_token(&self, device_name: &str) -> (String, String) {
        log_in(&self.url(), &self.user, &self.password, device_name)
    }

    /// The names of the user's devices: each has one token.
    ///
    /// # Panics
    /// If the list cannot be had.
    pub fn devices(&self) -> Vec<String> {
        let path = format!("/_synapse/admin/v2/users/{}/devices", self.user);
        let list = json(&ask("GET", &self.url(), &path, &bearer(&self.admin_token), ""));
        let devices = list["devices"].as_array().expect("there is a list");
        let name = |device: &serde_json::Value| device["display_name"].as_str().unwrap_or("?").to_owned();
        // The administrator's registration made a device without a name.
        devices.iter().map(name).filter(|name| name != "?").collect()
    }

    /// Whether the token is a user's.
    ///
    /// # Panics
    /// If the answer is neither yes nor no.
    pub fn accepts(&self, token: &str) -> bool {
        let path = "/_matrix/client/v3/account/whoami";
        let answer = ask("GET", &self.url(), path, &bearer(token), "");
        assert!([200, 401].contains(&answer.status), "{}", answer.text());
        answer.status == 200
    }
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

fn log_in(url: &str, user: &str, password: &str, device_name: &str) -> (String, String) {
    let body = serde_json::json!({
        "type": "m.login.password",
        "identifier": { "type": "m.id.user", "user": user },
        "password": password,
        "initial_device_display_name": device_name,
    });
    let body = body.to_string();
    let answer = http::send("POST", url, "/_matrix/client/v3/login", body.as_bytes());
    let answer = json(&answer.expect("Synapse answers"));
    let text = |name: &str| answer[name].as_str().expect("the login has it").to_owned();
    (text("device_id"), text("access_token"))
}
