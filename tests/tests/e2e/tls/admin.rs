//! The admin's login is protected at least as well as the user's.

use keywheel_tests::postgres::Server;
use keywheel_tests::world::{Setup, World};

use super::{logins, saying};

/// A rotation for which the admin must come in, with these words on TLS; the admin's logins, encrypted and not.
async fn admins_logins(user: &str, admin: &str) -> (usize, usize) {
    let world = Setup::on(Server::Main).start().await;
    let document = saying(world.database.admin_document(), admin);
    let arn = admin_secret(&world, &document.to_string()).await;
    let mut document = saying(world.database.document(), user);
    document["masterarn"] = arn.into();
    world.write_by_hand(&document.to_string()).await;
    world.database.set_password("changed by hand").await;

    let before = world.database.log();
    let rotated = world.rotate().await;
    rotated.unwrap_or_else(|error| panic!("{user} {admin}: {error}"));
    assert!(world.current_logs_in().await);
    let (name, _) = world.database.cluster().superuser();
    logins(&world.database.log().since(&before).of_role(name))
}

async fn admin_secret(world: &World, document: &str) -> String {
    let name = format!("{}-admin", world.database.name());
    let call = world.client.create_secret().name(name).secret_string(document);
    let created = call.send().await.expect("a secret is created");
    created.arn.expect("it has an ARN")
}

#[tokio::test]
async fn an_admins_document_that_asks_for_less_is_raised_to_the_users() {
    for user in ["{}", r#"{"ssl":true}"#, r#"{"sslmode":"verify-ca"}"#] {
        for admin in ["{}", r#"{"ssl":false}"#, r#"{"sslmode":"disable"}"#] {
            assert_eq!(admins_logins(user, admin).await, (1, 0), "{user} {admin}");
        }
    }
}

#[tokio::test]
async fn an_admins_document_that_asks_for_more_is_obeyed() {
    let user = r#"{"ssl":false}"#;
    for admin in ["{}", r#"{"ssl":true}"#] {
        assert_eq!(admins_logins(user, admin).await, (1, 0), "{admin}");
    }
    assert_eq!(admins_logins(user, r#"{"ssl":false}"#).await, (0, 1));
}
