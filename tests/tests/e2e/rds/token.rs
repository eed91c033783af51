//! An admin without any secret: a role of `rds_iam`, which logs in with a signature of the function's own credentials.

use std::process::Command;
use std::sync::Arc;

use keywheel_tests::canary::Canaries;
use keywheel_tests::certificates::Authority;
use keywheel_tests::net::Door;
use keywheel_tests::postgres::{Group, TestDatabase};
use keywheel_tests::rds::{Cloud, changed, endpoint_names, primary, rotates};
use keywheel_tests::tools::Tools;
use keywheel_tests::world::{ALTERNATING, FUNCTION, World};
use serde_json::{Value, json};
use staging_labels::{Label, Step};
use uuid::Uuid;

use super::lose_the_password;

const HOSTS: &str = "*aaaaaaaaaaaa.us-east-1.rds.amazonaws.com";

/// A door in front of the shared server that lets the admin in by a token for `host`, and a world behind it whose
/// password is lost.
struct Iam {
    _cloud: Cloud,
    door: Arc<Door>,
    world: World,
    admin: String,
}

impl Iam {
    async fn new(host: &str, hosts: &str, fields: Value) -> Self {
        let iam = Self::of(FUNCTION, host, hosts, fields).await;
        lose_the_password(&iam.world).await;
        iam
    }

    async fn of(function: &'static str, host: &str, hosts: &str, fields: Value) -> Self {
        let cloud = Cloud::new();
        let database = TestDatabase::new(primary()).await;
        let admin = format!("iam admin@{}", &Uuid::new_v4().simple().to_string()[..8]);
        let statements = format!(
            "CREATE ROLE \"{admin}\" LOGIN CREATEROLE; GRANT {} TO \"{admin}\"; GRANT {} TO \"{admin}\" WITH ADMIN OPTION",
            Group::Trust.role(),
            database.role()
        );
        database.sql(&statements).await;
        let (door, authority) = door(&admin, host.to_owned());
        let place = changed(json!({"host": host, "port": door.port(), "ssl": null}), fields);
        let document = changed(database.document(), place);
        let setup = cloud
            .setup(None)
            .function(function)
            .env("PGSSLROOTCERT", &authority)
            .env("ADMIN_IAM_USERNAME", &admin)
            .env("ADMIN_IAM_HOSTS", hosts);
        let world = setup.start_with_document(database, &document.to_string()).await;
        Self {
            _cloud: cloud,
            door,
            world,
            admin,
        }
    }

    async fn leave(self) {
        let admin = &self.admin;
        let statement = format!("DROP OWNED BY \"{admin}\"; DROP ROLE \"{admin}\"");
        self.world.database.sql(&statement).await;
    }
}

/// A door for `role`, which takes the tokens that botocore would make for `host`, and the authority to trust.
fn door(role: &str, host: String) -> (Arc<Door>, String) {
    let authority = Authority::new().expect("an authority is made");
    let names = endpoint_names();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.push("localhost");
    let certificate = authority.server(&names).expect("a certificate is made");
    let (name, port) = (role.to_owned(), Arc::new(std::sync::OnceLock::new()));
    let own_port = Arc::clone(&port);
    let judge = move |token: &str| {
        own_port
            .get()
            .is_some_and(|port| is_genuine(token, &host, *port, &name))
    };
    let door = Door::start(primary().port(), role, &certificate, judge).expect("a door opens");
    port.set(door.port()).expect("it is set once");
    (Arc::new(door), authority.pem().to_owned())
}

/// Whether botocore signs the same at the same moment, with the credentials that the local Lambda gives its functions.
fn is_genuine(token: &str, host: &str, port: u16, role: &str) -> bool {
    let Some(date) = parameter(token, "X-Amz-Date") else {
        return false;
    };
    let Some(scope) = parameter(token, "X-Amz-Credential") else {
        return false;
    };
    let access_key = scope.split("%2F").next().unwrap_or_default().to_owned();
    let session = parameter(token, "X-Amz-Security-Token").unwrap_or_default();
    let python = Tools::load()
        .expect("there are tools")
        .python()
        .expect("Python is there")
        .to_owned();
    let output = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/data/rds_token.py"))
        .args([
            host,
            &port.to_string(),
            role,
            "us-east-1",
            &access_key,
            "not-a-secret",
            &session,
            &date,
        ])
        .output()
        .expect("Python runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let expected = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    parts(token) == parts(&expected)
}

/// Host and parameters; their order is not the signature's matter.
fn parts(token: &str) -> (String, Vec<String>) {
    let (host, query) = token.split_once('?').unwrap_or((token, ""));
    // A space may be spelled in two ways.
    let mut parameters: Vec<String> = query.split('&').map(|part| part.replace('+', "%20")).collect();
    parameters.sort();
    (host.to_owned(), parameters)
}

fn parameter(token: &str, name: &str) -> Option<String> {
    let (_, rest) = token.split_once(&format!("{name}="))?;
    Some(rest.split('&').next().unwrap_or(rest).to_owned())
}

#[tokio::test]
async fn a_token_that_botocore_would_sign_too_lets_the_admin_in_over_tls_only() {
    let writer = Cloud::host("orders", "cluster-");
    let iam = Iam::new(&writer, HOSTS, json!({})).await;
    rotates(&iam.world).await;
    let visits = iam.door.visits();
    assert!(visits.len() == 1 && visits[0].tls, "{visits:?}");
    let token = visits[0].token.clone();
    let signature = parameter(&token, "X-Amz-Signature").expect("a token is signed");
    let canaries = Canaries::default()
        .and("token", &token)
        .and("token's signature", &signature);
    canaries.absent_from("the function's log", &iam.world.log());
    canaries.absent_from("the server's log", &primary().log().to_string());
    iam.leave().await;
}

#[tokio::test]
async fn a_secret_that_asks_for_plain_text_does_not_get_a_token_sent_so() {
    let writer = Cloud::host("orders", "cluster-");
    let iam = Iam::new(&writer, HOSTS, json!({"ssl": false})).await;
    rotates(&iam.world).await;
    let visits = iam.door.visits();
    assert!(
        !visits.is_empty() && visits.iter().all(|visit| visit.tls),
        "{visits:?}"
    );
    iam.leave().await;
}

#[tokio::test]
async fn a_reader_in_the_secret_leads_to_a_token_for_the_writer() {
    let (writer, reader) = (
        Cloud::host("orders", "cluster-"),
        Cloud::host("orders", "cluster-ro-"),
    );
    let iam = Iam::new(&writer, HOSTS, json!({"host": reader})).await;
    rotates(&iam.world).await;
    assert!(iam.door.visits()[0].token.starts_with(&format!("{writer}:")));
    iam.leave().await;
}

#[tokio::test]
async fn no_token_is_made_for_a_host_that_the_environment_does_not_allow() {
    let writer = Cloud::host("orders", "cluster-");
    for hosts in ["", "db.example.com", "*bbbbbbbbbbbb.us-east-1.rds.amazonaws.com"] {
        let iam = Iam::new(&writer, hosts, json!({})).await;
        let token = iam.world.proposed().await;
        let words = [&writer, "does not allow", "ADMIN_IAM_HOSTS", "`masterarn`"];
        iam.world
            .refuses(&token, Step::Set, "SuperuserHostNotAllowed", &words)
            .await;
        assert!(iam.door.visits().is_empty());
        iam.leave().await;
    }
}

#[tokio::test]
async fn a_token_that_is_refused_says_what_iam_needs() {
    let iam = Iam::new(&Cloud::host("orders", "cluster-"), HOSTS, json!({})).await;
    // The door is for another host's tokens.
    let elsewhere = Cloud::host("other", "cluster-");
    let document = json!({
        "host": elsewhere, "port": iam.door.port(), "username": iam.world.database.user(),
        "password": iam.world.database.password(), "dbname": iam.world.database.name(),
    });
    iam.world.put(&document.to_string(), &[Label::Current]).await;
    let token = iam.world.proposed().await;
    let words = [
        "the IAM superuser role, role \"iam admin@",
        "PAM authentication failed",
        "ADMIN_IAM_USERNAME",
    ];
    iam.world.refuses(&token, Step::Set, "LoginRefused", &words).await;
    assert_eq!(iam.door.visits().len(), 1);
    iam.leave().await;
}

#[tokio::test]
async fn the_admin_is_not_asked_while_the_role_can_help_itself() {
    let writer = Cloud::host("orders", "cluster-");
    let iam = Iam::new(&writer, HOSTS, json!({})).await;
    iam.world
        .database
        .set_password(iam.world.database.password())
        .await;
    rotates(&iam.world).await;
    assert!(iam.door.visits().is_empty());
    iam.leave().await;
}

#[tokio::test]
async fn two_users_take_turns_without_any_admin_secret() {
    let writer = Cloud::host("orders", "cluster-");
    let iam = Iam::of(ALTERNATING, &writer, HOSTS, json!({})).await;
    for turn in 1..=2 {
        rotates(&iam.world).await;
        let visits = iam.door.visits();
        assert!(
            visits.len() == turn && visits.iter().all(|visit| visit.tls),
            "{visits:?}"
        );
    }
    let canaries = Canaries::default().and("token", &iam.door.visits()[0].token);
    canaries.absent_from("the function's log", &iam.world.log());
    iam.leave().await;
}
