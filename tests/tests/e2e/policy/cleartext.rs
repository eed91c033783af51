//! Servers that insist on seeing the password.

use std::sync::OnceLock;
use std::time::Duration;

use keywheel_tests::functions::function_path;
use keywheel_tests::postgres::{Cluster, Options, Server, TestDatabase, cluster};
use keywheel_tests::refusal::is_code;
use keywheel_tests::world::{FUNCTION, Setup, World};
use secrets_manager_local::{Fault, Function, RotationOutcome};
use staging_labels::{Label, Step};
use uuid::Uuid;

/// A server with the `passwordcheck` module of contrib: at least eight characters, letters and others.
fn strict() -> &'static Cluster {
    static STRICT: OnceLock<Cluster> = OnceLock::new();
    STRICT.get_or_init(|| {
        Cluster::start(&Options::new(Server::Main).with_password_check()).expect("the server starts")
    })
}

fn cleartext() -> Setup {
    Setup::on(Server::Main).env("PASSWORD_SENT_AS", "cleartext")
}

/// A world on the strict server, whose function makes passwords that the server rejects.
async fn poisoned(variables: &[(&str, &str)], retries: usize) -> World {
    let mut setup = cleartext().retries(retries);
    for (name, value) in variables {
        setup = setup.env(name, value);
    }
    setup.start_with(TestDatabase::new(strict()).await).await
}

/// The function with a policy that the server accepts.
fn mend(world: &World) {
    world.aws.add_function(
        Function::new(FUNCTION, function_path(FUNCTION))
            .env("PGSSLROOTCERT", world.database.cluster().authority_path())
            .env("PASSWORD_SENT_AS", "cleartext"),
    );
}

const LETTERS_ONLY: &[(&str, &str)] = &[("EXCLUDE_NUMBERS", "true"), ("EXCLUDE_PUNCTUATION", "true")];
const TOO_SHORT: &[(&str, &str)] = &[("PASSWORD_LENGTH", "7")];

#[tokio::test]
async fn a_value_that_the_server_rejects_is_released_and_the_next_rotation_makes_another() {
    for (variables, said) in [(LETTERS_ONLY, "nonletters"), (TOO_SHORT, "too short")] {
        let world = poisoned(variables, 0).await;
        let before = world.database.verifier().await;
        let current = world.carrier(&Label::Current).await;
        for _ in 0..2 {
            let error = world.rotate().await.expect_err("the server rejects it");
            assert_eq!(error.error_type, "PasswordRejected", "{error}");
            let message = &error.error_message;
            let start = format!("setSecret failed for {}: ", world.secret);
            assert!(message.starts_with(&start), "{message}");
            for words in [said, "22023", "PASSWORD_LENGTH", "AWSPENDING was taken off"] {
                assert!(message.contains(words), "{words:?} is not in {message}");
            }
            assert_eq!(world.carrier(&Label::Pending).await, None);
            assert_eq!(world.carrier(&Label::Current).await, current);
            assert_eq!(world.database.verifier().await, before);
            assert!(world.current_logs_in().await);
        }
        mend(&world);
        world.rotate().await.expect("the policy is mended");
        assert!(world.current_logs_in().await);
        assert_ne!(world.database.verifier().await, before);
    }
}

/// A world whose password nobody knows, and whose admin is held up before it sets one that the server rejects.
async fn lost_and_rejected() -> (World, String) {
    let world = poisoned(TOO_SHORT, 0).await;
    let admin = world.database.admin_document().to_string();
    let arn = world.other_secret("admin", &admin).await;
    let mut document = world.database.document();
    document["masterarn"] = arn.as_str().into();
    world.write_by_hand(&document.to_string()).await;
    world.database.set_password("nobody-knows-1").await;
    let token = world.proposed().await;
    let slow = Fault::delay(Duration::from_millis(2500)).by_function(FUNCTION);
    world.aws.faults().inject(slow.for_secret(&arn));
    (world, token)
}

/// What a server stores for `password`; made where no policy looks at it.
async fn stored(password: &str) -> String {
    let elsewhere = TestDatabase::new(cluster(Server::Main)).await;
    elsewhere.set_password(password).await;
    elsewhere.verifier().await
}

#[tokio::test]
async fn a_value_that_is_rejected_through_the_admin_is_released() {
    let (world, token) = lost_and_rejected().await;
    let before = world.database.verifier().await;
    let error = world.step(&token, Step::Set).await.expect_err("it is rejected");
    assert_eq!(error.error_type, "PasswordRejected", "{error}");
    assert_eq!(world.carrier(&Label::Pending).await, None);
    assert_eq!(world.database.verifier().await, before);
}

/// A value that is in use is not one that never will be.
#[tokio::test]
async fn a_value_that_is_rejected_but_was_set_meanwhile_is_not_released() {
    let (world, token) = lost_and_rejected().await;
    let pending = stored(&world.password(&Label::Pending).await).await;
    let twin = async {
        let log = || world.database.log().of_role(world.database.user());
        while log().failed_logins() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        world.database.set_password(&pending).await;
    };
    let (outcome, ()) = tokio::join!(world.step(&token, Step::Set), twin);
    outcome.expect("the pending value logs in");
    assert_eq!(world.carrier(&Label::Pending).await, Some(token.clone()));
    let rest = world.steps(&token, &[Step::Test, Step::Finish]).await;
    rest.expect("and the rotation goes on");
    assert!(world.current_logs_in().await);
    let log = world.database.cluster().log();
    assert!(log.contains("password is too short"), "{log}");
}

#[tokio::test]
async fn a_value_that_was_rejected_is_not_tried_again() {
    let world = poisoned(LETTERS_ONLY, 5).await;
    let token = Uuid::new_v4().to_string();
    world.start_rotation(&token).await;
    let run = world.aws.wait_for_rotation(&world.secret, &token).await;
    let run = run.expect("the rotation was started");
    assert_ne!(run.outcome, Some(RotationOutcome::Succeeded));
    let rejected = |error: &&secrets_manager_local::FunctionError| error.error_type == "PasswordRejected";
    let steps = run.attempts.iter().flat_map(|attempt| &attempt.steps);
    let errors: Vec<_> = steps.filter_map(|step| step.error.as_ref()).collect();
    assert_eq!(errors.iter().copied().filter(rejected).count(), 1, "{errors:?}");
    let statements = world.database.log().statements();
    let altered = |text: &&String| text.contains("ALTER ROLE");
    assert_eq!(statements.iter().filter(altered).count(), 1);
    assert!(
        errors.iter().all(|error| is_code(&error.error_type)),
        "{errors:?}"
    );

    // AWS may deliver the steps again all the same.
    let refuse = |step, code| world.refuses(&token, step, code, &["start a new rotation"]);
    tokio::join!(
        refuse(Step::Create, "VersionUnknown"),
        refuse(Step::Set, "VersionUnknown"),
        refuse(Step::Test, "RotationAbandoned"),
        refuse(Step::Finish, "RotationAbandoned")
    );
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn a_verifier_is_no_password_that_the_server_could_judge() {
    let setup = Setup::on(Server::Main).env("PASSWORD_LENGTH", "7");
    let world = setup.start_with(TestDatabase::new(strict()).await).await;
    world.rotate().await.expect("the server takes a verifier");
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn a_password_is_sent_as_it_is_over_tls_if_the_function_is_told_to() {
    let world = cleartext()
        .start_with(TestDatabase::new(cluster(Server::Main)).await)
        .await;
    let before = world.database.log();
    world.rotate().await.expect("it goes through");
    assert!(world.current_logs_in().await);
    assert!(world.database.verifier().await.starts_with("SCRAM-SHA-256$"));
    let password = world.password(&Label::Current).await;
    assert!(
        world.database.log().since(&before).contains(&password),
        "a server that logs statements now logs passwords, as the runbook warns"
    );
}

/// An MD5 hash is as good as the password.
#[tokio::test]
async fn an_md5_hash_is_never_sent_without_tls() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let mut document = database.document();
    document["ssl"] = false.into();
    let world = Setup::on(Server::Main)
        .env("PASSWORD_SENT_AS", "md5")
        .start_with_document(database, &document.to_string())
        .await;
    let words = ["PASSWORD_SENT_AS", "without TLS"];
    world
        .refuses(&world.stage(), Step::Create, "CleartextNeedsTls", &words)
        .await;
}

#[tokio::test]
async fn a_password_is_never_sent_as_it_is_without_tls() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let mut document = database.document();
    document["ssl"] = false.into();
    let world = cleartext()
        .start_with_document(database, &document.to_string())
        .await;
    let token = world.stage();
    let words = ["PASSWORD_SENT_AS", "without TLS", "remove PASSWORD_SENT_AS"];
    world
        .refuses(&token, Step::Create, "CleartextNeedsTls", &words)
        .await;
    assert_eq!(world.text_of(&token).await, None, "nothing is written");

    // Nor if the pending value is there already, made before the function was told to.
    document["password"] = "made-before".into();
    world.put_pending(&token, &document.to_string()).await;
    world
        .refuses_each(&token, &Step::ALL, "CleartextNeedsTls", &words)
        .await;
}
