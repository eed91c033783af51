//! What the document and the environment say of TLS is what happens.

use keywheel_tests::postgres::Server;
use keywheel_tests::world::{Setup, World};

use super::{PLAIN, SECURE, logins, refused, say};

/// The logins of one rotation, encrypted and not.
async fn logins_of_a_rotation(world: &World, said: &str) -> (usize, usize) {
    say(world, said).await;
    let before = world.database.log();
    let rotated = world.rotate().await;
    rotated.unwrap_or_else(|error| panic!("{said}: {error}"));
    logins(&world.database.log().since(&before).of_role(world.database.user()))
}

#[tokio::test]
async fn a_document_that_is_silent_or_says_yes_means_tls() {
    let world = World::new().await;
    for said in SECURE {
        assert_eq!(logins_of_a_rotation(&world, said).await, (4, 0), "{said}");
    }
}

#[tokio::test]
async fn a_document_that_says_no_means_plain_text() {
    let world = World::new().await;
    for said in PLAIN {
        assert_eq!(logins_of_a_rotation(&world, said).await, (0, 4), "{said}");
    }
}

#[tokio::test]
async fn the_environment_speaks_only_where_the_document_is_silent() {
    let world = Setup::on(Server::Main).env("PGSSLMODE", "disable").start().await;
    for (said, expected) in [
        ("{}", (0, 4)),
        (r#"{"ssl":true}"#, (4, 0)),
        (r#"{"sslmode":"verify-ca"}"#, (4, 0)),
    ] {
        assert_eq!(logins_of_a_rotation(&world, said).await, expected, "{said}");
    }
    let world = Setup::on(Server::Main)
        .env("PGSSLMODE", "verify-full")
        .start()
        .await;
    assert_eq!(logins_of_a_rotation(&world, r#"{"ssl":false}"#).await, (0, 4));
}

#[tokio::test]
async fn a_server_without_tls_is_not_used_unless_the_document_says_so() {
    let world = Setup::on(Server::Sixteen).start().await;
    for said in ["{}", r#"{"ssl":true}"#, r#"{"sslmode":"prefer"}"#] {
        say(&world, said).await;
        let before = world.database.log();
        let words = ["offers no TLS", "turn TLS on", "\"ssl\": false"];
        refused(&world, "TlsNotOffered", &words).await;
        let log = world.database.log().since(&before).of_role(world.database.user());
        assert_eq!((log.logins(), log.failed_logins()), (0, 0), "{said}");
    }
    for said in PLAIN {
        say(&world, said).await;
        world.rotate().await.expect("the document says so");
        assert!(world.current_logs_in().await, "{said}");
    }
}
