//! The way back when passwords, versions or labels are not where a rotation left them.
//!
//! Every failed login is counted: there are never more than candidates.

mod admin;
pub(crate) mod fleet;
mod pair;

use std::time::Duration;

use keywheel_tests::postgres::{Server, ServerLog};
use keywheel_tests::world::{FUNCTION, Setup, World};
use secrets_manager_local::Fault;
use serde_json::Value;
use staging_labels::{Label, Step};
use uuid::Uuid;

/// The steps that log in.
pub(crate) const LATER: [Step; 3] = [Step::Set, Step::Test, Step::Finish];

/// A world whose AWSCURRENT moves in finishSecret: a rotation that ends after setSecret leaves AWSCURRENT on a refused value.
async fn classic() -> World {
    let setup = Setup::on(Server::Main).env("AWSCURRENT_MOVES", "finishSecret");
    setup.start().await
}

/// The current document with other values for some keys.
async fn current_with(world: &World, changes: &[(&str, Value)]) -> String {
    let text = world
        .text(&Label::Current)
        .await
        .expect("there is a current value");
    let mut document: Value = serde_json::from_str(&text).expect("the document is JSON");
    for (key, value) in changes {
        document[*key] = value.clone();
    }
    document.to_string()
}

async fn password_of(world: &World, version: &str) -> String {
    let text = world.text_of(version).await.expect("the version has a value");
    let document: Value = serde_json::from_str(&text).expect("the document is JSON");
    document["password"]
        .as_str()
        .expect("it has a password")
        .to_owned()
}

/// Rotates, which must go through with exactly so many failed logins of the role.
async fn heals(world: &World, failed_logins: usize) {
    let before = world.database.log().of_role(world.database.user());
    let token = world.rotate().await.unwrap_or_else(|error| panic!("{error}"));
    let log = world.database.log().of_role(world.database.user()).since(&before);
    assert_eq!(
        log.failed_logins(),
        failed_logins,
        "as many as candidates before the right one\n{log}"
    );
    assert_eq!(world.carrier(&Label::Current).await, Some(token));
    assert!(world.current_logs_in().await);
}

/// A password that nobody knows.
pub(crate) async fn lose_the_password(world: &World) {
    world.database.set_password(&Uuid::new_v4().to_string()).await;
}

/// A rotation that was cancelled and cleaned up after `steps`; answers with the version that lost its label.
async fn lost_after(world: &World, steps: &[Step]) -> String {
    let token = world.stage();
    let outcome = world.steps(&token, steps).await;
    outcome.expect("the steps go through");
    world.cancel_and_clean_up().await;
    token
}

/// How long a step is held up while somebody repairs the secret.
const HELD_UP: Duration = Duration::from_millis(2500);

/// setSecret, which a fault holds up for [`HELD_UP`] once the server's log is as `then` says; meanwhile somebody sets a
/// password and writes it into the secret. It must stay.
async fn repaired_meanwhile(world: &World, token: &str, then: fn(&ServerLog) -> bool) {
    let log = || world.database.log().of_role(world.database.user());
    let before = log();
    let repair = async {
        let reached = async {
            while !then(&log().since(&before)) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let reached = tokio::time::timeout(Duration::from_secs(10), reached).await;
        reached.expect("setSecret looks for a way in");
        world.database.set_password("repaired by hand").await;
        let document = current_with(world, &[("password", "repaired by hand".into())]).await;
        world.put(&document, &[Label::Current]).await
    };
    let (outcome, version) = tokio::join!(world.step(token, Step::Set), repair);
    let error = outcome.expect_err("the rotation does not stand any more");
    // DescribeSecret does not list a version that has lost its last label.
    assert_eq!(error.error_type, "VersionUnknown", "{error}");
    assert!(world.database.accepts("repaired by hand").await);
    assert_eq!(world.carrier(&Label::Current).await, Some(version));
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn a_password_that_is_repaired_by_hand_meanwhile_is_not_set_again() {
    for lost in [true, false] {
        // The test runs between the login and the change: that is where a repair would be overwritten.
        let slow = format!("SELECT pg_sleep({})", HELD_UP.as_secs_f64());
        let world = Setup::on(Server::Main).env("TEST_SQL", &slow).start().await;
        if lost {
            let lost = lost_after(&world, &[Step::Create]).await;
            world
                .database
                .set_password(&password_of(&world, &lost).await)
                .await;
        } else {
            world.rotate().await.expect("the rotation succeeds");
            let previous = world.password(&Label::Previous).await;
            world.database.set_password(&previous).await;
        }
        let token = world.proposed().await;
        repaired_meanwhile(&world, &token, |log| log.logins() > 0).await;
    }
}

#[tokio::test]
async fn a_password_that_is_set_already_is_left_alone() {
    let world = World::new().await;
    let token = world.proposed().await;
    world
        .database
        .set_password(&password_of(&world, &token).await)
        .await;
    let (verifier, seen) = (
        world.database.verifier().await,
        world.database.log().of_role(world.database.user()),
    );
    world
        .step(&token, Step::Set)
        .await
        .expect("it is applied already");
    let log = world.database.log().of_role(world.database.user()).since(&seen);
    assert_eq!(
        (log.failed_logins(), log.logins()),
        (1, 1),
        "the current one, then the pending one"
    );
    assert_eq!(world.database.verifier().await, verifier);
    let rest = world.steps(&token, &[Step::Test, Step::Finish]).await;
    rest.expect("and the rest goes on");
}

#[tokio::test]
async fn a_password_that_somebody_put_back_is_found_in_the_previous_version() {
    let world = World::new().await;
    world.rotate().await.expect("the rotation succeeds");
    world
        .database
        .set_password(&world.password(&Label::Previous).await)
        .await;
    heals(&world, 2).await;
}

#[tokio::test]
async fn a_wrong_current_value_written_by_hand_is_healed_from_the_previous_one() {
    let world = World::new().await;
    let wrong = current_with(&world, &[("password", "a-typing-error".into())]).await;
    world.put(&wrong, &[Label::Current]).await;
    assert!(!world.current_logs_in().await);
    heals(&world, 2).await;
}

/// AWS's templates cannot leave this state (weakness 3).
#[tokio::test]
async fn a_value_that_lost_its_label_after_set_secret_is_found_among_the_deprecated_versions() {
    let world = classic().await;
    lost_after(&world, &[Step::Create, Step::Set]).await;
    assert!(!world.current_logs_in().await, "the database has the lost value");
    heals(&world, 2).await;
    world
        .invariant_the_next_rotation_goes_through("a lost value")
        .await;
}

#[tokio::test]
async fn a_value_lost_after_test_secret_is_found_too() {
    let world = classic().await;
    lost_after(&world, &[Step::Create, Step::Set, Step::Test]).await;
    heals(&world, 2).await;
}

#[tokio::test]
async fn lost_values_are_tried_newest_first() {
    for (newest_is_set, failed_logins) in [(true, 2), (false, 4)] {
        let world = World::new().await;
        let oldest = lost_after(&world, &[Step::Create]).await;
        lost_after(&world, &[Step::Create]).await;
        let newest = lost_after(&world, &[Step::Create]).await;
        let set = if newest_is_set { newest } else { oldest };
        world
            .database
            .set_password(&password_of(&world, &set).await)
            .await;
        heals(&world, failed_logins).await;
    }
}

#[tokio::test]
async fn a_version_that_never_got_a_value_is_no_candidate() {
    let world = classic().await;
    lost_after(&world, &[]).await;
    lost_after(&world, &[Step::Create, Step::Set]).await;
    lost_after(&world, &[]).await;
    heals(&world, 2).await;
}

#[tokio::test]
async fn a_lost_value_of_another_user_or_server_is_never_tried() {
    let world = World::new().await;
    let lost = lost_after(&world, &[Step::Create]).await;
    for (key, value) in [("username", Value::from("postgres")), ("port", 1.into())] {
        let token = world.stage();
        let foreign = current_with(&world, &[(key, value), ("password", "x".into())]).await;
        world.put_pending(&token, &foreign).await;
        world.cancel_and_clean_up().await;
    }
    world
        .database
        .set_password(&password_of(&world, &lost).await)
        .await;
    heals(&world, 2).await;
}

/// The `n`th value that setSecret reads cannot be decrypted: the first two are those of the rotation itself.
fn unreadable(n: u32) -> Fault {
    let error = Fault::error("DecryptionFailure", "the key is gone");
    error
        .by_function(FUNCTION)
        .on("GetSecretValue")
        .in_step(Step::Set.name())
        .nth(n)
}

#[tokio::test]
async fn a_version_that_cannot_be_read_does_not_end_the_search() {
    // The previous version; a lost one before the right one.
    for (n, failed_logins) in [(3, 3), (4, 3)] {
        let world = classic().await;
        world.rotate().await.expect("the rotation succeeds");
        lost_after(&world, &[Step::Create, Step::Set]).await;
        lost_after(&world, &[Step::Create]).await;
        let id = world.aws.faults().inject(unreadable(n));
        heals(&world, failed_logins).await;
        assert_eq!(world.aws.faults().hits(id), 1, "{n}");
    }
}

#[tokio::test]
async fn a_version_that_cannot_be_read_is_on_the_list_of_what_was_tried() {
    let world = World::new().await;
    world.rotate().await.expect("the rotation succeeds");
    lose_the_password(&world).await;
    let token = world.proposed().await;
    world.aws.faults().inject(unreadable(3));
    let words = ["the previous version: not tried, ", "the current version: "];
    world.refuses(&token, Step::Set, "LoginRefused", &words).await;
}

#[tokio::test]
async fn all_lost_is_an_error_that_lists_what_was_tried() {
    let world = World::new().await;
    world.rotate().await.expect("the rotation succeeds");
    let lost = lost_after(&world, &[Step::Create]).await;
    lose_the_password(&world).await;
    let token = world.proposed().await;
    let seen = world.database.log().of_role(world.database.user());
    let words = [
        "the current version: ",
        "the pending version: ",
        "the previous version: ",
        &format!("version {lost}: "),
        "28P01",
        "masterarn",
        "\\password",
    ];
    world.refuses(&token, Step::Set, "LoginRefused", &words).await;
    let log = world.database.log().of_role(world.database.user()).since(&seen);
    assert_eq!((log.failed_logins(), log.logins()), (4, 0), "one each\n{log}");
}

#[tokio::test]
async fn a_pending_value_that_does_not_log_in_is_never_promoted() {
    let world = classic().await;
    let token = world.proposed().await;
    for step in [Step::Test, Step::Finish] {
        let words = ["cannot log in", "28P01", "let setSecret run again"];
        world.refuses(&token, step, "PendingRefused", &words).await;
    }
    // Nor one that logged in a moment ago.
    let outcome = world.steps(&token, &[Step::Set, Step::Test]).await;
    outcome.expect("the value is applied");
    lose_the_password(&world).await;
    world
        .refuses(&token, Step::Finish, "PendingRefused", &["28P01"])
        .await;
}

/// Weakness 6: AWS's templates make the empty version AWSCURRENT.
#[tokio::test]
async fn a_version_without_a_value_is_never_promoted() {
    let world = World::new().await;
    let token = world.stage();
    for step in LATER {
        let words = ["has no value", "createSecret must run first"];
        world.refuses(&token, step, "PendingMissing", &words).await;
    }
    world
        .step(&token, Step::Create)
        .await
        .expect("createSecret fills it");
    world.steps(&token, &LATER).await.expect("and the rest goes on");
}

#[tokio::test]
async fn a_role_that_expired_or_may_not_log_in_is_not_told_apart_without_an_admin_but_explained() {
    for clause in ["VALID UNTIL '2001-01-01'", "NOLOGIN"] {
        let world = World::new().await;
        world
            .database
            .sql(&format!("ALTER ROLE {} {clause}", world.database.role()))
            .await;
        let token = world.proposed().await;
        let words = ["rolcanlogin, rolvaliduntil", "the current version: "];
        world.refuses(&token, Step::Set, "LoginRefused", &words).await;
    }
}
