//! The admin secret that `masterarn` names: who may help, and who is not even asked.

use keywheel_tests::net;
use keywheel_tests::postgres::Server;
use keywheel_tests::world::{FUNCTION, Setup, World};
use secrets_manager_local::Fault;
use serde_json::Value;
use staging_labels::{Label, Step};
use uuid::Uuid;

use super::{HELD_UP, current_with, heals, lose_the_password, repaired_meanwhile};

/// Names the secret at `arn` as the admin's in the current document.
async fn name_admin(world: &World, arn: &str) {
    let document = current_with(world, &[("masterarn", arn.into())]).await;
    world.put(&document, &[Label::Current]).await;
}

/// A role that is no superuser, with what it needs, or not, to alter the world's role.
struct Admin {
    name: String,
    password: String,
}

impl Admin {
    async fn new(world: &World, granted: bool) -> Self {
        let admin = Self {
            name: format!("{}_admin", world.database.name()),
            password: Uuid::new_v4().to_string(),
        };
        let (name, password) = (&admin.name, &admin.password);
        let database = &world.database;
        database
            .sql(&format!(
                "CREATE ROLE {name} LOGIN CREATEROLE PASSWORD '{password}'"
            ))
            .await;
        if granted {
            database
                .sql(&format!("GRANT {} TO {name} WITH ADMIN OPTION", database.role()))
                .await;
        }
        admin
    }

    fn document(&self, world: &World) -> Value {
        let mut document = world.database.document();
        document["username"] = self.name.as_str().into();
        document["password"] = self.password.as_str().into();
        document
    }

    /// Removes the role.
    async fn leave(self, world: &World) {
        let name = self.name;
        world
            .database
            .sql(&format!("DROP OWNED BY {name}; DROP ROLE {name}"))
            .await;
    }
}

/// A world whose password is lost, with an admin secret that holds `document`.
async fn lost_with_admin(world: &World, document: &str) -> String {
    let arn = world.other_secret("admin", document).await;
    name_admin(world, &arn).await;
    lose_the_password(world).await;
    arn
}

#[tokio::test]
async fn a_superuser_helps() {
    for server in [Server::Main, Server::Eighteen] {
        let world = Setup::on(server).start().await;
        lost_with_admin(&world, &world.database.admin_document().to_string()).await;
        // The previous version has the same password as the current one, and is not tried twice.
        heals(&world, 2).await;
    }
}

#[tokio::test]
async fn an_admin_that_is_no_superuser_helps() {
    for server in [Server::Main, Server::Sixteen, Server::Eighteen] {
        let world = Setup::on(server).start().await;
        let admin = Admin::new(&world, true).await;
        lost_with_admin(&world, &admin.document(&world).to_string()).await;
        heals(&world, 2).await;
        assert!(world.database.verifier().await.starts_with("SCRAM-SHA-256$"));
        admin.leave(&world).await;
    }
}

/// The step asks the server again for some seconds, for a connection may become free. The role's passwords are not tried again.
#[tokio::test]
async fn no_password_is_tried_twice_while_the_admin_has_no_connection_to_spare() {
    let world = World::new().await;
    let admin = Admin::new(&world, true).await;
    lost_with_admin(&world, &admin.document(&world).to_string()).await;
    let none = format!("ALTER ROLE {} CONNECTION LIMIT 0", admin.name);
    world.database.sql(&none).await;
    let token = world.proposed().await;
    let log = || world.database.log().of_role(world.database.user());
    let before = log();
    world.refuses(&token, Step::Set, "ServerFull", &["53300"]).await;
    let log = log().since(&before);
    // The current and the pending version: the previous one has the password of the current one.
    assert_eq!(log.failed_logins(), 2, "{log}");
    admin.leave(&world).await;
}

#[tokio::test]
async fn an_admin_without_the_right_is_told_which_one_is_missing() {
    for server in [Server::Sixteen, Server::Eighteen] {
        let world = Setup::on(server).start().await;
        let admin = Admin::new(&world, false).await;
        lost_with_admin(&world, &admin.document(&world).to_string()).await;
        let token = world.proposed().await;
        let words = ["42501", "WITH ADMIN OPTION", &admin.name];
        world.refuses(&token, Step::Set, "PrivilegeMissing", &words).await;
        admin.leave(&world).await;
    }
}

#[tokio::test]
async fn the_admin_is_not_asked_while_the_role_can_help_itself() {
    let world = World::new().await;
    let admin = Admin::new(&world, true).await;
    let arn = world
        .other_secret("admin", &admin.document(&world).to_string())
        .await;
    name_admin(&world, &arn).await;
    heals(&world, 0).await;
    let log = world.database.cluster().log().of_role(&admin.name);
    assert_eq!((log.logins(), log.failed_logins()), (0, 0), "{log}");
    assert!(
        !world
            .aws
            .calls()
            .iter()
            .any(|call| call.function.is_some() && call.secret_id.as_deref() == Some(&arn))
    );
    admin.leave(&world).await;
}

/// The admin's own document decides where its credential goes; one for another server is not used at all.
#[tokio::test]
async fn an_admin_of_another_server_is_refused_and_its_credential_goes_nowhere() {
    let world = World::new().await;
    let admin = Admin::new(&world, true).await;
    let elsewhere = net::Proxy::start(world.database.cluster().port()).expect("a proxy starts");
    let mut document = admin.document(&world);
    for (key, value) in [
        ("port", Value::from(elsewhere.port())),
        ("host", "127.0.0.1".into()),
    ] {
        let right = document[key].clone();
        document[key] = value;
        let name = format!("admin-by-{key}");
        let arn = world.other_secret(&name, &document.to_string()).await;
        name_admin(&world, &arn).await;
        document[key] = right;
        lose_the_password(&world).await;
        let token = world.proposed().await;
        let words = [&arn, "is not for the server", "let `masterarn` name"];
        world
            .refuses(&token, Step::Set, "SuperuserSecretForAnotherServer", &words)
            .await;
        let (log, shown) = (world.log(), format!(":{}", elsewhere.port()));
        assert!(
            !log.contains(&shown),
            "nothing of the other secret is shown: {log}"
        );
        world.cancel_and_clean_up().await;
    }
    assert_eq!(elsewhere.connections(), 0);
    let log = world.database.cluster().log().of_role(&admin.name);
    assert_eq!((log.logins(), log.failed_logins()), (0, 0), "{log}");
    admin.leave(&world).await;
}

#[tokio::test]
async fn an_admin_secret_without_a_host_is_refused() {
    let world = World::new().await;
    let (user, password) = world.database.cluster().superuser();
    let hostless = serde_json::json!({"username": user, "password": password});
    let arn = lost_with_admin(&world, &hostless.to_string()).await;
    let token = world.proposed().await;
    let words = [&arn, "no `host`", "let `masterarn` name"];
    world
        .refuses(&token, Step::Set, "SuperuserSecretForAnotherServer", &words)
        .await;
}

#[tokio::test]
async fn an_admin_secret_that_leads_back_to_the_same_role_is_refused() {
    let world = World::new().await;
    let own = world.secret.clone();
    name_admin(&world, &own).await;
    lose_the_password(&world).await;
    let token = world.proposed().await;
    let words = ["the very role", "name the secret of another role"];
    world
        .refuses(&token, Step::Set, "SuperuserIsTheUser", &words)
        .await;
}

#[tokio::test]
async fn an_admin_secret_that_is_missing_or_unreadable_is_named() {
    let world = World::new().await;
    let missing = "arn:aws:secretsmanager:us-east-1:000000000000:secret:no-admin-a1b2c3";
    name_admin(&world, missing).await;
    lose_the_password(&world).await;
    let token = world.proposed().await;
    world
        .refuses(&token, Step::Set, "SecretNotFound", &[missing, "check the ARN"])
        .await;
    world.cancel_and_clean_up().await;

    for (name, value, remedy) in [
        (
            "text",
            "just a text",
            "in the superuser secret: store a JSON object",
        ),
        (
            "no-user",
            r#"{"password": "canary-of-the-superuser"}"#,
            "add `username`",
        ),
        (
            "port",
            r#"{"username": "a", "password": "canary-of-the-superuser", "host": "localhost", "port": "canary"}"#,
            "change `port`",
        ),
        (
            "null",
            r#"{"username": "a", "password": "canary-of-the-superuser", "host": null}"#,
            "remove `host`",
        ),
    ] {
        let unreadable = world.other_secret(&format!("admin-{name}"), value).await;
        name_admin(&world, &unreadable).await;
        let token = world.proposed().await;
        let words = [unreadable.as_str(), "its value is wrong", remedy];
        let said = world
            .refuses(&token, Step::Set, "SuperuserSecretUnusable", &words)
            .await;
        assert!(!said.contains("canary"), "{said}");
        world.cancel_and_clean_up().await;
    }
}

#[tokio::test]
async fn an_admin_whose_password_is_wrong_too_is_on_the_list_of_what_was_tried() {
    let world = World::new().await;
    let mut admin = world.database.admin_document();
    admin["password"] = "wrong".into();
    lost_with_admin(&world, &admin.to_string()).await;
    let token = world.proposed().await;
    let words = [
        "the superuser secret, role \"postgres\": ",
        "the current version: ",
        "28P01",
    ];
    world.refuses(&token, Step::Set, "LoginRefused", &words).await;
}

#[tokio::test]
async fn a_role_that_no_password_would_let_in_is_told_apart_through_the_admin() {
    for (clauses, code, remedy) in [
        (
            "VALID UNTIL '2001-01-01'",
            "RoleExpired",
            "VALID UNTIL 'infinity'",
        ),
        // With the right password the server says itself that it has NOLOGIN.
        ("NOLOGIN PASSWORD 'lost'", "RoleMayNotLogIn", "LOGIN"),
    ] {
        let world = World::new().await;
        let arn = world
            .other_secret("admin", &world.database.admin_document().to_string())
            .await;
        name_admin(&world, &arn).await;
        world
            .database
            .sql(&format!("ALTER ROLE {} {clauses}", world.database.role()))
            .await;
        let token = world.proposed().await;
        world
            .refuses(
                &token,
                Step::Set,
                code,
                &["ALTER ROLE", remedy, world.database.user()],
            )
            .await;
    }
}

/// Whoever may write the secret names the role and the admin secret in it: they must not get a powerful role so.
#[tokio::test]
async fn a_powerful_role_is_not_reset_by_an_admin() {
    for (grant, powerful) in [
        ("ALTER ROLE APP SUPERUSER", "APP"),
        ("ALTER ROLE APP CREATEROLE", "APP"),
        ("ALTER ROLE APP REPLICATION", "APP"),
        ("ALTER ROLE APP BYPASSRLS", "APP"),
        (
            "GRANT pg_execute_server_program TO APP",
            "pg_execute_server_program",
        ),
        ("GRANT pg_monitor TO APP", "pg_monitor"),
        ("GRANT pg_read_all_settings TO APP", "pg_read_all_settings"),
        ("GRANT pg_signal_backend TO APP", "pg_signal_backend"),
        ("GRANT pg_checkpoint TO APP", "pg_checkpoint"),
        // What an owner leaves in a template is in every new database.
        ("CREATE DATABASE GROUP OWNER APP IS_TEMPLATE true", "APP"),
        // Through a group, as with RDS's rds_superuser.
        ("CREATE ROLE GROUP CREATEROLE; GRANT GROUP TO APP", "GROUP"),
    ] {
        let world = World::new().await;
        let user = world.database.user().to_owned();
        let group = format!("{user}_group");
        let named = |text: &str| text.replace("APP", &user).replace("GROUP", &group);
        lost_with_admin(&world, &world.database.admin_document().to_string()).await;
        // One statement after the other: a database is not made in a transaction.
        for statement in named(grant).split("; ") {
            world.database.sql(statement).await;
        }
        let (token, verifier) = (world.proposed().await, world.database.verifier().await);
        let words = [
            &format!("\"{}\"", named(powerful)),
            "ordinary roles only",
            "remove `masterarn`",
        ];
        world.refuses(&token, Step::Set, "RolePowerful", &words).await;
        assert_eq!(world.database.verifier().await, verifier, "{grant}");
        world.database.sql(&format!("DROP ROLE IF EXISTS {group}")).await;
        if grant.contains("IS_TEMPLATE") {
            world
                .database
                .sql(&format!("ALTER DATABASE {group} IS_TEMPLATE false"))
                .await;
            world.database.sql(&format!("DROP DATABASE {group}")).await;
        }
    }
}

/// A powerful role changes its own password all the same.
#[tokio::test]
async fn a_powerful_role_rotates_itself() {
    let world = World::new().await;
    let role = world.database.role();
    world
        .database
        .sql(&format!("ALTER ROLE {role} SUPERUSER CREATEROLE"))
        .await;
    heals(&world, 0).await;
}

/// A step that comes late: somebody has repaired the secret by hand while it was still looking for a way in.
#[tokio::test]
async fn a_password_that_is_repaired_by_hand_meanwhile_is_not_set_again_by_the_admin() {
    let world = World::new().await;
    let arn = lost_with_admin(&world, &world.database.admin_document().to_string()).await;
    let token = world.proposed().await;
    let slow = Fault::delay(HELD_UP).by_function(FUNCTION).for_secret(&arn);
    world.aws.faults().inject(slow);
    repaired_meanwhile(&world, &token, |log| log.failed_logins() >= 2).await;
}
