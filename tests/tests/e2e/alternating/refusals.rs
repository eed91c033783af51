//! What is refused: an error with secret, step, cause and remedy, and nothing changed.

use keywheel_tests::pair::{Pair, Power};
use keywheel_tests::postgres::{Server, TestDatabase, cluster, standby};
use keywheel_tests::world::{ALTERNATING, Setup, World};
use serde_json::Value;
use staging_labels::{Label, Step};

/// A pair whose document was changed before the function ever saw it.
async fn with(change: impl FnOnce(&mut Value, &TestDatabase<'static>)) -> Pair {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let mut document = database.document();
    change(&mut document, &database);
    Pair::with_document(Setup::on(Server::Main), database, Power::CreateRole, document).await
}

/// A pair whose original was changed.
async fn with_role(statement: &str, server: Server) -> Pair {
    let database = TestDatabase::new(cluster(server)).await;
    database
        .sql(
            &statement
                .replace("{role}", &database.role())
                .replace("{user}", database.user()),
        )
        .await;
    Pair::of(Setup::on(server), database, Power::CreateRole).await
}

async fn replace_admin(pair: &Pair, document: &str) {
    let call = pair.client.put_secret_value().secret_id(&pair.admin_secret);
    call.secret_string(document)
        .send()
        .await
        .expect("the admin's secret is written");
}

#[tokio::test]
async fn a_secret_without_an_admin_is_refused_before_anything_is_written() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let world = Setup::on(Server::Main)
        .function(ALTERNATING)
        .start_with(database)
        .await;
    let token = world.stage();
    let words = ["masterarn", "rotate-postgres-single-user"];
    world
        .refuses(&token, Step::Create, "SuperuserSecretMissing", &words)
        .await;
    assert!(world.text(&Label::Pending).await.is_none());
}

#[tokio::test]
async fn an_admin_secret_that_is_the_secret_itself_is_refused_before_anything_is_written() {
    let pair = with(|_, _| {}).await;
    let mut document: Value =
        serde_json::from_str(&pair.text(&Label::Current).await.expect("a value")).expect("JSON");
    document["masterarn"] = pair.secret.as_str().into();
    pair.write_by_hand(&document.to_string()).await;
    let token = pair.stage();
    pair.refuses(
        &token,
        Step::Create,
        "SuperuserIsTheUser",
        &[&pair.secret.clone(), "masterarn"],
    )
    .await;
}

#[tokio::test]
async fn a_name_that_leaves_no_room_for_a_clone_is_refused_before_anything_is_written() {
    for name in ["x".repeat(58), "ü".repeat(30)] {
        let database = TestDatabase::with_user(cluster(Server::Main), &name).await;
        let pair = Pair::of(Setup::on(Server::Main), database, Power::CreateRole).await;
        let token = pair.stage();
        let words = ["bytes", "57", "rotate-postgres-single-user"];
        pair.refuses(&token, Step::Create, "RoleNameInvalid", &words)
            .await;
    }
}

#[tokio::test]
async fn an_admin_secret_that_cannot_be_used_is_refused() {
    let pair = Pair::new().await;
    let token = pair.proposed().await;
    let admin = pair.admin_secret.clone();
    let mut document = keywheel_tests::pair::admin_document(&pair.database, &pair.admin);
    for (key, value, words) in [
        (
            "host",
            Value::from("other.example.com"),
            "names another `host` or `port`",
        ),
        ("port", Value::from(1), "names another `host` or `port`"),
        ("password", Value::from("wrong"), "28P01"),
        ("host", Value::from(3), "its value is wrong (Secret"),
    ] {
        let mut changed = document.clone();
        changed[key] = value;
        replace_admin(&pair, &changed.to_string()).await;
        let error = pair
            .step(&token, Step::Set)
            .await
            .expect_err("the admin is unusable");
        assert!(error.error_message.contains(words), "{key}: {error}");
        assert!(error.error_message.contains(&admin), "{key}: {error}");
        assert!(error.error_type.starts_with("Superuser"), "{key}: {error}");
    }
    document["username"] = pair.database.user().into();
    document["password"] = pair.database.password().into();
    replace_admin(&pair, &document.to_string()).await;
    let error = pair
        .step(&token, Step::Set)
        .await
        .expect_err("the user is no admin of itself");
    assert!(
        ["SuperuserIsTheUser", "SuperuserLacksRights"].contains(&error.error_type.as_str()),
        "{error}"
    );
    let gone = pair
        .client
        .delete_secret()
        .secret_id(&pair.admin_secret)
        .force_delete_without_recovery(true);
    gone.send().await.expect("the admin's secret is deleted");
    pair.refuses(&token, Step::Set, "SecretNotFound", &[&admin]).await;
}

#[tokio::test]
async fn an_admin_without_the_rights_is_told_the_exact_statement_and_it_helps() {
    for (server, power) in [
        (Server::Main, Power::None),
        (Server::Sixteen, Power::WithoutAdminOption),
        (Server::Eighteen, Power::WithoutAdminOption),
    ] {
        let pair = Pair::of(Setup::on(server), TestDatabase::new(cluster(server)).await, power).await;
        let token = pair.proposed().await;
        let (admin, role) = (pair.admin.name.clone(), pair.database.role());
        let statement = if power == Power::None {
            format!("ALTER ROLE \"{admin}\" CREATEROLE")
        } else {
            format!("GRANT {role} TO \"{admin}\" WITH ADMIN OPTION")
        };
        pair.refuses(&token, Step::Set, "SuperuserLacksRights", &[&admin, &statement])
            .await;
        pair.database.sql(&statement).await;
        let rest = pair.steps(&token, &[Step::Set, Step::Test, Step::Finish]).await;
        rest.unwrap_or_else(|error| panic!("{server:?}: {error}"));
        pair.invariant_current_and_previous_log_in("the remedy").await;
    }
}

#[tokio::test]
async fn a_superuser_is_not_copied() {
    let pair = with_role("ALTER ROLE {role} SUPERUSER", Server::Main).await;
    let token = pair.proposed().await;
    pair.refuses(&token, Step::Set, "RolePowerful", &["superuser", "ordinary role"])
        .await;
}

#[tokio::test]
async fn a_foreign_role_that_carries_the_clones_name_is_not_taken_over() {
    for server in [Server::Main, Server::Eighteen] {
        let pair = with_role("CREATE ROLE \"{user}_clone\" LOGIN PASSWORD 'theirs'", server).await;
        let token = pair.proposed().await;
        let clone = pair.database.clone_user();
        pair.refuses(&token, Step::Set, "CloneForeign", &[&clone, "GRANT", "RENAME TO"])
            .await;
        assert!(
            pair.database
                .cluster()
                .accepts(&clone, "theirs", pair.database.name())
                .await
        );
    }
}

#[tokio::test]
async fn a_role_past_its_valid_until_is_told_so() {
    let pair = Pair::new().await;
    pair.rotate().await.expect("the rotation succeeds");
    let token = pair.proposed().await;
    let role = pair.database.role();
    pair.database
        .sql(&format!("ALTER ROLE {role} VALID UNTIL '2001-01-01'"))
        .await;
    pair.refuses(
        &token,
        Step::Set,
        "RoleExpired",
        &["2001-01-01", "VALID UNTIL 'infinity'"],
    )
    .await;
}

#[tokio::test]
async fn a_pending_value_of_somebody_else_is_refused_before_any_login() {
    let pair = Pair::new().await;
    let mut document: Value =
        serde_json::from_str(&pair.text(&Label::Current).await.expect("a value")).expect("JSON");
    for (key, value) in [
        ("username", "somebody_clone"),
        ("username", &pair.database.user().to_uppercase()),
        ("host", "127.0.0.1"),
        ("dbname", "other"),
    ] {
        let token = pair.stage();
        let mut pending = document.clone();
        pending["username"] = pair.database.clone_user().into();
        pending[key] = value.into();
        pending["password"] = "x".repeat(20).into();
        pair.put_pending(&token, &pending.to_string()).await;
        let before = pair.database.log();
        pair.refuses_each(
            &token,
            &[Step::Create, Step::Set, Step::Test, Step::Finish],
            "PendingNamesAnotherTarget",
            &[key],
        )
        .await;
        assert_eq!(pair.database.log().since(&before).logins(), 0, "{key}: {value}");
        pair.clean_up(&token).await;
    }
    document["username"] = Value::Null;
    assert!(pair.current_logs_in().await);
}

/// AWSCURRENT was moved on to the very user that the pending version is for, such as by a finishSecret that hung.
#[tokio::test]
async fn a_pending_value_for_the_user_in_use_heals_it_or_is_released_and_the_next_rotation_goes_through() {
    for is_set in [false, true] {
        let pair = Pair::new().await;
        let current = pair.text(&Label::Current).await.expect("a value");
        let mut pending: Value = serde_json::from_str(&current).expect("JSON");
        pending["password"] = "p".repeat(20).into();
        let token = pair.stage();
        pair.put_pending(&token, &pending.to_string()).await;
        if is_set {
            let user = pair.database.user();
            let alter = format!("ALTER ROLE \"{user}\" PASSWORD '{}'", "p".repeat(20));
            pair.database.sql(&alter).await;
            let outcome = pair.steps(&token, &Step::ALL).await;
            outcome.expect("it is the role's password");
            assert_eq!(pair.carrier(&Label::Current).await, Some(token));
        } else {
            pair.step(&token, Step::Create)
                .await
                .expect("there is a value already");
            let error = pair.step(&token, Step::Set).await.expect_err("it never can be");
            assert_eq!(error.error_type, "PendingUserWrong", "{error}");
            assert!(error.error_message.contains("as AWSCURRENT is"), "{error}");
            assert_eq!(pair.carrier(&Label::Pending).await, None);
        }
        assert!(pair.current_logs_in().await, "{is_set}");
        pair.rotate().await.expect("the next rotation goes through");
        assert!(pair.current_logs_in().await, "{is_set}");
    }
}

/// AWS's template would stage `x` for `x_clone`, whatever the server says; ours lets go of such a value, and the next rotation asks.
#[tokio::test]
async fn a_turn_that_was_mistaken_by_the_name_is_released() {
    let other = TestDatabase::with_user(cluster(Server::Main), "t9_data").await;
    let database = TestDatabase::with_user(cluster(Server::Main), "t9_data_clone").await;
    let pair = Pair::of(Setup::on(Server::Main), database, Power::CreateRole).await;
    pair.admin.gets_admin_option_on("t9_data").await;
    let before = other.verifier().await;
    let token = pair.stage();
    let mut pending: Value =
        serde_json::from_str(&pair.text(&Label::Current).await.expect("a value")).expect("JSON");
    pending["username"] = "t9_data".into();
    pending["password"] = "x".repeat(20).into();
    pair.put_pending(&token, &pending.to_string()).await;
    let error = pair
        .step(&token, Step::Set)
        .await
        .expect_err("t9_data_clone is no clone");
    assert_eq!(error.error_type, "PendingUserWrong", "{error}");
    assert_eq!(other.verifier().await, before);
    assert!(pair.carrier(&Label::Pending).await.is_none());
    pair.rotate().await.expect("the next rotation asks the server");
    assert_eq!(pair.user(&Label::Current).await, "t9_data_clone_clone");
}

#[tokio::test]
async fn a_setting_that_the_admin_may_not_give_is_an_error_with_what_allows_it() {
    let pair = with_role(
        "ALTER ROLE {role} SET app.secret TO 'canary-of-a-setting'",
        Server::Main,
    )
    .await;
    let token = pair.proposed().await;
    let words = ["app.secret", "GRANT SET ON PARAMETER", "42501"];
    pair.refuses(&token, Step::Set, "RepairRefused", &words).await;
    let admin = &pair.admin.name;
    pair.database
        .sql(&format!("GRANT SET ON PARAMETER app.secret TO {admin}"))
        .await;
    let rest = pair.steps(&token, &[Step::Set, Step::Test, Step::Finish]).await;
    rest.expect("the remedy helps");
    assert!(!pair.log().contains("canary-of-a-setting"));
}

#[tokio::test]
async fn rights_that_the_pending_user_lacks_are_named_before_aws_current_moves() {
    let pair = Pair::new().await;
    pair.rotate().await.expect("the rotation succeeds");
    let token = pair.proposed().await;
    pair.step(&token, Step::Set)
        .await
        .expect("setSecret goes through");
    // The clone, in use, gets something for itself alone; and it no longer acts as the original.
    let clone = pair.database.clone_user();
    pair.database
        .sql(&format!(
            "ALTER ROLE {clone} RESET role; CREATE TABLE for_the_clone (i int); GRANT SELECT ON for_the_clone TO {clone}"
        ))
        .await;
    let words = [
        clone.as_str(),
        "SELECT on table for_the_clone",
        "GRANT SELECT ON TABLE",
    ];
    pair.refuses_each(&token, &[Step::Test, Step::Finish], "RightsDiffer", &words)
        .await;
    pair.database
        .sql(&format!(
            "REVOKE SELECT ON for_the_clone FROM {clone}; ALTER ROLE {clone} SET work_mem TO '77MB'"
        ))
        .await;
    pair.refuses_each(&token, &[Step::Test, Step::Finish], "RightsDiffer", &["work_mem"])
        .await;
    assert!(pair.current_logs_in().await);
    // The original is what both should be like.
    pair.database
        .sql(&format!("ALTER ROLE {clone} RESET work_mem"))
        .await;
    let whole = pair.steps(&token, &Step::ALL).await;
    whole.expect("the repeated rotation goes through");
}

#[tokio::test]
async fn the_operators_own_test_decides() {
    let pair_with = async |sql: &str| {
        let setup = Setup::on(Server::Main).env("TEST_SQL", sql);
        Pair::of(
            setup,
            TestDatabase::new(cluster(Server::Main)).await,
            Power::CreateRole,
        )
        .await
    };
    for (sql, words) in [
        ("SELECT * FROM no_such_table", "no_such_table"),
        ("SELECT false", "false"),
        ("CREATE TABLE t (i int)", "25006"),
        ("COMMIT; CREATE TABLE t (i int)", "25006"),
    ] {
        let pair = pair_with(sql).await;
        let token = pair.proposed().await;
        pair.step(&token, Step::Set)
            .await
            .expect("setSecret goes through");
        pair.refuses_each(
            &token,
            &[Step::Test, Step::Finish],
            "TestSqlFailed",
            &[words, "TEST_SQL"],
        )
        .await;
        assert!(pair.current_logs_in().await, "{sql}");
    }
    let pair = pair_with("SELECT count(*) >= 0 FROM pg_class").await;
    pair.rotate().await.expect("a test that holds is no hindrance");

    let setup = Setup::on(Server::Main).env("TEST_SQL", "SELECT current_user = 'somebody else'");
    let world: World = setup.start().await;
    let token = world.proposed().await;
    world
        .refuses(&token, Step::Set, "TestSqlFailed", &["false"])
        .await;

    // In the classic order the test comes after the change.
    let setup = Setup::on(Server::Main).env("TEST_SQL", "SELECT current_user = 'somebody else'");
    let classic = setup.env("AWSCURRENT_MOVES", "finishSecret");
    let world: World = classic.start().await;
    let token = world.proposed().await;
    world
        .step(&token, Step::Set)
        .await
        .expect("setSecret goes through");
    world
        .refuses(&token, Step::Test, "TestSqlFailed", &["false"])
        .await;
}

#[tokio::test]
async fn a_password_that_the_policy_rejects_is_let_go_with_everything_else_undone() {
    let pair = with_role("SELECT 1", Server::Main).await;
    let token = pair.stage();
    let mut pending: Value =
        serde_json::from_str(&pair.text(&Label::Current).await.expect("a value")).expect("JSON");
    pending["username"] = pair.database.clone_user().into();
    pending["password"] = "short".into();
    pair.put_pending(&token, &pending.to_string()).await;
    // No policy here: it goes through.
    let whole = pair.steps(&token, &Step::ALL).await;
    whole.expect("a value that somebody else staged is as good");
    assert_eq!(pair.password(&Label::Current).await, "short");
}

#[tokio::test]
async fn a_standby_that_rds_knows_nothing_of_is_told_so() {
    let (primary, standby) = (cluster(Server::Main), standby());
    let database = TestDatabase::new(primary).await;
    let document = database.document_at("localhost", standby.port());
    let pair = Pair::with_document(Setup::on(Server::Main), database, Power::CreateRole, document).await;
    let mut admin = keywheel_tests::pair::admin_document(&pair.database, &pair.admin);
    admin["port"] = standby.port().into();
    replace_admin(&pair, &admin.to_string()).await;
    standby.catch_up_with(primary).await;
    let token = pair.proposed().await;
    let words = ["read-only standby", "the primary", "writer endpoint"];
    pair.refuses(&token, Step::Set, "ReadOnlyStandby", &words).await;
}
