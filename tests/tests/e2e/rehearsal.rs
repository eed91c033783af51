//! The test rotation of a single user tries all that a rotation and a recovery need, and changes nothing.

use keywheel_tests::postgres::{Cluster, Options, Server, TestDatabase};
use keywheel_tests::world::{Setup, World};
use secrets_manager_local::{Fault, FunctionError};
use serde_json::Value;
use staging_labels::Label;

/// A test rotation, which must change nothing; and what the function wrote meanwhile.
async fn rehearse(world: &World) -> (Result<(), FunctionError>, String) {
    let (before, from) = (world.database.verifier().await, world.log().len());
    let current = world.carrier(&Label::Current).await;
    let outcome = world.test_rotation().await;
    assert_eq!(world.database.verifier().await, before);
    assert_eq!(world.carrier(&Label::Current).await, current);
    assert_eq!(world.writes(), 0);
    if let Some(version) = world.carrier(&Label::Pending).await {
        world.clean_up(&version).await;
    }
    let log = world.log();
    (outcome, log[from..].to_owned())
}

/// The line that lists what was tried, and what could not be.
fn list(log: &str) -> (&str, &str) {
    let line = log.lines().find(|line| line.contains("could not be tried: "));
    let line = line.unwrap_or_else(|| panic!("there is a list: {log}"));
    let tried = line.split_once("tried: ").expect("it lists both").1;
    tried.split_once("; could not be tried: ").expect("it lists both")
}

/// Names a superuser secret with this value in the current one.
async fn name_superuser(world: &World, value: &Value) {
    let arn = world.other_secret("admin", &value.to_string()).await;
    let mut document = world.database.document();
    document["masterarn"] = arn.into();
    world.write_by_hand(&document.to_string()).await;
}

#[tokio::test]
async fn it_lists_what_was_tried_and_what_could_not_be() {
    for server in Server::ALL {
        let world = Setup::on(server).env("TEST_SQL", "SELECT true").start().await;
        let (outcome, log) = rehearse(&world).await;
        outcome.unwrap_or_else(|error| panic!("{server:?}: {error}"));
        let (tried, not_tried) = list(&log);
        for words in [
            "login",
            "TEST_SQL",
            "making a value",
            "ALTER ROLE (rolled back)",
            "reading older versions",
        ] {
            assert!(tried.contains(words), "{words}: {tried}");
        }
        for words in [
            "UpdateSecretVersionStage",
            "the commit",
            "superuser (none is named)",
        ] {
            assert!(not_tried.contains(words), "{words}: {not_tried}");
        }
        world.rotate().await.expect("and a rotation succeeds");
    }
}

#[tokio::test]
async fn a_superuser_is_tried_and_one_that_could_not_help_is_warned_of() {
    let world = World::new().await;
    name_superuser(&world, &world.database.admin_document()).await;
    let (outcome, log) = rehearse(&world).await;
    outcome.expect("the test rotation succeeds");
    assert!(
        list(&log).0.contains("ALTER ROLE by the superuser (rolled back)"),
        "{log}"
    );

    let world = World::new().await;
    let mut document = world.database.admin_document();
    document["password"] = "wrong".into();
    name_superuser(&world, &document).await;
    let (outcome, log) = rehearse(&world).await;
    outcome.expect("a rotation needs no superuser");
    assert!(
        list(&log)
            .1
            .contains("recovery by the superuser (SuperuserLoginRefused)"),
        "{log}"
    );
    let warned = |line: &str| line.contains("WARN") && line.contains("if the password were lost");
    assert!(log.lines().any(warned), "{log}");
}

#[tokio::test]
async fn versions_that_may_not_be_listed_are_warned_of() {
    let world = World::new().await;
    let denied = Fault::error("AccessDeniedException", "not authorized to list").on("ListSecretVersionIds");
    world.aws.faults().inject(denied.every());
    let (outcome, log) = rehearse(&world).await;
    outcome.expect("a rotation does not list versions");
    assert!(list(&log).1.contains("recovery by older versions"), "{log}");
    assert!(log.contains("secretsmanager:ListSecretVersionIds"), "{log}");
}

/// What the server refuses to a rotation, it refuses to the test rotation.
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_of_the_server_is_met_before_the_first_rotation() {
    let start = || Cluster::start(&Options::new(Server::Main).with_password_check());
    let server = tokio::task::block_in_place(start).expect("the server starts");
    let server: &'static Cluster = Box::leak(Box::new(server));
    if !server.has_library("passwordcheck") {
        return;
    }
    let world = Setup::on(Server::Main)
        .env("PASSWORD_SENT_AS", "cleartext")
        .env("PASSWORD_LENGTH", "4")
        .start_with(TestDatabase::new(server).await)
        .await;
    let (outcome, _) = rehearse(&world).await;
    let error = outcome.expect_err("the server wants eight characters");
    assert_eq!(error.error_type, "PasswordRejected", "{error}");
}

#[tokio::test]
async fn a_role_that_is_locked_by_another_transaction_is_met() {
    let world = World::new().await;
    let (database, role) = (&world.database, world.database.role());
    let other = database
        .cluster()
        .superuser_client(database.name())
        .await
        .expect("the superuser logs in");
    let alter = format!("BEGIN; ALTER ROLE {role} VALID UNTIL 'infinity'");
    other.batch_execute(&alter).await.expect("it waits for its end");
    let (outcome, _) = rehearse(&world).await;
    let error = outcome.expect_err("a rotation would wait in vain");
    assert_eq!(error.error_type, "RoleLocked", "{error}");
}
