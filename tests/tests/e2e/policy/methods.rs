//! How the server stores passwords and asks for them.

use keywheel_tests::pair::{Pair, Power};
use keywheel_tests::postgres::{Group, Server, TestDatabase, cluster};
use keywheel_tests::world::{Setup, World};
use staging_labels::Step;

/// Rotates, and answers with the stored verifier.
async fn verifier_after_a_rotation(world: &World) -> String {
    world.rotate().await.expect("the rotation succeeds");
    assert!(world.current_logs_in().await);
    assert!(!world.database.accepts(world.database.password()).await);
    world.database.verifier().await
}

#[tokio::test]
async fn each_way_to_ask_for_a_password_rotates() {
    for group in [
        None,
        Some(Group::Md5),
        Some(Group::ClearText),
        Some(Group::TlsOnly),
    ] {
        let world = World::new().await;
        if let Some(group) = group {
            world.database.join(group).await;
        }
        let verifier = verifier_after_a_rotation(&world).await;
        assert!(verifier.starts_with("SCRAM-SHA-256$4096:"), "{group:?}");
    }
}

/// A login that any password would have got shows nothing: a test would pass with a password that nobody set.
#[tokio::test]
async fn a_server_that_asks_for_no_password_shows_nothing_unless_the_function_is_told() {
    let world = World::new().await;
    world.database.join(Group::Trust).await;
    let before = world.database.verifier().await;
    let token = world.proposed().await;
    let words = ["without asking for a password", "ALLOW_LOGIN_WITHOUT_PASSWORD"];
    for step in [Step::Set, Step::Test] {
        world.refuses(&token, step, "PasswordNotAsked", &words).await;
    }
    assert_eq!(world.database.verifier().await, before);

    let setup = Setup::on(Server::Main).env("ALLOW_LOGIN_WITHOUT_PASSWORD", "true");
    let world = setup.start().await;
    world.database.join(Group::Trust).await;
    let before = world.database.verifier().await;
    world.rotate().await.expect("the operator allows it");
    assert_ne!(world.database.verifier().await, before);
}

/// A role whose password is stored as an MD5 hash.
async fn stored_as_md5(server: Server) -> TestDatabase<'static> {
    let database = TestDatabase::new(cluster(server)).await;
    database.join(Group::Md5).await;
    let hash = format!(
        "SET password_encryption = 'md5'; ALTER ROLE {} PASSWORD '{}'",
        database.role(),
        database.password()
    );
    database.sql(&hash).await;
    assert!(database.verifier().await.starts_with("md5"));
    database
}

/// How often the function has said that a password stored as MD5 becomes a SCRAM verifier.
fn told(world: &World) -> usize {
    let warning =
        |line: &&str| line.contains("a client without SCRAM cannot log in") && line.contains("WARN");
    world.log().lines().filter(warning).count()
}

#[tokio::test]
async fn a_password_that_is_stored_as_md5_becomes_a_scram_verifier_and_that_is_told_before() {
    for server in [Server::Main, Server::Eighteen] {
        let world = Setup::on(server).start_with(stored_as_md5(server).await).await;
        world.test_rotation().await.expect("the test rotation succeeds");
        assert_eq!(told(&world), 1, "{server:?}: {}", world.log());
        let verifier = verifier_after_a_rotation(&world).await;
        assert!(verifier.starts_with("SCRAM-SHA-256$"), "{server:?}");
        assert_eq!(told(&world), 2, "{server:?}");
        verifier_after_a_rotation(&world).await;
        assert_eq!(told(&world), 2, "{server:?}: there is nothing left to tell");
    }
}

#[tokio::test]
async fn alternating_users_that_are_stored_as_md5_are_told_of_too() {
    let pair = Pair::of(
        Setup::on(Server::Main),
        stored_as_md5(Server::Main).await,
        Power::CreateRole,
    )
    .await;
    pair.test_rotation().await.expect("the test rotation succeeds");
    assert_eq!(told(&pair), 1, "{}", pair.log());
    pair.rotate().await.expect("the rotation succeeds");
    assert_eq!(told(&pair), 2);
}

/// 18 warns of an MD5 hash, and takes it.
#[tokio::test]
async fn a_password_stays_md5_where_the_function_is_told_so() {
    for server in [Server::Main, Server::EighteenTls] {
        let setup = || Setup::on(server).env("PASSWORD_SENT_AS", "md5");
        let world = setup().start_with(stored_as_md5(server).await).await;
        for _ in 0..2 {
            let verifier = verifier_after_a_rotation(&world).await;
            assert!(verifier.starts_with("md5"), "{server:?}");
            // The hash is as good as the password.
            assert!(!world.log().contains(&verifier), "{server:?}");
        }
        assert_eq!(told(&world), 0, "{server:?}");

        // A role that has become SCRAM goes back.
        let world = setup().start().await;
        world.database.join(Group::Md5).await;
        let verifier = verifier_after_a_rotation(&world).await;
        assert!(verifier.starts_with("md5"), "{server:?}");

        let pair = Pair::of(setup(), stored_as_md5(server).await, Power::CreateRole).await;
        let group = Group::Md5.role();
        for turn in 1..=3 {
            if let Err(error) = pair.rotate().await {
                panic!("{server:?} {turn}: {error}");
            }
            pair.invariant_current_and_previous_log_in(&format!("{server:?} {turn} {group}"))
                .await;
        }
        let stored = pair.database.verifier().await;
        assert!(
            stored.split(' ').all(|one| one.starts_with("md5")),
            "{server:?}: {stored}"
        );
    }
}

/// Where the server demands SCRAM, an MD5 hash lets nobody in: the login right after the commit finds that out.
#[tokio::test]
async fn an_md5_hash_that_lets_nobody_in_is_taken_back() {
    let world = Setup::on(Server::Main)
        .env("PASSWORD_SENT_AS", "md5")
        .start()
        .await;
    let error = world.rotate().await.expect_err("nobody could log in");
    assert_eq!(error.error_type, "PendingRefusedGivenBack", "{error}");
}

#[tokio::test]
async fn a_server_that_would_store_md5_gets_a_scram_verifier() {
    let world = World::new().await;
    let (role, name) = (world.database.role(), world.database.name().to_owned());
    let md5 = "SET password_encryption = 'md5'";
    world
        .database
        .sql(&format!("ALTER DATABASE {name} {md5}; ALTER ROLE {role} {md5}"))
        .await;
    let verifier = verifier_after_a_rotation(&world).await;
    assert!(verifier.starts_with("SCRAM-SHA-256$"));
}

#[tokio::test]
async fn the_servers_number_of_rounds_is_honoured_as_far_as_clients_put_up_with_it() {
    for server in [Server::Sixteen, Server::Eighteen, Server::EighteenTls] {
        for (setting, rounds) in [(1000, 1000), (10_000, 10_000), (200_000, 100_000)] {
            let world = Setup::on(server).start().await;
            let role = world.database.role();
            world
                .database
                .sql(&format!("ALTER ROLE {role} SET scram_iterations = {setting}"))
                .await;
            let verifier = verifier_after_a_rotation(&world).await;
            let start = format!("SCRAM-SHA-256${rounds}:");
            assert!(verifier.starts_with(&start), "{server:?} {setting}");
        }
    }
}
