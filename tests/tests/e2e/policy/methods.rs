//! How the server stores passwords and asks for them.

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

#[tokio::test]
async fn a_password_that_is_stored_as_md5_becomes_a_scram_verifier() {
    for server in [Server::Main, Server::Eighteen] {
        let database = TestDatabase::new(cluster(server)).await;
        database.join(Group::Md5).await;
        let hash = format!(
            "SET password_encryption = 'md5'; ALTER ROLE {} PASSWORD '{}'",
            database.role(),
            database.password()
        );
        database.sql(&hash).await;
        assert!(database.verifier().await.starts_with("md5"));
        let world = Setup::on(server).start_with(database).await;
        let verifier = verifier_after_a_rotation(&world).await;
        assert!(verifier.starts_with("SCRAM-SHA-256$"), "{server:?}");
    }
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
