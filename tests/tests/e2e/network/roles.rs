//! The server answers, and the role is the matter.

use std::time::Duration;

use keywheel_tests::postgres::Group;
use keywheel_tests::world::World;
use serde_json::Value;
use staging_labels::{Label, Step};
use tokio_postgres::Client;

use super::{hasty, rotates};

/// setSecret and the later steps each refuse a role that cannot log in, in their own words.
async fn cannot_log_in(world: &World, words: &[&str]) {
    let token = world.proposed().await;
    let remedy = ["pg_roles", "pg_hba.conf"];
    world
        .refuses(&token, Step::Set, "LoginRefused", &[words, &remedy].concat())
        .await;
    // The password alone would be right now.
    let pending = world.password(&Label::Pending).await;
    world.database.set_password(&pending).await;
    world
        .refuses_each(&token, &[Step::Test, Step::Finish], "PendingRefused", words)
        .await;
}

/// Gives the secret a `masterarn` that leads to the superuser.
async fn with_admin() -> World {
    let world = World::new().await;
    let admin = world.database.admin_document();
    let name = format!("{}-admin", world.database.name());
    let admin = world
        .client
        .create_secret()
        .name(name)
        .secret_string(admin.to_string())
        .send();
    let arn = admin.await.expect("a secret is created").arn;
    let mut document = world.database.document();
    document["masterarn"] = arn.into();
    world.write_by_hand(&document.to_string()).await;
    world
}

#[tokio::test]
async fn a_role_that_pg_hba_conf_rejects_is_told_so_in_the_servers_words() {
    let world = World::new().await;
    world.database.join(Group::Reject).await;
    let user = world.database.user().to_owned();
    cannot_log_in(&world, &["28000", "pg_hba.conf rejects connection", &user]).await;
}

#[tokio::test]
async fn a_role_that_may_not_use_tls_is_not_let_in_without() {
    let world = World::new().await;
    world.database.join(Group::NoTls).await;
    cannot_log_in(
        &world,
        &["28000", "pg_hba.conf rejects connection", "SSL encryption"],
    )
    .await;
}

#[tokio::test]
async fn a_role_that_must_show_a_certificate_is_refused() {
    let world = World::new().await;
    world.database.join(Group::ClientCertificate).await;
    cannot_log_in(&world, &["28000", "certificate"]).await;
}

#[tokio::test]
async fn a_role_with_nologin_is_told_so() {
    let world = World::new().await;
    let role = world.database.role();
    world.database.sql(&format!("ALTER ROLE {role} NOLOGIN")).await;
    cannot_log_in(&world, &["28000", "is not permitted to log in"]).await;
}

#[tokio::test]
async fn an_expired_role_is_refused_and_the_remedy_says_where_to_look() {
    let world = World::new().await;
    let role = world.database.role();
    let expire = format!("ALTER ROLE {role} VALID UNTIL '2020-01-01'");
    world.database.sql(&expire).await;
    cannot_log_in(&world, &["28P01", "password authentication failed"]).await;
    let token = world.carrier(&Label::Pending).await.expect("it is pending");
    world
        .refuses(&token, Step::Set, "LoginRefused", &["rolvaliduntil"])
        .await;
}

#[tokio::test]
async fn an_admin_finds_out_that_a_role_is_expired_and_leaves_it() {
    let world = with_admin().await;
    let role = world.database.role();
    let expire = format!("ALTER ROLE {role} VALID UNTIL '2020-01-01'");
    world.database.sql(&expire).await;
    let token = world.proposed().await;
    let remedy = format!("ALTER ROLE {role} VALID UNTIL 'infinity'");
    let words = ["VALID UNTIL", "2020-01-01", &remedy];
    world.refuses(&token, Step::Set, "RoleExpired", &words).await;
    world.database.sql(&remedy).await;
    world.steps(&token, &Step::ALL).await.expect("the remedy is one");
    assert!(world.current_logs_in().await);
}

/// The password of a role that may not log in may be right: it is no matter for the admin.
#[tokio::test]
async fn a_role_that_may_not_log_in_is_left_alone_by_the_admin() {
    let world = with_admin().await;
    let role = world.database.role();
    world.database.sql(&format!("ALTER ROLE {role} NOLOGIN")).await;
    let (token, verifier) = (world.proposed().await, world.database.verifier().await);
    let words = [
        "is not permitted to log in",
        "the superuser role: not tried",
        "pg_roles",
    ];
    world.refuses(&token, Step::Set, "LoginRefused", &words).await;
    assert_eq!(world.database.verifier().await, verifier);
    world.database.sql(&format!("ALTER ROLE {role} LOGIN")).await;
    world.steps(&token, &Step::ALL).await.expect("the remedy is one");
}

/// Applications come from where `pg_hba.conf` lets them in, the function does not: the password is not wrong.
#[tokio::test]
async fn a_password_at_which_the_server_did_not_look_is_not_reset_by_the_admin() {
    for group in [Group::Reject, Group::NoTls] {
        let world = with_admin().await;
        world.database.join(group).await;
        let (token, verifier) = (world.proposed().await, world.database.verifier().await);
        let before = world.database.log();
        let words = [
            "pg_hba.conf rejects connection",
            "the superuser role: not tried, the server refused the connection and not the password",
        ];
        world.refuses(&token, Step::Set, "LoginRefused", &words).await;
        assert_eq!(world.database.verifier().await, verifier, "{group:?}");
        let (admin, _) = world.database.cluster().superuser();
        let log = world.database.log().since(&before).of_role(admin);
        assert_eq!((log.logins(), log.failed_logins()), (0, 0), "{log}");
    }
}

#[tokio::test]
async fn a_role_that_there_is_not_is_refused_and_by_an_admin_missed() {
    let world = with_admin().await;
    let nobody = format!("nobody-{}", world.database.name());
    let text = world.text(&Label::Current).await.expect("it is current");
    let mut document: Value = serde_json::from_str(&text).expect("it is JSON");
    document["username"] = nobody.clone().into();
    world.write_by_hand(&document.to_string()).await;
    let token = world.proposed().await;
    let create = format!("CREATE ROLE \"{nobody}\" LOGIN");
    world
        .refuses(&token, Step::Set, "RoleUnknown", &["has no role", &create])
        .await;
    world.clean_up(&token).await;

    let document = document.as_object_mut().expect("a document is an object");
    document.remove("masterarn").expect("it has an admin");
    let text = Value::from(document.clone()).to_string();
    world.write_by_hand(&text).await;
    cannot_log_in(&world, &[&nobody, "28P01"]).await;
}

/// A transaction of somebody else's that has changed the role and is not over.
async fn lock(world: &World) -> Client {
    let client = world.database.cluster().superuser_client("postgres").await;
    let client = client.expect("the harness comes in");
    let statement = format!("BEGIN; ALTER ROLE {} CONNECTION LIMIT 7", world.database.role());
    client
        .batch_execute(&statement)
        .await
        .expect("the role is locked");
    client
}

#[tokio::test]
async fn a_role_that_another_transaction_holds_is_given_up_within_the_limits() {
    let world = hasty().start().await;
    let token = world.proposed().await;
    let other = lock(&world).await;
    let words = ["locked by another transaction", "55P03", "pg_stat_activity"];
    world.refuses(&token, Step::Set, "RoleLocked", &words).await;
    other.batch_execute("ROLLBACK").await.expect("the role is free");
    world
        .steps(&token, &Step::ALL)
        .await
        .expect("the rotation goes on");
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn a_role_that_another_transaction_holds_for_a_moment_is_waited_for() {
    for end in ["COMMIT", "ROLLBACK"] {
        let world = World::new().await;
        let role = world.database.role();
        // The role's own limit is shorter than the wait, and does not count.
        let limits = format!(
            "ALTER ROLE {role} SET statement_timeout = '900ms'; ALTER ROLE {role} SET lock_timeout = '900ms'"
        );
        world.database.sql(&limits).await;
        let token = world.proposed().await;
        let other = lock(&world).await;
        let release = async {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            other.batch_execute(end).await.expect("the transaction ends");
        };
        let (set, ()) = tokio::join!(world.step(&token, Step::Set), release);
        set.unwrap_or_else(|error| panic!("{end}: {error}"));
        world
            .steps(&token, &[Step::Test, Step::Finish])
            .await
            .expect("the rotation goes on");
        assert!(world.current_logs_in().await, "{end}");
    }
}

/// What a role's own settings may be, one after the other; `ROLE` is the role, `GROUP` a group that it is in.
const SETTINGS: &[&str] = &[
    "default_transaction_read_only = on",
    "default_transaction_isolation = 'serializable'",
    "default_transaction_deferrable = on",
    "idle_in_transaction_session_timeout = '1ms'",
    "role = 'GROUP'",
    "role = 'none'",
    "search_path = ''",
    "search_path = 'nowhere'",
    "standard_conforming_strings = off",
    "backslash_quote = off",
    "client_encoding = 'LATIN1'",
    "client_min_messages = 'debug5'",
    "DateStyle = 'SQL, DMY'",
    "TimeZone = 'Asia/Kathmandu'",
    "bytea_output = 'escape'",
    "log_statement = 'all'",
    "log_min_duration_statement = 0",
    "row_security = off",
    "password_encryption = 'md5'",
    "application_name = 'not keywheel'",
    "synchronous_commit = off",
];

#[tokio::test]
async fn a_roles_own_settings_do_no_harm() {
    let world = World::new().await;
    let role = world.database.role();
    let group = format!("{}_group", world.database.name());
    let create = format!("CREATE ROLE {group}; GRANT {group} TO {role}");
    world.database.sql(&create).await;
    for setting in SETTINGS {
        let setting = setting.replace("GROUP", &group);
        let set = format!("ALTER ROLE {role} RESET ALL; ALTER ROLE {role} SET {setting}");
        world.database.sql(&set).await;
        let rotated = world.rotate().await;
        rotated.unwrap_or_else(|error| panic!("{setting}: {error}"));
        assert!(world.current_logs_in().await, "{setting}");
        assert!(
            world.database.verifier().await.starts_with("SCRAM-SHA-256$"),
            "{setting}"
        );
    }
    world.database.sql(&format!("DROP ROLE {group}")).await;
}

/// Otherwise a crash of the server could take back a password that was promoted.
#[tokio::test]
async fn a_new_password_is_flushed_to_disk_whatever_the_role_or_the_database_say() {
    let world = World::new().await;
    let (role, name) = (world.database.role(), world.database.name().to_owned());
    let off = "SET synchronous_commit = off";
    let settings = format!("ALTER ROLE {role} {off}; ALTER DATABASE {name} {off}");
    world.database.sql(&settings).await;
    let before = world.database.log();
    rotates(&world).await;
    // One message may have several statements.
    let statements = world.database.log().since(&before).statements().join("; ");
    let position = |text: &str| statements.find(text);
    let on = position("set_config('synchronous_commit', 'on', true)");
    assert!(on.is_some() && on < position("ALTER ROLE"), "{statements:?}");
}

#[tokio::test]
async fn a_databases_own_settings_do_no_harm() {
    let world = World::new().await;
    let name = world.database.name().to_owned();
    for setting in ["default_transaction_read_only = on", "search_path = 'nowhere'"] {
        world
            .database
            .cluster()
            .sql(&format!("ALTER DATABASE {name} SET {setting}"))
            .await;
    }
    rotates(&world).await;
}

/// Functions and operators of the names that a rotation might call, which note that they were called.
const TRAPS: &str = "
    CREATE SCHEMA trap;
    CREATE TABLE trap.sprung (what text);
    GRANT ALL ON SCHEMA trap TO PUBLIC;
    GRANT ALL ON trap.sprung TO PUBLIC;
    CREATE FUNCTION trap.pg_is_in_recovery() RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO trap.sprung VALUES ('recovery'); RETURN true; END $$;
    CREATE FUNCTION trap.current_setting(text) RETURNS text LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO trap.sprung VALUES ('setting'); RETURN '1'; END $$;
    CREATE FUNCTION trap.current_setting(text, boolean) RETURNS text LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO trap.sprung VALUES ('setting'); RETURN '1'; END $$;
    CREATE FUNCTION trap.set_config(text, text, boolean) RETURNS text LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO trap.sprung VALUES ('config'); RETURN '1'; END $$;
    CREATE FUNCTION trap.now() RETURNS timestamptz LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO trap.sprung VALUES ('now'); RETURN 'infinity'; END $$;
    CREATE FUNCTION trap.same(name, text) RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO trap.sprung VALUES ('='); RETURN true; END $$;
    CREATE OPERATOR trap.= (LEFTARG = name, RIGHTARG = text, FUNCTION = trap.same);
    CREATE FUNCTION trap.earlier(timestamptz, timestamptz) RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO trap.sprung VALUES ('<='); RETURN true; END $$;
    CREATE OPERATOR trap.<= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = trap.earlier);
    CREATE VIEW trap.pg_roles AS SELECT * FROM pg_catalog.pg_roles WHERE false;
";

#[tokio::test]
async fn traps_in_the_search_path_are_not_sprung_by_the_role_nor_by_the_admin() {
    let world = with_admin().await;
    let (role, name) = (world.database.role(), world.database.name().to_owned());
    world.database.sql(TRAPS).await;
    let set = "SET search_path = trap, pg_catalog";
    world
        .database
        .sql(&format!("ALTER ROLE {role} {set}; ALTER DATABASE {name} {set}"))
        .await;
    world.rotate().await.expect("the role rotates");
    // Now the admin has to come in.
    world.database.set_password("changed by hand").await;
    world.rotate().await.expect("the admin sets the password");
    assert!(world.current_logs_in().await);
    assert_eq!(
        world.database.value("SELECT count(*) FROM trap.sprung").await,
        "0"
    );
    // The traps do work: each call of one is noted.
    let client = world
        .database
        .login(&world.password(&Label::Current).await)
        .await
        .expect("it logs in");
    client
        .batch_execute("SELECT pg_is_in_recovery()")
        .await
        .expect("the trap answers");
    assert_eq!(
        world.database.value("SELECT count(*) FROM trap.sprung").await,
        "1"
    );
}

#[tokio::test]
async fn a_login_that_a_missing_library_ends_says_so() {
    let world = World::new().await;
    let role = world.database.role();
    let set = format!("ALTER ROLE {role} SET session_preload_libraries = 'keywheel_nothing'");
    world.database.sql(&set).await;
    let token = world.proposed().await;
    let words = ["keywheel_nothing", "logging in", "look up the SQLSTATE"];
    world
        .refuses_each(&token, &[Step::Set], "ServerError", &words)
        .await;
}
