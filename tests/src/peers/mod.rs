//! Real servers that issue keys, to rotate against: Unleash, an OAuth server of oidc-provider, `JupyterHub`, Kinto, etcd,
//! `OctoPrint` and Synapse.
//!
//! Each value is a server of its own on a free port of 127.0.0.1 that leaves nothing on disk. It answers when its
//! `start` returns, and goes with the value, or with this process, however that ends. Nothing of what they answer is
//! made up here: the programs in `tests/data` only start them, and, for the OAuth server, say what its library leaves open.

mod etcd;
mod jupyterhub;
mod kinto;
mod oauth;
mod octoprint;
pub(crate) mod process;
mod synapse;
mod unleash;

use crate::http::{self, Answer};

pub use etcd::Etcd;
pub use jupyterhub::JupyterHub;
pub use kinto::Kinto;
pub use oauth::{Client, OAuth};
pub use octoprint::OctoPrint;
pub use process::StartError;
pub use synapse::Synapse;
pub use unleash::{Token, Unleash};

/// Sends a request with JSON, or without content, and an `Authorization`.
fn ask(method: &str, url: &str, path: &str, authorization: &str, body: &str) -> Answer {
    let headers = [
        ("Content-Type", "application/json"),
        ("Authorization", authorization),
    ];
    http::send_with(method, url, path, &headers, body.as_bytes()).expect("the server answers")
}

/// The JSON of a successful answer.
fn json(answer: &Answer) -> serde_json::Value {
    let text = answer.text();
    assert!((200..300).contains(&answer.status), "{}: {text}", answer.status);
    serde_json::from_str(&text).expect("the server answers with JSON")
}
