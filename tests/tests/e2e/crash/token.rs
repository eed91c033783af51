//! The RotationToken is a credential: it goes to PutSecretValue, to nothing else, and into no log (weakness 14).

use keywheel_tests::functions::function_path;
use keywheel_tests::net::{Act, Proxy, Rule};
use keywheel_tests::world::{FUNCTION, World};
use secrets_manager_local::{Function, FunctionError};
use serde_json::json;
use staging_labels::{Label, Step};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use uuid::Uuid;

/// A rotation that was begun: its version, and the credential of its events.
struct Begun {
    token: String,
    rotation_token: String,
}

impl Begun {
    fn of(world: &World) -> Self {
        let token = Uuid::new_v4().to_string();
        let staged = world.aws.stage_pending(&world.secret, &token);
        Self {
            token,
            rotation_token: staged.expect("an empty version can be staged"),
        }
    }

    async fn deliver(&self, world: &World, step: Step, rotation_token: &str) -> Result<(), FunctionError> {
        let event = json!({
            "Step": step.name(),
            "SecretId": world.secret,
            "ClientRequestToken": self.token,
            "RotationToken": rotation_token,
        });
        world.invoke(&event).await
    }
}

/// Puts a proxy between the function and Secrets Manager.
fn listen_in(world: &World) -> Proxy {
    let proxy = Proxy::start(world.aws.address().port()).expect("a proxy starts");
    let function = Function::new(FUNCTION, function_path(FUNCTION))
        .env("PGSSLROOTCERT", world.database.cluster().authority_path())
        .env(
            "SECRETS_MANAGER_ENDPOINT",
            format!("http://127.0.0.1:{}", proxy.port()),
        )
        .env("AWS_LAMBDA_LOG_LEVEL", "TRACE")
        .env("RUST_LOG", "trace");
    world.aws.add_function(function);
    proxy
}

#[tokio::test]
async fn the_rotation_token_is_sent_in_create_secret_alone_and_is_in_no_log() {
    let world = World::new().await;
    let proxy = listen_in(&world);
    let begun = Begun::of(&world);
    let seen = Arc::new(AtomicUsize::new(0));
    for step in Step::ALL {
        let count = Arc::clone(&seen);
        let note = Act::Call(Arc::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
        }));
        if proxy.pending_rules() == 0 {
            proxy.add(Rule::on_client(&begun.rotation_token, note));
        }
        let outcome = begun.deliver(&world, step, &begun.rotation_token).await;
        outcome.expect("the step goes through");
        // Once in createSecret, and never after it, though it is looked for again.
        assert_eq!(seen.load(Ordering::SeqCst), 1, "{step}");
    }
    assert!(proxy.connections() > 0, "the function came through the proxy");
    assert_eq!(world.carrier(&Label::Current).await, Some(begun.token));
    let log = world.log();
    assert!(log.contains("finishSecret"), "the function logs");
    assert!(!log.contains(&begun.rotation_token), "the token is in no log");
}

#[tokio::test]
async fn the_rotation_token_goes_with_put_secret_value() {
    let world = World::new().await;
    let begun = Begun::of(&world);
    let before = world.snapshot().await;
    // Secrets Manager takes no other than its own: that it refuses this one shows that it was passed on.
    let wrong = Uuid::new_v4().to_string();
    let error = begun.deliver(&world, Step::Create, &wrong).await;
    let error = error.expect_err("a RotationToken of another rotation");
    keywheel_tests::refusal::check(
        &error,
        Step::Create,
        &world.secret,
        "PermissionDenied",
        &["PutSecretValue", "allow secretsmanager:PutSecretValue"],
    );
    assert!(!error.error_message.contains(&wrong));
    assert!(!world.log().contains(&wrong));
    assert_eq!(world.snapshot().await, before);

    let outcome = begun.deliver(&world, Step::Create, &begun.rotation_token).await;
    outcome.expect("the right one is taken");
}

#[tokio::test]
async fn a_rotation_that_secrets_manager_drives_passes_its_token_on() {
    let world = World::new().await;
    let proxy = listen_in(&world);
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    proxy.add(Rule::on_client(
        "\"RotationToken\":\"",
        Act::Call(Arc::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
        })),
    ));
    world.rotate().await.expect("the rotation succeeds");
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}
