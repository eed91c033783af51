//! Copies of the credential in the same secret log in after each rotation, and those that may be copies are warned of.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use keywheel_tests::pair::Pair;
use keywheel_tests::postgres::{Cluster, Server, TestDatabase, cluster};
use keywheel_tests::world::{Setup, World};
use serde_json::{Value, json};
use staging_labels::{Label, Step};

/// The secret of `document` with copies in each form, and two members that only may be copies.
fn with_copies(document: &Value) -> Value {
    let text = |key: &str| document[key].as_str().expect("a string").to_owned();
    let (user, password, name) = (text("username"), text("password"), text("dbname"));
    let port = &document["port"];
    let mut with = document.clone();
    for (key, value) in [
        (
            "url",
            format!("postgresql://{user}:{password}@localhost:{port}/{name}"),
        ),
        (
            "SQLALCHEMY_URL",
            format!("postgresql+psycopg2://{user}:{password}@localhost:{port}/{name}"),
        ),
        (
            "jdbc",
            format!("jdbc:postgresql://localhost:{port}/{name}?user={user}&password={password}"),
        ),
        (
            "dsn",
            format!("host=localhost port={port} dbname={name} user={user} password='{password}'"),
        ),
        ("pgpass", format!("localhost:{port}:*:{user}:{password}")),
        ("PGUSER", user.clone()),
        ("PGPASSWORD", password.clone()),
        ("note", format!("the password is {password}")),
        (
            "reader_url",
            format!("postgresql://{user}:{password}@replica.example.com/{name}"),
        ),
        ("other", "https://a:b@example.com".to_owned()),
    ] {
        with[key] = value.into();
    }
    with
}

/// Logs in by libpq with what the secret's copies say, and returns whom the server took each for.
fn logins(cluster: &Cluster, secret: &Value) -> Vec<String> {
    let text = |key: &str| secret[key].as_str().expect("a string").to_owned();
    let passfile = std::env::temp_dir().join(format!("keywheel-pgpass-{}", uuid::Uuid::new_v4()));
    fs::write(&passfile, text("pgpass")).expect("a file can be written");
    fs::set_permissions(&passfile, fs::Permissions::from_mode(0o600)).expect("it is ours");
    let sqlalchemy = text("SQLALCHEMY_URL").replace("+psycopg2", "");
    // JDBC's URL has the parts that libpq's has, in another place.
    let jdbc = text("jdbc").replace("jdbc:", "");
    let server = format!("host=localhost port={} dbname={}", secret["port"], text("dbname"));
    let mut users = Vec::new();
    for (connection, variables) in [
        (text("url"), vec![]),
        (sqlalchemy, vec![]),
        (jdbc, vec![]),
        (text("dsn"), vec![]),
        (
            server.clone(),
            vec![("PGUSER", text("PGUSER")), ("PGPASSWORD", text("PGPASSWORD"))],
        ),
        (
            server,
            vec![
                ("PGUSER", text("PGUSER")),
                ("PGPASSFILE", passfile.display().to_string()),
            ],
        ),
    ] {
        let mut psql = cluster.psql().expect("the server has a psql");
        psql.args([
            "--no-password",
            "--tuples-only",
            "--no-align",
            "--command",
            "SELECT session_user",
            &connection,
        ]);
        psql.envs(variables);
        let output = psql.output().expect("psql can be run");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{connection}: {said}");
        users.push(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    fs::remove_file(&passfile).expect("it is there");
    users
}

fn warnings<'l>(log: &'l str, member: &str) -> Vec<&'l str> {
    let named = format!("the secret's `{member}` ");
    log.lines()
        .filter(|line| line.contains("WARN") && line.contains(&named))
        .collect()
}

async fn current(world: &World) -> Value {
    let text = world.text(&Label::Current).await.expect("there is a value");
    serde_json::from_str(&text).expect("it is JSON")
}

#[tokio::test]
async fn the_copies_of_a_single_user_log_in_after_each_rotation() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let before = with_copies(&database.document());
    let world = Setup::on(Server::Main)
        .start_with_document(database, &before.to_string())
        .await;
    for _ in 0..2 {
        let (old, from) = (current(&world).await, world.log().len());
        world.rotate().await.expect("it rotates");
        let new = current(&world).await;
        assert_eq!(
            logins(world.database.cluster(), &new),
            vec![world.database.user(); 6]
        );
        let password = |secret: &Value| secret["password"].as_str().expect("a string").to_owned();
        for key in ["note", "reader_url", "other", "host", "PGUSER"] {
            assert_eq!(new[key], before[key], "{key}");
        }
        let log = world.log()[from..].to_owned();
        // The second rotation knows nothing of the first one's password.
        let warned = usize::from(password(&old) == password(&before));
        for member in ["note", "reader_url"] {
            assert_eq!(warnings(&log, member).len(), warned, "{member}: {log}");
        }
        assert!(log.contains("copies that change with the credential: `"), "{log}");
        for secret in [password(&old), password(&new)] {
            assert!(!world.log().contains(&secret), "a password is in the log");
        }
    }
}

#[tokio::test]
async fn a_test_rotation_names_them_and_a_setting_leaves_them() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let before = with_copies(&database.document()).to_string();
    let setup = Setup::on(Server::Main).env("COPIES", "report");
    let world = setup.start_with_document(database, &before).await;
    world.test_rotation().await.expect("it succeeds");
    let log = world.log();
    for member in ["url", "jdbc", "dsn", "pgpass", "PGPASSWORD", "note", "reader_url"] {
        assert_eq!(warnings(&log, member).len(), 1, "{member}: {log}");
    }
    assert_eq!(
        world.text(&Label::Current).await.as_deref(),
        Some(before.as_str())
    );
    let old = world.password(&Label::Current).await;
    world.rotate().await.expect("it rotates");
    let new = world.password(&Label::Current).await;
    let wanted = before.replace(
        &format!("\"password\":\"{old}\""),
        &format!("\"password\":\"{new}\""),
    );
    assert_eq!(world.text(&Label::Current).await, Some(wanted));
}

#[tokio::test]
async fn a_listed_member_that_is_no_copy_stops_before_anything_is_written() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let mut document = database.document();
    document["reader"] = json!({"url": "postgresql://somebody:else@localhost/app"});
    let setup = Setup::on(Server::Main).env("COPY_MEMBERS", "reader.url");
    let world = setup.start_with_document(database, &document.to_string()).await;
    let token = world.stage();
    let before = world.snapshot().await;
    let error = world.step(&token, Step::Create).await.expect_err("it is refused");
    assert_eq!(error.error_type, "SecretContradictory", "{error}");
    assert!(
        error.error_message.contains("`reader.url` and `username`"),
        "{error}"
    );
    assert_eq!(world.snapshot().await, before);
    assert_eq!(world.text_of(&token).await, None, "nothing was written");
}

#[tokio::test]
async fn a_pending_value_by_hand_keeps_its_stale_copies_and_the_next_rotation_says_so() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let document = with_copies(&database.document());
    let world = Setup::on(Server::Main)
        .start_with_document(database, &document.to_string())
        .await;
    let token = world.stage();
    let mut pending = document.clone();
    pending["password"] = "by-hand-and-l0ng-enough".into();
    world.put_pending(&token, &pending.to_string()).await;
    // createSecret runs twice, as it does if its answer was lost.
    world
        .steps(
            &token,
            &[Step::Create, Step::Create, Step::Set, Step::Test, Step::Finish],
        )
        .await
        .expect("it goes on");
    assert_eq!(current(&world).await, pending);
    let from = world.log().len();
    world.rotate().await.expect("it rotates");
    let log = &world.log()[from..];
    for member in ["url", "PGPASSWORD", "pgpass"] {
        assert_eq!(warnings(log, member).len(), 1, "{member}: {log}");
    }
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn the_copies_of_alternating_users_name_the_user_whose_turn_it_is() {
    let pair = Pair::new().await;
    let document = with_copies(&current(&pair).await);
    pair.write_by_hand(&document.to_string()).await;
    for _ in 0..3 {
        pair.rotate().await.expect("it rotates");
        let secret = current(&pair).await;
        let user = secret["username"].as_str().expect("a string");
        assert_eq!(logins(pair.database.cluster(), &secret), vec![user; 6]);
        assert_eq!(secret["PGUSER"], secret["username"]);
    }
    assert_eq!(warnings(&pair.log(), "note").len(), 1);
}
