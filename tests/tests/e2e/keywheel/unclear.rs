//! What the labels leave open: a time limit, a success that was not recorded, a value that somebody stored, a function that is not ours.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_secretsmanager::types::Tag;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keywheel_tests::pair::Pair;
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::{ALTERNATING, FUNCTION, Setup, World, pending_removal};
use secrets_manager_local::{Fault, PendingRemoval};
use staging_labels::Label;
use tempfile::TempDir;

use super::desk::{Desk, MOVE, Screen, types_at};

/// Types the first command that begins so, exactly as it is printed.
async fn runs(desk: &Desk, screen: &Screen, beginning: &str) {
    let command = screen.command(beginning, "");
    let done = desk.types(command).await;
    assert_eq!(done.code, 0, "{command}: {}{}", done.out, done.err);
}

/// A function of somebody's own, which logs a line, waits for so many seconds and fails; it is there as long as the directory.
fn other(seconds: u32) -> (TempDir, PathBuf) {
    let code = format!(
        r#"#!/usr/bin/env python3
import os, time, urllib.request

api = f"http://{{os.environ['AWS_LAMBDA_RUNTIME_API']}}/2018-06-01/runtime/invocation"
while True:
    request = urllib.request.urlopen(f"{{api}}/next").headers["Lambda-Runtime-Aws-Request-Id"]
    print("our own rotation", flush=True)
    time.sleep({seconds})
    body = b'{{"errorType": "RuntimeError", "errorMessage": "no ledger"}}'
    urllib.request.urlopen(f"{{api}}/{{request}}/error", body)
"#
    );
    let directory = tempfile::tempdir().expect("there is room");
    let program = directory.path().join("own");
    std::fs::write(&program, code).expect("it can be written");
    std::fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("it is ours");
    (directory, program)
}

/// The function says which it is in each line. So nobody is told that AWSPENDING may be the only password.
#[tokio::test]
async fn alternating_users_are_known_by_the_functions_log() {
    let pair = Pair::new().await;
    pair.rotate().await.expect("the first rotation succeeds");
    let denied = Fault::error("AccessDeniedException", "User: u is not authorized").on(MOVE);
    let fault = denied.by_function(ALTERNATING).every();
    let fault = pair.aws.faults().inject(fault);
    pair.rotate().await.expect_err("AWSCURRENT cannot be moved");
    pair.aws.faults().remove(fault);
    let authority = cluster(Server::Main).authority_path();
    for flags in ["", "--login"] {
        let line = format!("keywheel doctor '{}' {flags}", pair.secret);
        let screen = types_at(&pair.aws.url(), &authority, &line).await;
        screen.says(&["STUCK", "pending-after-set", "work: yes"]);
        assert!(screen.out.contains("two users alternate"), "{}", screen.out);
        assert!(!screen.out.contains("only password"), "{}", screen.out);
    }
}

/// Whose a bare password is, and which members are Base64, the function's environment says.
#[tokio::test]
async fn a_login_reads_the_value_as_the_function_does() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let bare = database.password().to_owned();
    let tags = format!("{}@localhost:*/*", database.user());
    let settings = [
        ("PGHOST", "localhost".to_owned()),
        ("PGPORT", database.cluster().port().to_string()),
        ("PGDATABASE", database.name().to_owned()),
        ("TAGS_MAY_CHOOSE", tags),
    ];
    let user = database.user().to_owned();
    let setup = settings
        .iter()
        .fold(Setup::on(Server::Main), |setup, (name, value)| {
            setup.env(name, value)
        });
    let world = setup.start_with_document(database, &bare).await;
    let tag = Tag::builder().key("keywheel:username").value(user);
    let call = world.client.tag_resource().secret_id(&world.secret);
    call.tags(tag.build()).send().await.expect("it is tagged");
    logs_in_by_doctor(&world).await;

    let database = TestDatabase::new(cluster(Server::Main)).await;
    let mut document: serde_json::Value = database.document().clone();
    for member in ["username", "password"] {
        let text = document[member].as_str().expect("it is a text").to_owned();
        document[member] = STANDARD.encode(text).into();
    }
    let setup = Setup::on(Server::Main).env("BASE64_MEMBERS", "username,password");
    let world = setup.start_with_document(database, &document.to_string()).await;
    logs_in_by_doctor(&world).await;
}

async fn logs_in_by_doctor(world: &World) {
    world.rotate().await.expect("it rotates");
    let authority = cluster(Server::Main).authority_path();
    let line = format!("keywheel doctor '{}' --login", world.secret);
    let screen = types_at(&world.aws.url(), &authority, &line).await;
    screen.says(&["ok ", "work: yes (tried"]);
    let text = world.text(&Label::Current).await.expect("there is a value");
    let shown = format!("{}{}", screen.out, screen.err);
    assert!(!shown.contains(&text), "{shown}");
}

/// Keywheel's functions end in time, and say so. Others do not.
#[tokio::test]
async fn a_function_that_ran_into_its_time_limit_gets_more_time() {
    let (_directory, program) = other(4);
    let desk = Desk::set_up(|setup| setup.program(&program).timeout(Duration::from_secs(3))).await;
    let error = desk.world.rotate().await.expect_err("three seconds are too few");
    assert!(error.error_message.contains("timed out"), "{error:?}");
    desk.minutes(5);
    let screen = desk.doctor("").await;
    screen.says(&["STUCK", "time-limit", "work: yes"]);
    runs(&desk, &screen, "aws lambda update-function-configuration").await;
    // Twice the limit each time: 60 s now, and 120 s if that was not enough.
    let again = desk.doctor("").await;
    again.command("aws lambda update-function-configuration", "--timeout 120 ");
    let other = desk.doctor("--fix time-limit --yes").await;
    assert!(other.err.contains("is 120 s"), "{}{}", other.out, other.err);
}

#[tokio::test]
async fn a_switch_whose_success_was_not_recorded_is_told_from_a_lost_password() {
    let desk = Desk::rotated(false).await;
    let before = desk.world.carrier(&Label::Current).await;
    let denied = Fault::error("AccessDeniedException", "User: u is not authorized").in_step("testSecret");
    let fault = desk
        .world
        .aws
        .faults()
        .inject(denied.by_function(FUNCTION).every());
    desk.world.rotate().await.expect_err("testSecret cannot read");
    desk.world.aws.faults().remove(fault);
    assert_ne!(
        desk.world.carrier(&Label::Current).await,
        before,
        "AWSCURRENT has moved"
    );
    desk.minutes(5);
    let screen = desk.doctor("").await;
    if pending_removal() == PendingRemoval::WithMove {
        // The labels are those of a rotation that has ended.
        screen.says(&["[finished]", "not known"]);
        desk.doctor("--login").await.says(&["work: yes (tried"]);
        return;
    }
    screen.says(&["STUCK", "[switch-unconfirmed, role-may-not]"]);
    desk.doctor("--login").await.says(&["work: yes (tried"]);
    runs(&desk, &screen, "keywheel rotate").await;
    desk.is_well().await;
}

#[tokio::test]
async fn a_pending_value_of_unknown_origin_is_decided_by_a_login() {
    for in_the_database in [false, true] {
        let desk = Desk::rotated(false).await;
        let text = desk.world.text(&Label::Current).await.expect("there is a value");
        let mut document: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        document["password"] = "somebody-made-this-up".into();
        desk.world.put(&document.to_string(), &[Label::Pending]).await;
        if in_the_database {
            desk.world.database.set_password("somebody-made-this-up").await;
        }
        desk.minutes(5);
        let screen = desk.doctor("").await;
        screen.says(&["[pending-unclear, pending-foreign]", "not known"]);
        assert!(!screen.out.contains("--version-stage"), "{}", screen.out);
        let rotate = format!("keywheel rotate '{}'", desk.world.secret);
        let refused = desk.types(&rotate).await;
        assert_eq!(refused.code, 1, "{}", refused.err);
        assert!(
            refused.out.contains("nothing is attempted before it is off"),
            "{}",
            refused.out
        );
        let explained = desk.types(screen.command("keywheel explain", "")).await;
        assert!(
            explained.out.starts_with("# pending-foreign"),
            "{}",
            explained.out
        );
        let asked = desk.types(screen.command("keywheel doctor", "--login")).await;
        if in_the_database {
            asked.says(&["[pending-unclear, pending-foreign]", "work: no (tried"]);
            let other = desk
                .types(asked.command("keywheel doctor", "--login=AWSPENDING"))
                .await;
            other.says(&["[pending-after-set", "work: no (AWSPENDING"]);
            let promote = other.command("aws secretsmanager", "--version-stage AWSCURRENT");
            assert_eq!(desk.types(promote).await.code, 0);
            desk.is_well().await;
            continue;
        }
        asked.says(&["[pending-before-set, pending-foreign]", "work: yes (tried"]);
        // Secrets Manager has no rotation to attempt again: so the label comes off first, as printed.
        let commands = asked.commands();
        let places = ["keywheel explain", "aws secretsmanager", "keywheel rotate"];
        let begins = |(command, place): (&&str, &str)| command.starts_with(place);
        assert!(
            commands.len() == 3 && commands.iter().zip(places).all(begins),
            "{}",
            asked.out
        );
        let fix = "keywheel does step 2 for you, after what stands before it: keywheel doctor";
        assert!(asked.out.contains(fix), "{}", asked.out);
        for command in commands {
            assert_eq!(desk.types(command).await.code, 0, "{command}");
        }
        desk.is_well().await;
    }
}

/// A function of somebody's own, whose lines doctor does not know.
#[tokio::test]
async fn a_function_that_is_not_keywheels_is_not_explained() {
    let (_directory, program) = other(0);
    let world = Setup::on(Server::Main).program(&program).start().await;
    world.rotate().await.expect_err("it always fails");
    let desk = Desk::at(world);
    let screen = desk.doctor("").await;
    assert!(screen.out.contains("createSecret"), "{}", screen.out);
    assert!(!screen.out.contains("keywheel explain"), "{}", screen.out);
    assert_eq!(screen.code, 1, "{}", screen.out);
}
