//! Servers that let others decide about a password: a real LDAP server, and PAM, which RDS asks for IAM.

use keywheel_tests::postgres::{Cluster, Directory, Options, Server, StartError, TestDatabase};
use keywheel_tests::world::{Setup, World};
use staging_labels::{Label, Step};

/// A server of its own with this rule; none if it was built without what the rule asks for.
fn cluster(rule: &str) -> Option<&'static Cluster> {
    let options = Options::new(Server::Main).with_rule(rule);
    match tokio::task::block_in_place(|| Cluster::start(&options)) {
        Ok(cluster) => Some(Box::leak(Box::new(cluster))),
        Err(StartError::Program { output, .. }) if output.contains("not supported by this build") => None,
        Err(error) => panic!("{error}"),
    }
}

/// The role `user` with this password in its secret.
async fn world(cluster: &'static Cluster, user: &str, password: &str) -> World {
    let database = TestDatabase::with_user(cluster, user).await;
    let mut document = database.document();
    document["password"] = password.into();
    Setup::on(Server::Main)
        .start_with_document(database, &document.to_string())
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_an_ldap_server_keeps_its_password_and_the_error_says_who_decides() {
    let (user, password) = ("of_the_directory", "known-to-the-directory");
    let directory = Directory::start(user, password).expect("a directory starts");
    let Some(cluster) = cluster(&directory.rule(user)) else {
        return;
    };
    let world = world(cluster, user, password).await;
    assert!(world.current_logs_in().await);
    world.test_rotation().await.expect("the value logs in");
    let classic = "did not ask for the password by SCRAM or MD5";
    let warned = |line: &str| line.contains("WARN") && line.contains(classic);
    assert!(world.log().lines().any(warned), "{}", world.log());
    if let Some(version) = world.carrier(&Label::Pending).await {
        world.clean_up(&version).await;
    }

    let before = world.carrier(&Label::Current).await;
    let token = world.proposed().await;
    world
        .step(&token, Step::Set)
        .await
        .expect("the server takes a password that it does not use");
    assert!(
        world
            .log()
            .lines()
            .any(|line| line.contains("INFO") && line.contains(classic)),
        "the log says why"
    );
    for step in [Step::Test, Step::Finish] {
        let words = [
            "LDAP authentication failed",
            "SQLSTATE 28000",
            "LDAP decides",
            "rotate the password there",
        ];
        world.refuses(&token, step, "PendingRefused", &words).await;
    }
    // Nobody is locked out: AWSCURRENT has not moved, and the directory still takes it.
    assert_eq!(world.carrier(&Label::Current).await, before);
    assert!(world.current_logs_in().await);
}

/// As RDS has it for members of `rds_iam`.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_pam_decides_about_is_told_to_need_no_rotation() {
    let user = "logs_in_by_iam";
    let Some(cluster) = cluster(&format!("host all {user} all pam pamservice=keywheel-nobody\n")) else {
        return;
    };
    let world = world(cluster, user, "not a token").await;
    let token = world.proposed().await;
    let words = [
        "PAM authentication failed",
        "On RDS that is IAM",
        "cancel-rotate-secret",
        "REVOKE rds_iam FROM \"logs_in_by_iam\"",
    ];
    world.refuses(&token, Step::Set, "LoginRefused", &words).await;
    world.refuses(&token, Step::Test, "PendingRefused", &words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_connect_to_the_database_of_a_secret_that_names_none_is_told_to_name_one() {
    let cluster = cluster("").expect("a server starts");
    cluster
        .sql("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC")
        .await;
    let database = TestDatabase::new(cluster).await;
    let mut document = database.document();
    document
        .as_object_mut()
        .expect("it is an object")
        .remove("dbname");
    let world = Setup::on(Server::Main)
        .start_with_document(database, &document.to_string())
        .await;
    let token = world.proposed().await;
    let said = world
        .refuses(
            &token,
            Step::Set,
            "ConnectDenied",
            &["set `dbname` in the secret"],
        )
        .await;
    assert!(!said.contains("GRANT"), "{said}");
}
