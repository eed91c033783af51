//! moto's server: AWS as an independent peer, for what the local Secrets Manager does not play: RDS, IAM, Lambda,
//! `CloudFormation`.
//!
//! Each value is a server of its own on a free port of 127.0.0.1, with an account of its own; it answers when
//! [`Moto::start`] returns, and goes with the value, or with this process, however that ends.

use std::process::Command;

use serde_json::Value;

use crate::http;
use crate::peers::process::{self, Process, StartError};
use crate::tools::Tools;

/// The account that moto plays: the local Secrets Manager's.
pub const ACCOUNT: &str = secrets_manager_local::ACCOUNT;

/// A running server; stops when dropped.
#[derive(Debug)]
pub struct Moto {
    process: Process,
}

impl Moto {
    /// Starts a server, and blocks for the second or two until it answers.
    ///
    /// # Errors
    /// If it is not installed, or does not start.
    pub fn start() -> Result<Self, StartError> {
        let mut command = Command::new(Tools::load()?.python_with_moto()?);
        command
            .arg(process::data("moto_server.py"))
            // The local Secrets Manager's: a secret that RDS makes here can be put there, under the same ARN.
            .env("MOTO_ACCOUNT_ID", ACCOUNT);
        let process = Process::start(&mut command)?;
        Ok(Self { process })
    }

    /// Where it listens: `http://127.0.0.1:port`, for `AWS_ENDPOINT_URL` and the like.
    pub fn url(&self) -> String {
        self.process.url()
    }

    /// The operations that were called since the last [`Moto::forget_calls`], in their order.
    ///
    /// # Panics
    /// If the server does not answer.
    pub fn calls(&self) -> Vec<String> {
        let text = self.send("GET", "/_calls", "");
        text.lines().map(str::to_owned).collect()
    }

    /// Begins a new list of calls.
    ///
    /// # Panics
    /// If the server does not answer.
    pub fn forget_calls(&self) {
        self.send("DELETE", "/_calls", "");
    }

    /// Lets calls fail: `{"action": "DescribeDBInstances", "code": "Throttling", "times": 2}`; see
    /// `tests/data/moto_server.py` for what else can be said.
    ///
    /// # Panics
    /// If the server does not answer.
    pub fn inject(&self, fault: &Value) {
        self.send("POST", "/_faults", &fault.to_string());
    }

    /// A request of RDS's own protocol, which every program can make; the answer is the XML.
    ///
    /// # Panics
    /// If it is refused.
    pub fn rds(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        self.query("rds", "2014-10-31", action, parameters)
    }

    /// The same of IAM.
    ///
    /// # Panics
    /// If it is refused.
    pub fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        self.query("iam", "2010-05-08", action, parameters)
    }

    fn query(&self, service: &str, version: &str, action: &str, parameters: &[(&str, &str)]) -> String {
        let parameters = parameters
            .iter()
            .map(|(name, value)| format!("&{name}={}", percent_encoded(value)));
        let form = format!(
            "Action={action}&Version={version}{}",
            parameters.collect::<String>()
        );
        // moto reads service and region off the signature's scope, and does not verify it.
        let scope = format!("20260101/us-east-1/{service}/aws4_request");
        let signature = format!("AWS4-HMAC-SHA256 Credential=tests/{scope}, SignedHeaders=host, Signature=0");
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Authorization", signature.as_str()),
        ];
        let answer = http::send_with("POST", &self.url(), "/", &headers, form.as_bytes());
        let answer = answer.expect("moto answers");
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        answer.text()
    }

    fn send(&self, method: &str, path: &str, body: &str) -> String {
        let answer = http::send(method, &self.url(), path, body.as_bytes()).expect("moto's server answers");
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
        answer.text()
    }
}

fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let spelled = text.bytes().map(|byte| {
        if plain(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    });
    spelled.collect()
}
