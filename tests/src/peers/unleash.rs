//! Unleash, a feature-flag server that keeps its API tokens in `PostgreSQL`.

use std::io;
use std::sync::OnceLock;

use uuid::Uuid;

use super::process::{self, Process, StartError};
use super::{ask, json};
use crate::http::{self, Answer};
use crate::postgres::{Server, TestDatabase, cluster};

/// A running Unleash.
#[derive(Debug)]
pub struct Unleash {
    process: Process,
    admin_token: String,
}

/// An API token as Unleash lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its `tokenName`.
    pub name: String,
    /// The token itself.
    pub secret: String,
}

impl Unleash {
    /// The one that tests share, on a database of its own; started when it is first asked for, which takes some seconds.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceLock<(TestDatabase<'static>, Unleash)> = OnceLock::new();
        static STARTING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let _turn = STARTING.lock().await;
        if SHARED.get().is_none() {
            let database = TestDatabase::new(cluster(Server::Main)).await;
            let unleash = Self::start(&database, database.password(), &Self::new_admin_token());
            let unleash = unleash.unwrap_or_else(|error| panic!("{error}"));
            let _ = SHARED.set((database, unleash));
        }
        &SHARED.get().expect("it was started a moment ago").1
    }

    /// Starts one that logs in to `database` as its owner, with `password`, and blocks for some seconds. On a database
    /// that has no tokens yet it makes `admin_token` its first.
    ///
    /// # Errors
    /// If it is not installed, or ends because it cannot use the database.
    pub fn start(database: &TestDatabase<'_>, password: &str, admin_token: &str) -> Result<Self, StartError> {
        let mut command = process::node("unleash_server.mjs")?;
        let cluster = database.cluster();
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_about_unleash(&name.to_string_lossy())) {
            command.env_remove(name);
        }
        command
            .env("DATABASE_HOST", "localhost")
            .env("DATABASE_PORT", cluster.port().to_string())
            .env("DATABASE_NAME", database.name())
            .env("DATABASE_USERNAME", database.user())
            .env("DATABASE_PASSWORD", password)
            .env("INIT_ADMIN_API_TOKENS", admin_token)
            .env("LOG_LEVEL", "error");
        if cluster.has_tls() {
            command.env("DATABASE_SSL_CA_FILE", cluster.authority_path());
        } else {
            command.env("DATABASE_SSL", "false");
        }
        Ok(Self {
            process: Process::start(&mut command)?,
            admin_token: admin_token.to_owned(),
        })
    }

    /// An admin token as nobody has it yet.
    pub fn new_admin_token() -> String {
        format!("*:*.{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.process.url()
    }

    /// Its port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.process.port()
    }

    /// The token that may manage tokens.
    pub fn admin_token(&self) -> &str {
        &self.admin_token
    }

    /// What `rotate-api-key` is told so that it rotates tokens of the server at `url` as those that
    /// [`Self::create_token`] makes; `admin` is the ARN of a secret that is [`Self::admin_token`].
    pub fn settings(url: &str, admin: &str) -> [(&'static str, String); 3] {
        let parameters =
            format!("unleash.url={url},environment=development,project=default,unleash.key=token|flags");
        [
            ("PROVIDER", "unleash".to_owned()),
            ("PROVIDER_PARAMETERS", parameters),
            ("ADMIN_SECRETS", format!("unleash-admin={admin}")),
        ]
    }

    /// Makes a token that an application could read its flags with, as a person would.
    ///
    /// # Panics
    /// If it is refused.
    pub fn create_token(&self, name: &str) -> Token {
        let body = serde_json::json!({
            "tokenName": name, "type": "backend", "environment": "development", "projects": ["default"],
        });
        let answer = self.admin("POST", "/api/admin/api-tokens", &body.to_string());
        token(&json(&answer))
    }

    /// All tokens that have not been deleted.
    ///
    /// # Panics
    /// If the list cannot be had.
    pub fn tokens(&self) -> Vec<Token> {
        let list = json(&self.admin("GET", "/api/admin/api-tokens", ""));
        let tokens = list["tokens"].as_array().expect("there is a list");
        tokens.iter().map(token).collect()
    }

    /// Whether the token has not been deleted. That one still works for a minute after: Unleash keeps tokens in memory.
    pub fn has(&self, secret: &str) -> bool {
        self.tokens().iter().any(|token| token.secret == secret)
    }

    /// Whether an application gets its flags with the token.
    ///
    /// # Panics
    /// If the answer is neither yes nor no.
    pub fn serves(&self, secret: &str) -> bool {
        let answer = Self::flags(&self.url(), secret).expect("Unleash answers");
        assert!([200, 401].contains(&answer.status), "{}", answer.text());
        answer.status == 200
    }

    /// What an application asks for with its token, of the Unleash at `url`; blocks until there is an answer.
    ///
    /// # Errors
    /// If there is none.
    pub fn flags(url: &str, token: &str) -> io::Result<Answer> {
        http::send_with(
            "GET",
            url,
            "/api/client/features",
            &[("Authorization", token)],
            b"",
        )
    }

    /// What is secret of a token: before the dot stand its project and environment.
    pub fn telling(token: &str) -> &str {
        token.rsplit('.').next().unwrap_or_default()
    }

    /// What it has written so far.
    pub fn output(&self) -> String {
        self.process.output()
    }

    fn admin(&self, method: &str, path: &str, body: &str) -> Answer {
        ask(method, &self.url(), path, &self.admin_token, body)
    }
}

/// Whether a variable of our own environment would be taken for one of this server's.
fn is_about_unleash(name: &str) -> bool {
    let prefixes = ["DATABASE_", "UNLEASH_", "INIT_"];
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}

fn token(json: &serde_json::Value) -> Token {
    let text = |name: &str| json[name].as_str().expect("Unleash names its tokens").to_owned();
    Token {
        name: text("tokenName"),
        secret: text("secret"),
    }
}
