//! An OAuth server: oidc-provider, with its clients managed as in Auth0's Management API.

use super::process::{self, Process, StartError};
use crate::http;

/// A running OAuth server.
#[derive(Debug)]
pub struct OAuth {
    process: Process,
}

/// A client of the OAuth server.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its secret.
    pub secret: &'a str,
    /// What it may be granted; `update:client_keys` lets it manage clients.
    pub scope: &'a str,
}

impl OAuth {
    /// Starts one that knows `clients`, and blocks for the second until it answers.
    ///
    /// # Errors
    /// If it is not installed, or refuses a client.
    pub fn start(clients: &[Client<'_>]) -> Result<Self, StartError> {
        let clients: serde_json::Value = clients
            .iter()
            .map(|client| {
                serde_json::json!({
                    "client_id": client.id, "client_secret": client.secret, "scope": client.scope,
                })
            })
            .collect();
        let mut command = process::node("oauth_server.mjs")?;
        command.env("OAUTH_CLIENTS", clients.to_string());
        let process = Process::start(&mut command)?;
        Ok(Self { process })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.process.url()
    }

    /// The URL that grants tokens.
    pub fn token_endpoint(&self) -> String {
        format!("{}/oauth/token", self.url())
    }

    /// Whether a client with this secret is granted a token.
    ///
    /// # Panics
    /// If the answer is neither yes nor no.
    pub fn grants(&self, id: &str, secret: &str) -> bool {
        let form = format!(
            "grant_type=client_credentials&client_id={id}&client_secret={}",
            encoded(secret)
        );
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let answer = http::send_with("POST", &self.url(), "/oauth/token", &headers, form.as_bytes());
        let answer = answer.expect("the OAuth server answers");
        assert!([200, 401].contains(&answer.status), "{}", answer.text());
        answer.status == 200
    }

    /// The tokens that it has granted so far, but for the last ones, which may still be on their way to us.
    pub fn granted(&self) -> Vec<String> {
        let output = self.process.output();
        let tokens = output
            .lines()
            .filter(|line| line.len() > 40 && !line.contains(' '));
        tokens.map(str::to_owned).collect()
    }
}

/// For a form: every byte that is not plain as `%XX`.
fn encoded(text: &str) -> String {
    let spell = |byte: u8| {
        if byte.is_ascii_alphanumeric() {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(spell).collect()
}
