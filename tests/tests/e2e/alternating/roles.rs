//! The clone is the original in all that an application can see.

use keywheel_tests::pair::{Pair, Power};
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::Setup;
use staging_labels::Label;
use tokio_postgres::Client;

const SERVERS: [Server; 3] = [Server::Main, Server::Sixteen, Server::Eighteen];

async fn value(session: &Client, query: &str) -> String {
    let rows = session.query(query, &[]).await;
    let rows = rows.unwrap_or_else(|error| panic!("`{query}`: {error:?}"));
    rows[0].get::<_, Option<String>>(0).unwrap_or_default()
}

/// Each on its own, outside of a transaction.
async fn run(session: &Client, statements: &[&str]) {
    for statement in statements {
        let outcome = session.batch_execute(statement).await;
        outcome.unwrap_or_else(|error| panic!("`{statement}`: {error:?}"));
    }
}

/// A pair whose original has all that a role can have, and a rotation behind it: the clone is in use.
async fn with_everything(server: Server) -> Pair {
    let database = TestDatabase::new(cluster(server)).await;
    let (role, name) = (database.role(), database.name().to_owned());
    let reports = format!("{name}_reports");
    database
        .sql(&format!(
            "CREATE ROLE {reports}; GRANT {reports} TO {role} WITH ADMIN OPTION;
             ALTER ROLE {role} CREATEDB CONNECTION LIMIT 20 VALID UNTIL '2999-01-01 00:00:00+00';
             CREATE SCHEMA own AUTHORIZATION {role};
             ALTER ROLE {role} SET search_path TO own, \"$user\", public, 'a,\"b';
             ALTER ROLE {role} SET app.note TO 'it''s, \"quoted\"';
             ALTER ROLE {role} IN DATABASE {name} SET statement_timeout TO '71s';
             CREATE TABLE own.orders (who text DEFAULT current_user, item text);
             ALTER TABLE own.orders OWNER TO {role};
             ALTER TABLE own.orders ENABLE ROW LEVEL SECURITY; ALTER TABLE own.orders FORCE ROW LEVEL SECURITY;
             CREATE POLICY mine ON own.orders USING (who = current_user);
             ALTER DEFAULT PRIVILEGES FOR ROLE {role} IN SCHEMA own GRANT SELECT ON TABLES TO {reports}"
        ))
        .await;
    let pair = Pair::of(Setup::on(server), database, Power::CreateRole).await;
    // A setting that no module has defined may be set for others only by whom a superuser allows it.
    let admin = &pair.admin.name;
    pair.database
        .sql(&format!("GRANT SET ON PARAMETER app.note TO {admin}"))
        .await;
    let session = pair.session(&Label::Current).await;
    session
        .batch_execute("INSERT INTO orders (item) VALUES ('by the original')")
        .await
        .expect("the original writes");
    drop(session);
    pair.rotate().await.expect("the rotation succeeds");
    assert_eq!(pair.user(&Label::Current).await, pair.database.clone_user());
    pair
}

async fn drop_reports(pair: &Pair) {
    let reports = format!("{}_reports", pair.database.name());
    pair.database
        .sql(&format!("DROP OWNED BY {reports}; DROP ROLE {reports}"))
        .await;
}

#[tokio::test]
async fn a_session_of_the_clone_is_one_of_the_original() {
    for server in SERVERS {
        let pair = with_everything(server).await;
        let (app, name) = (pair.database.user(), pair.database.name());
        let session = pair.session(&Label::Current).await;
        assert_eq!(
            value(&session, "SELECT session_user::text").await,
            pair.database.clone_user()
        );
        assert_eq!(value(&session, "SELECT current_user::text").await, app);
        let path = value(&session, "SHOW search_path").await;
        assert_eq!(path, r#"own, "$user", public, "a,""b""#, "{server:?}");
        assert_eq!(value(&session, "SHOW app.note").await, "it's, \"quoted\"");
        assert_eq!(value(&session, "SHOW statement_timeout").await, "71s");
        // A row policy on current_user shows the original's rows, and takes new ones as the original's.
        session
            .batch_execute("INSERT INTO orders (item) VALUES ('by the clone')")
            .await
            .expect("the clone writes");
        assert_eq!(value(&session, "SELECT count(*)::text FROM orders").await, "2");
        // Its memberships are the original's, ADMIN OPTION included, and so are its attributes.
        let admin = &pair.admin.name;
        run(
            &session,
            &[
                &format!("SET ROLE {name}_reports"),
                "RESET ROLE",
                &format!("GRANT {name}_reports TO {admin}"),
                &format!("CREATE DATABASE {name}_more"),
                &format!("DROP DATABASE {name}_more"),
            ],
        )
        .await;
        assert_eq!(value(&session, "SELECT current_user::text").await, app);
        let limits = format!(
            "SELECT string_agg(rolconnlimit || ' ' || rolvaliduntil, ', ') FROM pg_roles WHERE rolname IN ('{app}', '{app}_clone')"
        );
        let limits = pair.database.value(&limits).await;
        let (one, other) = limits.split_once(", ").expect("two roles");
        assert_eq!(one, other);
        drop(session);
        drop_reports(&pair).await;
    }
}

#[tokio::test]
async fn what_either_makes_has_one_owner_and_the_originals_default_privileges() {
    for server in SERVERS {
        let pair = with_everything(server).await;
        let session = pair.session(&Label::Current).await;
        run(
            &session,
            &[
                "CREATE TABLE made_by_the_clone (i serial); INSERT INTO made_by_the_clone DEFAULT VALUES",
                "DISCARD ALL",
                "CREATE TABLE own.made_after_a_pooler_reset (i int)",
            ],
        )
        .await;
        drop(session);
        pair.rotate().await.expect("the rotation succeeds");
        let session = pair.session(&Label::Current).await;
        session
            .batch_execute(
                "INSERT INTO made_by_the_clone DEFAULT VALUES; ALTER TABLE made_by_the_clone ADD COLUMN j int; DROP TABLE made_after_a_pooler_reset",
            )
            .await
            .expect("the original does as it likes with them");
        let owners = "SELECT string_agg(DISTINCT pg_get_userbyid(relowner), ', ') FROM pg_class WHERE relnamespace = 'own'::regnamespace";
        assert_eq!(pair.database.value(owners).await, pair.database.user());
        let reports = format!(
            "SELECT has_table_privilege('{}_reports', 'own.made_by_the_clone', 'SELECT')::text",
            pair.database.name()
        );
        assert_eq!(pair.database.value(&reports).await, "true");
        drop(session);
        drop_reports(&pair).await;
    }
}

#[tokio::test]
async fn a_later_grant_or_revoke_holds_for_the_clone_at_once() {
    for server in SERVERS {
        let pair = Pair::on(server).await;
        pair.rotate().await.expect("the rotation succeeds");
        pair.database.sql("CREATE TABLE theirs AS SELECT 1 AS i").await;
        let session = pair.session(&Label::Current).await;
        let read = "SELECT i FROM theirs";
        assert!(session.batch_execute(read).await.is_err());
        let role = pair.database.role();
        pair.database
            .sql(&format!("GRANT SELECT ON theirs TO {role}"))
            .await;
        session.batch_execute(read).await.expect("what is granted holds");
        pair.database
            .sql(&format!("REVOKE SELECT ON theirs FROM {role}"))
            .await;
        assert!(
            session.batch_execute(read).await.is_err(),
            "{server:?}: what is revoked is gone"
        );
    }
}

/// Somebody changes the clone alone.
async fn change_the_clone(pair: &Pair, settings_too: bool) {
    let (clone, name) = (pair.database.clone_user(), pair.database.name());
    let limits = format!(
        "ALTER ROLE {clone} CONNECTION LIMIT 3 VALID UNTIL 'infinity'; ALTER ROLE {clone} RESET role"
    );
    let settings = format!(
        "ALTER ROLE {clone} RESET search_path; ALTER ROLE {clone} SET work_mem TO '1GB';
         ALTER ROLE {clone} IN DATABASE {name} SET statement_timeout TO '1s'"
    );
    pair.database.sql(&limits).await;
    if settings_too {
        pair.database.sql(&settings).await;
    }
}

/// A role's settings but for the role that it acts as, in all scopes.
async fn settings(pair: &Pair, role: &str) -> String {
    let query = format!(
        "SELECT string_agg(array_to_string(c, '|'), ';' ORDER BY d) FROM (SELECT setdatabase AS d, ARRAY(SELECT e FROM unnest(setconfig) AS e WHERE e NOT LIKE 'role=%' ORDER BY e) AS c
         FROM pg_db_role_setting WHERE setrole = '{role}'::regrole) AS s"
    );
    pair.database.value(&query).await
}

#[tokio::test]
async fn what_was_changed_by_hand_is_brought_back_at_its_turn_and_reported() {
    for server in SERVERS {
        let pair = with_everything(server).await;
        pair.rotate().await.expect("the rotation succeeds");
        change_the_clone(&pair, true).await;
        pair.rotate().await.expect("the rotation succeeds");
        let (app, clone) = (pair.database.user(), pair.database.clone_user());
        assert_eq!(pair.user(&Label::Current).await, clone);
        let log = pair.log();
        for repaired in [
            "CONNECTION LIMIT 20",
            "VALID UNTIL",
            "set role for role",
            "set search_path for role",
            "reset work_mem for role",
            "set statement_timeout for role",
        ] {
            assert!(
                log.contains("repaired: ") && log.contains(repaired),
                "{repaired}: {log}"
            );
        }
        assert_eq!(settings(&pair, &clone).await, settings(&pair, app).await);
        // And nothing is left to repair.
        let before = pair.log().len();
        for _ in 0..2 {
            pair.rotate().await.expect("the rotation succeeds");
        }
        let log = &pair.log()[before..];
        assert!(!log.contains("repaired: ") && !log.contains("differs"), "{log}");
        drop_reports(&pair).await;
    }
}

/// A limit that somebody raised for the user in use may be what keeps an application going.
#[tokio::test]
async fn the_user_in_use_is_left_as_it_is_and_its_difference_reported() {
    for server in SERVERS {
        let pair = with_everything(server).await;
        change_the_clone(&pair, false).await;
        let of_the_clone = format!(
            "SELECT (rolconnlimit, rolvaliduntil)::text FROM pg_roles WHERE rolname = '{}'",
            pair.database.clone_user()
        );
        let before = pair.database.value(&of_the_clone).await;
        pair.rotate().await.expect("the rotation succeeds");
        assert_eq!(pair.user(&Label::Current).await, pair.database.user());
        assert_eq!(pair.database.value(&of_the_clone).await, before);
        let log = pair.log();
        let words = "the clone in use differs; the next rotation to it will: give role";
        assert!(
            log.contains(words) && log.contains("CONNECTION LIMIT 20"),
            "{log}"
        );
        pair.invariant_current_and_previous_log_in("left alone").await;
        pair.rotate().await.expect("the rotation succeeds");
        assert_ne!(pair.database.value(&of_the_clone).await, before);
        drop_reports(&pair).await;
    }
}

#[tokio::test]
async fn a_setting_of_the_user_in_use_alone_is_missed_before_aws_current_moves() {
    let pair = Pair::new().await;
    pair.rotate().await.expect("the rotation succeeds");
    let clone = pair.database.clone_user();
    pair.database
        .sql(&format!("ALTER ROLE {clone} SET work_mem TO '77MB'"))
        .await;
    let error = pair.rotate().await.expect_err("the original has no such setting");
    assert_eq!(error.error_type, "RightsDiffer", "{error}");
    assert!(error.error_message.contains("work_mem"), "{error}");
    assert!(pair.current_logs_in().await);
}

#[tokio::test]
async fn names_of_any_kind_take_turns() {
    for user in [
        "Üser \"q\" 'a' %s a%%b",
        "data_clone",
        "data_clone_clone",
        "a\\b;--",
        &"x".repeat(57),
    ] {
        let user = format!("{}{user}", if user.len() == 57 { "" } else { "t7 " });
        let database = TestDatabase::with_user(cluster(Server::Main), &user).await;
        let pair = Pair::of(Setup::on(Server::Main), database, Power::CreateRole).await;
        for expected in [format!("{user}_clone"), user.clone(), format!("{user}_clone")] {
            let outcome = pair.rotate().await;
            outcome.unwrap_or_else(|error| panic!("{user}: {error}"));
            assert_eq!(pair.user(&Label::Current).await, expected);
            pair.invariant_current_and_previous_log_in(&user).await;
        }
    }
}

/// `data_clone` is somebody's own name, and `data` another role that has nothing to do with it.
#[tokio::test]
async fn a_user_whose_own_name_ends_in_clone_takes_turns_with_a_clone_of_its_own() {
    let other = TestDatabase::with_user(cluster(Server::Main), "t8_data").await;
    let database = TestDatabase::with_user(cluster(Server::Main), "t8_data_clone").await;
    let pair = Pair::of(Setup::on(Server::Main), database, Power::CreateRole).await;
    let untouched = other.verifier().await;
    let only = "SELECT rolpassword FROM pg_authid WHERE rolname = 't8_data'";
    let before = other.value(only).await;
    for expected in ["t8_data_clone_clone", "t8_data_clone", "t8_data_clone_clone"] {
        pair.rotate().await.expect("the rotation succeeds");
        assert_eq!(pair.user(&Label::Current).await, expected);
    }
    assert_eq!(other.value(only).await, before);
    assert!(untouched.contains(&before));
}

/// A list, a boolean and an escape come back as they were; the user and the password alone change.
#[tokio::test]
async fn the_rest_of_the_document_stays_to_the_byte() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let mut document = database.document();
    document["note"] = "\u{fc}bergabe".into();
    document["nested"] = serde_json::json!({"b": 1, "a": [1, 2.50]});
    let pair = Pair::with_document(Setup::on(Server::Main), database, Power::CreateRole, document).await;
    let before = pair.text(&Label::Current).await.expect("there is a value");
    pair.rotate().await.expect("the rotation succeeds");
    let after = pair.text(&Label::Current).await.expect("there is a value");
    let (app, clone) = (pair.database.user(), pair.database.clone_user());
    let expected = before
        .replace(&format!("\"{app}\""), &format!("\"{clone}\""))
        .replace(pair.database.password(), &pair.password(&Label::Current).await);
    assert_eq!(after, expected);
}
