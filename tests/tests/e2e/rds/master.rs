//! Admin secrets that RDS made, with only a user name and a password in them.

use keywheel_tests::canary::Canaries;
use keywheel_tests::rds::{Cloud, primary, rotates};
use keywheel_tests::world::World;
use serde_json::{Value, json};
use staging_labels::{Label, Step};

use super::{calls_about, lose_the_password};

/// A cluster `orders` with the members `one` and `two`, an instance `solo` with the replica `copy`; the world's secret has
/// these fields, and the admin secret that RDS made for one of the two.
async fn world_of(kind: &str, id: &str, fields: Value) -> (Cloud, World, String) {
    let cloud = Cloud::new().followers(&[Cloud::host("two", ""), Cloud::host("copy", "")]);
    cloud.cluster("orders", primary().port(), &["one", "two"]);
    cloud.instance("solo", primary().port());
    cloud.replica("copy", "solo");
    let arn = cloud.master_secret(kind, id);
    let mut fields = fields;
    fields["masterarn"] = arn.as_str().into();
    let world = cloud.world(cloud.setup(Some(&arn)), fields).await;
    cloud.put_master_secret(&world, kind, id).await;
    (cloud, world, arn)
}

#[tokio::test]
async fn it_heals_a_lost_password_for_one_more_call_to_each_api() {
    for (kind, id, host, question) in [
        (
            "cluster",
            "orders",
            Cloud::host("orders", "cluster-"),
            "DescribeDBClusters",
        ),
        (
            "cluster",
            "orders",
            Cloud::host("orders", "cluster-ro-"),
            "DescribeDBClusters",
        ),
        ("db", "solo", Cloud::host("solo", ""), "DescribeDBInstances"),
    ] {
        let (cloud, world, arn) = world_of(kind, id, json!({"host": host})).await;
        lose_the_password(&world).await;
        rotates(&world).await;
        assert_eq!(cloud.questions(), [question], "{host}");
        assert_eq!(calls_about(&world, &arn), ["GetSecretValue"], "{host}");
        // What RDS said is remembered for the next one.
        lose_the_password(&world).await;
        rotates(&world).await;
        assert_eq!(cloud.questions(), [question], "{host}");
    }
}

#[tokio::test]
async fn a_member_or_a_replica_leads_to_the_writer_for_a_second_question() {
    for (kind, id, member, questions) in [
        (
            "cluster",
            "orders",
            "one",
            ["DescribeDBInstances", "DescribeDBClusters"],
        ),
        (
            "cluster",
            "orders",
            "two",
            ["DescribeDBInstances", "DescribeDBClusters"],
        ),
        (
            "db",
            "solo",
            "copy",
            ["DescribeDBInstances", "DescribeDBInstances"],
        ),
    ] {
        let (cloud, world, _) = world_of(kind, id, json!({"host": Cloud::host(member, "")})).await;
        lose_the_password(&world).await;
        keywheel_tests::rds::follower().catch_up_with(primary()).await;
        rotates(&world).await;
        assert_eq!(cloud.questions(), questions, "{member}");
    }
}

#[tokio::test]
async fn nobody_is_asked_while_the_role_can_help_itself() {
    let fields = json!({"host": Cloud::host("orders", "cluster-")});
    let (cloud, world, arn) = world_of("cluster", "orders", fields).await;
    rotates(&world).await;
    assert!(cloud.questions().is_empty() && calls_about(&world, &arn).is_empty());
}

#[tokio::test]
async fn a_secret_without_a_host_is_for_the_server_whose_master_secret_it_names() {
    for (kind, id, question) in [
        ("cluster", "orders", "DescribeDBClusters"),
        ("db", "solo", "DescribeDBInstances"),
    ] {
        let fields = json!({"host": null, "port": null});
        let (cloud, world, arn) = world_of(kind, id, fields).await;
        rotates(&world).await;
        assert_eq!(cloud.questions(), [question]);
        assert_eq!(calls_about(&world, &arn), ["DescribeSecret"]);
        lose_the_password(&world).await;
        rotates(&world).await;
        assert_eq!(cloud.questions(), [question]);
        assert_eq!(calls_about(&world, &arn), ["DescribeSecret", "GetSecretValue"]);
        let text = world.text(&Label::Current).await.unwrap();
        assert!(!text.contains("host"), "the document stays as it is");
    }
}

/// In each step a new process, which knows nothing of the one before.
#[tokio::test]
async fn each_step_finds_the_server_by_itself() {
    let fields = json!({"host": null, "port": null});
    let (cloud, world, _) = world_of("cluster", "orders", fields).await;
    lose_the_password(&world).await;
    let token = world.stage();
    for step in Step::ALL {
        world.aws.cool_down(world.function).await;
        world
            .step(&token, step)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
    }
    assert!(world.current_logs_in().await);
    assert_eq!(cloud.questions().len(), 4);
}

#[tokio::test]
async fn the_admins_password_is_nowhere_to_be_seen() {
    let fields = json!({"host": Cloud::host("orders", "cluster-")});
    let (_cloud, world, _) = world_of("cluster", "orders", fields).await;
    lose_the_password(&world).await;
    rotates(&world).await;
    let canaries = Canaries::default()
        .and("admin's password", primary().superuser().1)
        .and("current password", &world.password(&Label::Current).await);
    canaries.absent_from("the function's log", &world.log());
    canaries.absent_from("the server's log", &primary().log().to_string());
}
