//! A pending value that names another account is refused before anybody logs in with it (weakness 5).

use keywheel_tests::net::Proxy;
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::World;
use serde_json::Value;
use staging_labels::Step;

use super::{LATER, current_with};

/// Refuses a pending value whose `key` differs, in every step that would log in, without a login anywhere.
async fn is_refused(world: &World, key: &str, value: Value, field: &str, bystanders: &[&TestDatabase<'_>]) {
    let token = world.stage();
    let foreign = current_with(world, &[(key, value)]).await;
    world.put_pending(&token, &foreign).await;
    let logs = || {
        let own = [
            world.database.log(),
            world.database.cluster().log().of_role(world.database.user()),
        ];
        let others = bystanders
            .iter()
            .flat_map(|other| [other.log(), other.cluster().log().of_role(other.user())]);
        own.into_iter().chain(others).collect::<Vec<_>>()
    };
    let before = logs();
    for step in LATER {
        let words = ["names another account", field, "AWSPENDING off that version"];
        world
            .refuses(&token, step, "PendingNamesAnotherTarget", &words)
            .await;
    }
    for (now, then) in logs().iter().zip(&before) {
        let log = now.since(then);
        assert_eq!(
            (log.logins(), log.failed_logins()),
            (0, 0),
            "{key}: nobody logs in\n{log}"
        );
    }
    world.cancel_and_clean_up().await;
}

#[tokio::test]
async fn another_user_even_a_valid_one_is_refused() {
    let world = World::new().await;
    let other = TestDatabase::new(cluster(Server::Main)).await;
    let token = world.stage();
    // A document with which every login would succeed.
    let valid = [
        ("username", Value::from(other.user())),
        ("password", other.password().into()),
        ("dbname", other.name().into()),
    ];
    world
        .put_pending(&token, &current_with(&world, &valid).await)
        .await;
    let (before, seen) = (other.verifier().await, other.log());
    for step in LATER {
        let words = ["`username`", other.user(), world.database.user()];
        world
            .refuses(&token, step, "PendingNamesAnotherTarget", &words)
            .await;
    }
    let log = other.log().since(&seen);
    assert_eq!((log.logins(), log.failed_logins()), (0, 0), "{log}");
    assert_eq!(other.verifier().await, before);
    world.cancel_and_clean_up().await;
    is_refused(&world, "username", other.user().into(), "`username`", &[&other]).await;
    world
        .invariant_the_next_rotation_goes_through("another user")
        .await;
}

#[tokio::test]
async fn another_database_is_refused() {
    let world = World::new().await;
    let other = TestDatabase::new(cluster(Server::Main)).await;
    is_refused(&world, "dbname", other.name().into(), "`dbname`", &[&other]).await;
    world
        .invariant_the_next_rotation_goes_through("another database")
        .await;
}

#[tokio::test]
async fn another_host_or_port_is_refused_and_never_called() {
    let world = World::new().await;
    let proxy = Proxy::start(world.database.cluster().port()).expect("a proxy starts");
    is_refused(&world, "port", proxy.port().into(), "`port`", &[]).await;
    is_refused(&world, "host", "127.0.0.1".into(), "`host`", &[]).await;
    assert_eq!(proxy.connections(), 0, "nobody connects to the other port");
}

#[tokio::test]
async fn another_way_to_use_tls_is_refused() {
    let world = World::new().await;
    is_refused(&world, "ssl", false.into(), "`sslmode`", &[]).await;
    is_refused(
        &world,
        "tls_server_name",
        "db.example.com".into(),
        "`tls_server_name`",
        &[],
    )
    .await;
}

#[tokio::test]
async fn another_admin_secret_or_engine_is_refused() {
    let world = World::new().await;
    let admin = world
        .other_secret("admin", &world.database.admin_document().to_string())
        .await;
    is_refused(&world, "masterarn", admin.into(), "`masterarn`", &[]).await;
    is_refused(&world, "engine", "aurora-postgresql".into(), "`engine`", &[]).await;
}

/// createSecret itself refuses what another function staged, if it is of another account.
#[tokio::test]
async fn create_secret_refuses_a_staged_value_of_another_account() {
    let world = World::new().await;
    let token = world.stage();
    world
        .put_pending(
            &token,
            &current_with(&world, &[("dbname", "elsewhere".into())]).await,
        )
        .await;
    world
        .refuses(&token, Step::Create, "PendingNamesAnotherTarget", &["`dbname`"])
        .await;
}
