//! Whatever goes wrong, the answer and the log say so without a secret.

use std::sync::OnceLock;
use std::time::Duration;

use keywheel_tests::canary::Canaries;
use keywheel_tests::net::{self, Rogue};
use keywheel_tests::postgres::{Cluster, Group, Options, Server, TestDatabase, cluster};
use keywheel_tests::world::{FUNCTION, Setup, World};
use secrets_manager_local::{Effect, Fault, FunctionError};
use serde_json::json;
use staging_labels::{Label, Step};

use super::{
    Begun, assert_silence, awkward, begin, document, of_the_control_api, of_the_function, whole_log,
};

/// What a rotation that must fail came to.
struct Failed {
    begun: Begun,
    error: FunctionError,
    canaries: Canaries,
}

/// Begins a rotation, delivers its steps until one fails, and checks that the error is told in full.
async fn fails(world: &World, code: &str) -> Failed {
    let begun = begin(world);
    let mut outcome = Ok(());
    for step in Step::ALL {
        outcome = begun.step(world, step).await;
        if outcome.is_err() {
            assert_told(world, step, outcome.as_ref().expect_err("it failed"), code);
            break;
        }
    }
    let mut canaries = Canaries::default()
        .and("current password", world.database.password())
        .and("RotationToken", &begun.rotation_token);
    if world.text_of(&begun.token).await.is_some() {
        canaries = canaries.and("pending password", &begun.password(world).await);
    }
    let error = outcome.expect_err("one of the steps fails");
    canaries.absent_from("the error", &format!("{error} {error:?}"));
    Failed {
        begun,
        error,
        canaries,
    }
}

/// The error names the code, the secret and the step, and the same text is in the log.
#[track_caller]
fn assert_told(world: &World, step: Step, error: &FunctionError, code: &str) {
    assert_eq!(error.error_type, code, "{error}");
    let begin = format!("{} failed for {}: ", step.name(), world.secret);
    assert!(
        error.error_message.starts_with(&begin) && error.error_message.contains("; "),
        "{error}"
    );
}

/// A document at another place than the database's own.
async fn at(port: u16, tls: bool) -> World {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let mut document = database.document_at("localhost", port);
    document["ssl"] = tls.into();
    let document = document.to_string();
    let setup = Setup::on(Server::Main).timeout(Duration::from_secs(5));
    setup.start_with_document(database, &document).await
}

#[tokio::test]
async fn a_statement_that_fails_is_logged_by_the_server_without_the_password() {
    let world = Setup::on(Server::Main)
        .timeout(Duration::from_secs(4))
        .start()
        .await;
    let role = world.database.role();
    // The server logs a statement that fails even to one who has turned the logging of statements off.
    world
        .database
        .sql(&format!("ALTER ROLE {role} SET log_statement = 'none'"))
        .await;
    let locker = world
        .database
        .cluster()
        .superuser_client("postgres")
        .await
        .expect("the harness comes in");
    let lock = format!(
        "SET idle_in_transaction_session_timeout = '20s'; BEGIN; SELECT 1 FROM pg_authid WHERE rolname = '{}' FOR UPDATE",
        world.database.user()
    );
    locker.batch_execute(&lock).await.expect("the role can be locked");

    let failed = fails(&world, "RoleLocked").await;
    locker
        .batch_execute("ROLLBACK")
        .await
        .expect("the lock can be given back");
    let log = world.database.log();
    assert!(
        log.contains("STATEMENT:  BEGIN") && log.contains("; ALTER ROLE"),
        "{log}"
    );
    assert!(
        !log.statements()
            .iter()
            .any(|statement| statement.contains("ALTER ROLE")),
        "{log}"
    );
    assert_silence(&world, &failed.canaries).await;
}

#[tokio::test]
async fn a_login_that_is_refused_is_told_without_the_passwords_that_were_tried() {
    let world = World::new().await;
    let by_hand = awkward("by-hand");
    world.database.set_password(&by_hand).await;
    let earlier = document(&world, &awkward("earlier"), &json!({}));
    world.put(&earlier, &[Label::Current]).await;
    let current = awkward("current");
    world
        .put(&document(&world, &current, &json!({})), &[Label::Current])
        .await;

    let failed = fails(&world, "LoginRefused").await;
    assert!(
        failed.error.error_message.contains("the previous version"),
        "{}",
        failed.error
    );
    let canaries = failed
        .canaries
        .and("password set by hand", &by_hand)
        .and("current password", &current)
        .and("previous password", &super::password_of(&earlier));
    assert_silence(&world, &canaries).await;
}

/// A server whose policy judges passwords in clear text.
fn strict() -> &'static Cluster {
    static STRICT: OnceLock<Cluster> = OnceLock::new();
    let start = || Cluster::start(&Options::new(Server::Main).with_password_check());
    STRICT.get_or_init(|| start().expect("the server starts"))
}

#[tokio::test]
async fn a_password_that_the_policy_rejects_is_told_to_the_server_at_most() {
    let database = TestDatabase::new(strict()).await;
    let setup = Setup::on(Server::Main).env("PASSWORD_SENT_AS", "cleartext");
    // Letters alone are what the policy rejects.
    let setup = setup
        .env("EXCLUDE_NUMBERS", "true")
        .env("EXCLUDE_PUNCTUATION", "true");
    let world = setup.start_with(database).await;

    let failed = fails(&world, "PasswordRejected").await;
    assert!(world.database.accepts(world.database.password()).await);
    // This is what PASSWORD_SENT_AS=cleartext means, and why it is not the default.
    let pending = failed.begun.password(&world).await;
    assert!(
        world.database.log().contains(&pending),
        "the server logs a statement that it refuses"
    );
    let own = [of_the_function(&world).await, of_the_control_api(&world)].concat();
    for (place, text) in &own {
        failed.canaries.absent_from(place, text);
    }
}

#[tokio::test]
async fn a_password_that_the_policy_accepts_in_clear_text_is_silent_in_the_functions_own_output() {
    let setup = Setup::on(Server::Main).env("PASSWORD_SENT_AS", "cleartext");
    let world = setup.start_with(TestDatabase::new(strict()).await).await;
    world.rotate().await.expect("the rotation succeeds");
    let canaries = Canaries::default()
        .and("old password", world.database.password())
        .and("new password", &world.password(&Label::Current).await);
    for (place, text) in [of_the_function(&world).await, of_the_control_api(&world)].concat() {
        canaries.absent_from(place, &text);
    }
}

#[tokio::test]
async fn a_rogue_server_is_given_no_password() {
    for (tls, code) in [(true, "TlsNotOffered"), (false, "CleartextRefused")] {
        let rogue = Rogue::start().expect("it starts");
        let world = at(rogue.port(), tls).await;
        let failed = fails(&world, code).await;
        assert!(rogue.connections() > 0 && rogue.passwords().is_empty(), "{code}");
        assert_silence(&world, &failed.canaries).await;
    }
}

#[tokio::test]
async fn a_server_that_asks_for_clear_text_inside_tls_hears_nothing_in_vain() {
    let world = World::new().await;
    world.database.join(Group::ClearText).await;
    world.rotate().await.expect("the rotation succeeds");
    let canaries = Canaries::default()
        .and("old password", world.database.password())
        .and("new password", &world.password(&Label::Current).await);
    assert_silence(&world, &canaries).await;
}

/// A server that got to know the current password elsewhere repeats it in every answer.
#[tokio::test]
async fn a_server_that_repeats_a_password_is_not_repeated() {
    let quoted = |password: &str| password.replace('\'', "''");
    for (state, code) in [
        ("28P01", "LoginRefused"),
        ("53300", "ServerFull"),
        ("XX000", "ServerError"),
    ] {
        let password = awkward("known");
        let said = format!("no, {password} is wrong, and so is '{}'", quoted(&password));
        let server = net::refusing(state, Box::leak(said.into_boxed_str())).expect("it starts");
        let world = at(server.port(), false).await;
        let mut told: serde_json::Value = world.database.document_at("localhost", server.port());
        told["ssl"] = false.into();
        told["password"] = password.as_str().into();
        world.put(&told.to_string(), &[Label::Current]).await;

        let failed = fails(&world, code).await;
        assert!(
            failed.error.error_message.contains("(hidden)"),
            "{}",
            failed.error
        );
        let canaries = failed.canaries.and("repeated password", &password);
        canaries.absent_from(code, &failed.error.to_string());
        assert_silence(&world, &canaries).await;
    }
}

/// Each with its password at `$`, and what it is refused with.
const MALFORMED: [(&str, &str); 22] = [
    ("$", "SecretNotJson"),
    ("\"$\"", "SecretNotJson"),
    ("[\"$\"]", "SecretNotJson"),
    ("\u{feff}{\"username\":\"u\",\"password\":\"$\"}", "SecretNotJson"),
    ("{\"username\":\"u\",\"password\":\"$\"", "SecretNotJson"),
    ("{\"username\":\"u\",\"password\":$}", "SecretNotJson"),
    ("{\"username\":\"u\",\"password\":\"$\"} $", "SecretNotJson"),
    ("host=localhost user=u password=$", "SecretNotJson"),
    ("mysql://u:$@localhost/d", "SecretNotJson"),
    (r#"{"username":"u","password":["$"]}"#, "SecretFieldInvalid"),
    (r#"{"username":"u","password":{"$":"$"}}"#, "SecretFieldInvalid"),
    (r#"{"username":"u","password":"$\u0000"}"#, "SecretFieldInvalid"),
    (r#"{"username":"u","passwort":"$"}"#, "SecretFieldMissing"),
    (r#"{"password":"$"}"#, "SecretFieldMissing"),
    (
        r#"{"username":"u","password":"$","password":"$"}"#,
        "SecretDuplicateKey",
    ),
    (
        r#"{"username":"u","password":"x","$":1,"$":2}"#,
        "SecretDuplicateKey",
    ),
    (
        r#"{"username":"u","password":"x","host":"u:$@localhost"}"#,
        "SecretFieldInvalid",
    ),
    ("postgres://u:a@$@localhost/d", "SecretUrlInvalid"),
    ("postgres://u:a/$@localhost/d", "SecretUrlInvalid"),
    ("postgres://u:a?$@localhost/d", "SecretUrlInvalid"),
    ("postgres://u:a#$@localhost/d", "SecretUrlInvalid"),
    ("postgres://u:$%zz@localhost/d", "SecretUrlInvalid"),
];

#[tokio::test]
async fn a_malformed_document_is_refused_without_a_word_of_it() {
    let world = World::new().await;
    let mut seen = Canaries::default();
    for (number, (template, code)) in MALFORMED.into_iter().enumerate() {
        let canary = format!("malformed-{number}-{}", uuid::Uuid::new_v4().simple());
        world
            .put(&template.replace('$', &canary), &[Label::Current])
            .await;
        let begun = begin(&world);
        let before = world.snapshot().await;
        let error = begun.step(&world, Step::Create).await.expect_err(template);
        assert_told(&world, Step::Create, &error, code);
        seen = seen.and("password", &canary);
        seen.absent_from("the error", &error.to_string());
        assert_eq!(world.snapshot().await, before, "{template}");
        assert_eq!(world.text_of(&begun.token).await, None, "nothing was written");
    }
    assert_silence(&world, &seen).await;
}

/// Secrets Manager's own refusals, in the middle of a call that carries the new password.
#[tokio::test]
async fn a_call_that_fails_is_told_without_what_it_carried() {
    for effect in [
        Fault::error("InternalServiceError", "canary").every(),
        Fault::error("AccessDeniedException", "canary").every(),
        Fault::new(Effect::Throttle).every(),
        Fault::new(Effect::DropAnswer).every(),
        Fault::new(Effect::DropRequest).every(),
    ] {
        let world = Setup::on(Server::Main)
            .timeout(Duration::from_secs(4))
            .start()
            .await;
        world
            .aws
            .faults()
            .inject(effect.on("PutSecretValue").by_function(FUNCTION));
        let begun = begin(&world);
        let error = begun
            .step(&world, Step::Create)
            .await
            .expect_err("nothing can be stored");
        world.aws.faults().clear();
        let mut canaries = Canaries::default()
            .and("current password", world.database.password())
            .and("RotationToken", &begun.rotation_token);
        if world.text_of(&begun.token).await.is_some() {
            canaries = canaries.and("pending password", &begun.password(&world).await);
        }
        canaries.absent_from("the error", &error.to_string());
        assert!(!error.error_type.starts_with("Sandbox."), "{error}");
        assert_silence(&world, &canaries).await;
        assert!(
            whole_log(&world)
                .await
                .iter()
                .any(|line| line.contains(&error.error_type)),
            "{error}"
        );
    }
}
