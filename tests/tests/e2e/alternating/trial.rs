//! A trial (`--no-rotate-immediately`): testSecret alone, on a copy of the current value: finds all that a rotation would, and changes
//! nothing.

use aws_sdk_secretsmanager::types::RotationRulesType;
use keywheel_tests::pair::{Pair, Power};
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::Setup;
use secrets_manager_local::FunctionError;
use staging_labels::Label;
use uuid::Uuid;

pub(super) async fn try_out(pair: &Pair) -> Result<(), FunctionError> {
    let token = Uuid::new_v4().to_string();
    let answer = pair
        .client
        .rotate_secret()
        .secret_id(&pair.secret)
        .client_request_token(&token)
        .rotation_lambda_arn(secrets_manager_local::function_arn(pair.function))
        .rotation_rules(RotationRulesType::builder().automatically_after_days(30).build())
        .rotate_immediately(false)
        .send()
        .await;
    answer.expect("RotateSecret is accepted");
    pair.outcome(&token).await
}

/// Everything that a trial must leave alone.
async fn state(pair: &Pair) -> String {
    let roles = format!(
        "SELECT string_agg(a::text, ' ' ORDER BY rolname) || (SELECT count(*) FROM pg_auth_members WHERE roleid = '{0}'::regrole) FROM pg_authid AS a WHERE rolname LIKE '{0}%'",
        pair.database.user()
    );
    format!(
        "{} {:?}",
        pair.database.value(&roles).await,
        pair.text(&Label::Current).await
    )
}

#[tokio::test]
async fn it_says_what_a_rotation_would_do_and_does_nothing() {
    for server in [Server::Main, Server::Sixteen, Server::Eighteen] {
        let pair = Pair::on(server).await;
        for expected in ["create role", "a rotation would set a new password for role"] {
            let before = state(&pair).await;
            let from = pair.log().len();
            try_out(&pair)
                .await
                .unwrap_or_else(|error| panic!("{server:?}: {error}"));
            assert_eq!(state(&pair).await, before, "{server:?}");
            assert!(
                pair.log()[from..].contains(expected),
                "{server:?}: {}",
                &pair.log()[from..]
            );
            pair.rotate().await.expect("the rotation succeeds");
        }
    }
}

#[tokio::test]
async fn it_finds_what_the_admin_lacks() {
    for (server, power, grant) in [
        (Server::Main, Power::None, "CREATEROLE"),
        (Server::Eighteen, Power::WithoutAdminOption, "WITH ADMIN OPTION"),
    ] {
        let database = TestDatabase::new(cluster(server)).await;
        let pair = Pair::of(Setup::on(server), database, power).await;
        let before = state(&pair).await;
        let error = try_out(&pair).await.expect_err("the admin lacks rights");
        assert_eq!(error.error_type, "AdminLacksRights", "{error}");
        assert!(error.error_message.contains(grant), "{error}");
        assert_eq!(state(&pair).await, before);
        assert!(
            pair.carrier(&Label::Pending).await.is_none(),
            "the trial's version is gone"
        );
    }
}

#[tokio::test]
async fn it_finds_an_admin_that_does_not_log_in_and_a_clone_that_is_none() {
    let pair = Pair::new().await;
    let clone = pair.database.clone_user();
    pair.database.sql(&format!("CREATE ROLE {clone}")).await;
    assert_eq!(
        try_out(&pair).await.expect_err("a foreign role").error_type,
        "CloneForeign"
    );
    pair.database
        .sql(&format!("ALTER ROLE {} PASSWORD 'another'", pair.admin.name))
        .await;
    let error = try_out(&pair).await.expect_err("the admin's password is wrong");
    assert!(
        error.error_type.starts_with("Admin") && error.error_message.contains("28P01"),
        "{error}"
    );
}

#[tokio::test]
async fn it_runs_the_operators_own_test() {
    let setup = Setup::on(Server::Main).env("TEST_SQL", "SELECT * FROM not_there");
    let pair = Pair::of(
        setup,
        TestDatabase::new(cluster(Server::Main)).await,
        Power::CreateRole,
    )
    .await;
    assert_eq!(
        try_out(&pair).await.expect_err("the test fails").error_type,
        "TestSqlFailed"
    );
}
