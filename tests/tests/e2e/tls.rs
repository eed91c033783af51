//! TLS is verified, and never dropped.

mod admin;
mod certificates;
mod downgrade;
mod modes;
mod unusable;

use keywheel_tests::certificates::{Authority, ServerCertificate};
use keywheel_tests::net::{Proxy, Tls};
use keywheel_tests::postgres::{Server, ServerLog, TestDatabase, cluster};
use keywheel_tests::world::{Setup, World};
use serde_json::Value;
use staging_labels::{Label, Step};

/// What a document may say of TLS, each a change of the usual one: nothing, and every way to say yes.
const SECURE: &[&str] = &[
    "{}",
    r#"{"ssl":true}"#,
    r#"{"ssl":"true"}"#,
    r#"{"ssl":"TRUE"}"#,
    r#"{"ssl":"True"}"#,
    r#"{"sslmode":"allow"}"#,
    r#"{"sslmode":"prefer"}"#,
    r#"{"sslmode":"require"}"#,
    r#"{"sslmode":"verify-full"}"#,
    r#"{"sslmode":"Verify-Full"}"#,
    r#"{"ssl":true,"sslmode":"require"}"#,
];

/// Every way to say no.
const PLAIN: &[&str] = &[
    r#"{"ssl":false}"#,
    r#"{"ssl":"false"}"#,
    r#"{"ssl":"False"}"#,
    r#"{"sslmode":"disable"}"#,
    r#"{"ssl":false,"sslmode":"disable"}"#,
];

/// `document` with the keys of `said` as its only word on TLS.
fn saying(mut document: Value, said: &str) -> Value {
    let members = document.as_object_mut().expect("a document is an object");
    for key in ["ssl", "sslmode", "tls_server_name"] {
        members.remove(key);
    }
    let said: Value = serde_json::from_str(said).expect("it is JSON");
    members.extend(said.as_object().expect("it is an object").clone());
    document
}

/// Makes `said` the current document's only word on TLS, with the password that is current.
async fn say(world: &World, said: &str) {
    let text = world.text(&Label::Current).await.expect("it is current");
    let document = saying(serde_json::from_str(&text).expect("it is JSON"), said);
    world.write_by_hand(&document.to_string()).await;
}

/// A world whose server is at `port`, with its word on TLS.
async fn world_at(setup: Setup, port: u16, said: &str) -> World {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let document = saying(database.document_at("localhost", port), said);
    setup.start_with_document(database, &document.to_string()).await
}

/// The main server behind another certificate, made by `make`, and a set-up that trusts its authority.
fn behind(make: impl FnOnce(&Authority) -> ServerCertificate) -> (Proxy, Setup) {
    let authority = Authority::new().expect("an authority");
    let tls = Tls::End(make(&authority));
    let proxy = Proxy::with_rules(cluster(Server::Main).port(), tls, Vec::new()).expect("it listens");
    (
        proxy,
        Setup::on(Server::Main).env("PGSSLROOTCERT", authority.pem()),
    )
}

/// Every step that goes to the database is refused.
async fn refused(world: &World, code: &str, words: &[&str]) {
    let token = world.proposed().await;
    let steps = [Step::Set, Step::Test, Step::Finish];
    world.refuses_each(&token, &steps, code, words).await;
    world.clean_up(&token).await;
}

/// How many of the logins that are in `log` were encrypted, and how many were not.
fn logins(log: &ServerLog) -> (usize, usize) {
    let text = log.to_string();
    let (encrypted, plain): (Vec<&str>, _) = text
        .lines()
        .filter(|line| line.contains("connection authorized:") && line.contains("application_name=keywheel"))
        .partition(|line| line.contains("SSL enabled"));
    (encrypted.len(), plain.len())
}
