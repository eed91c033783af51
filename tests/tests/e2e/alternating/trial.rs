//! A trial (`--no-rotate-immediately`): testSecret alone, on a copy of the current value: finds all that a rotation would, and changes
//! nothing.

use aws_sdk_secretsmanager::types::RotationRulesType;
use keywheel_tests::pair::{Pair, Power};
use keywheel_tests::postgres::{Cluster, Options, Server, TestDatabase, cluster};
use keywheel_tests::world::Setup;
use secrets_manager_local::FunctionError;
use staging_labels::{Label, Step};
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
            let log = pair.log()[from..].to_owned();
            for words in [
                expected,
                "tried, and nothing changed: the login of AWSCURRENT",
                "the same of the rotation after it",
                "ListSecretVersionIds, for a recovery",
                "Could not be tried: PutSecretValue and UpdateSecretVersionStage",
            ] {
                assert!(log.contains(words), "{server:?} {words}: {log}");
            }
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
        assert_eq!(error.error_type, "SuperuserLacksRights", "{error}");
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
        error.error_type.starts_with("Superuser") && error.error_message.contains("28P01"),
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

/// What only a superuser gives, and what the superuser role lacks on either user: found before the rotation that it would stop, and before
/// the one after that.
#[tokio::test]
async fn it_looks_one_turn_ahead() {
    for server in [Server::Main, Server::Sixteen, Server::Eighteen] {
        for (turns, statement, code, words) in [
            (0, "ALTER ROLE {role} REPLICATION", "RepairRefused", "REPLICATION"),
            (1, "ALTER ROLE {role} REPLICATION", "RepairRefused", "REPLICATION"),
            (
                0,
                "ALTER ROLE {role} SET log_min_duration_statement = 7",
                "RepairRefused",
                "GRANT SET ON PARAMETER",
            ),
            (
                1,
                "REVOKE ADMIN OPTION FOR {clone} FROM {admin}",
                "SuperuserLacksRights",
                "GRANT \"{clone}\" TO",
            ),
        ] {
            let pair = Pair::on(server).await;
            for _ in 0..turns {
                pair.rotate().await.expect("the rotation succeeds");
            }
            let filled = |text: &str| {
                let text = text.replace("{role}", &pair.database.role());
                text.replace("{clone}", &pair.database.clone_user())
                    .replace("{admin}", &pair.admin.name)
            };
            // Before 16 CREATEROLE is enough, and there is no such option to take away.
            if server == Server::Main && code == "SuperuserLacksRights" {
                continue;
            }
            pair.database.sql(&filled(statement)).await;
            // Before 16 it is the turn of the original itself that a superuser is needed for.
            let (code, words, ahead) = match (server, turns, code) {
                (Server::Main, 1, "RepairRefused") => ("SuperuserLacksRights", "NOREPLICATION", false),
                _ => (code, words, turns == 1),
            };
            let before = state(&pair).await;
            let error = try_out(&pair).await.expect_err(statement);
            assert_eq!(error.error_type, code, "{server:?} {statement}: {error}");
            assert!(error.error_message.contains(&filled(words)), "{error}");
            assert_eq!(
                pair.log().contains("one rotation ahead"),
                ahead,
                "{server:?} {statement}"
            );
            assert_eq!(state(&pair).await, before, "{server:?} {statement}");
        }
    }
}

/// Each commit waits for a synchronous standby that is gone, and none of the server's time limits ends that.
#[tokio::test]
async fn a_synchronous_standby_that_is_gone_is_named() {
    for server in [Server::Main, Server::EighteenTls] {
        let options = Options::new(server);
        // Leaked, as the other tests' servers are kept: until the end of the tests.
        let own: &'static Cluster = Box::leak(Box::new(Cluster::start(&options).expect("a server starts")));
        let pair = Pair::of(Setup::on(server), TestDatabase::new(own).await, Power::CreateRole).await;
        pair.rotate().await.expect("the rotation succeeds");
        let token = pair.proposed().await;
        own.set("synchronous_standby_names", "gone").await;
        let mut outcomes = vec![
            pair.step(&token, Step::Set).await,
            pair.step(&token, Step::Set).await,
        ];
        let logs_in = pair.current_logs_in().await;
        pair.cancel_and_clean_up().await;
        outcomes.push(try_out(&pair).await);
        // Before anything can fail here: to drop what the test has made waits as well.
        own.set("synchronous_standby_names", "").await;

        assert!(logs_in, "{server:?}");
        for outcome in outcomes {
            let error = outcome.expect_err("no standby answers");
            assert_eq!(error.error_type, "StandbyMissing", "{server:?}: {error}");
            assert!(
                error
                    .error_message
                    .contains("synchronous_standby_names = \"gone\""),
                "{error}"
            );
        }
        pair.rotate().await.expect("the remedy helps");
        pair.invariant_current_and_previous_log_in("a standby that is back")
            .await;
    }
}
