//! `JupyterHub`, whose users have API tokens.

use uuid::Uuid;

use super::process::{self, Process, StartError};
use super::{ask, json};

/// A running hub with one user.
#[derive(Debug)]
pub struct JupyterHub {
    process: Process,
    user: String,
    admin_token: String,
}

impl JupyterHub {
    /// Starts one whose user is called `user`, and blocks for some seconds.
    ///
    /// # Errors
    /// If it is not installed, or does not start.
    pub fn start(user: &str) -> Result<Self, StartError> {
        let admin_token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let mut command = process::python("jupyterhub_server.py")?;
        command.env("HUB_USER", user).env("HUB_ADMIN_TOKEN", &admin_token);
        Ok(Self {
            process: Process::start(&mut command)?,
            user: user.to_owned(),
            admin_token,
        })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.process.url()
    }

    /// The token that may manage the user's tokens.
    pub fn admin_token(&self) -> &str {
        &self.admin_token
    }

    /// Makes a token of the user, with this note, as a person would; answers with its id and itself.
    ///
    /// # Panics
    /// If it is refused.
    pub fn create_token(&self, note: &str) -> (String, String) {
        let body = serde_json::json!({ "note": note }).to_string();
        let token = json(&ask(
            "POST",
            &self.url(),
            &self.path(),
            &self.authorization(),
            &body,
        ));
        let text = |name: &str| {
            token[name]
                .as_str()
                .expect("the hub answers with a token")
                .to_owned()
        };
        (text("id"), text("token"))
    }

    /// The notes of all the user's tokens, by id.
    ///
    /// # Panics
    /// If the list cannot be had.
    pub fn tokens(&self) -> Vec<(String, String)> {
        let list = json(&ask("GET", &self.url(), &self.path(), &self.authorization(), ""));
        let tokens = list["api_tokens"].as_array().expect("there is a list");
        let text =
            |token: &serde_json::Value, name: &str| token[name].as_str().unwrap_or_default().to_owned();
        tokens
            .iter()
            .map(|token| (text(token, "id"), text(token, "note")))
            .collect()
    }

    /// Whether the hub knows who has this token.
    ///
    /// # Panics
    /// If the answer is neither yes nor no.
    pub fn accepts(&self, token: &str) -> bool {
        let answer = ask("GET", &self.url(), "/hub/api/user", &format!("token {token}"), "");
        assert!([200, 403].contains(&answer.status), "{}", answer.text());
        answer.status == 200
    }

    /// What it has written so far.
    pub fn output(&self) -> String {
        self.process.output()
    }

    fn authorization(&self) -> String {
        format!("token {}", self.admin_token)
    }

    fn path(&self) -> String {
        format!("/hub/api/users/{}/tokens", self.user)
    }
}
