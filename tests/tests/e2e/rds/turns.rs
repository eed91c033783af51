//! Alternating users: the same admins, the same endpoints.

use keywheel_tests::rds::{Cloud, primary};
use keywheel_tests::world::{ALTERNATING, World};
use serde_json::{Value, json};
use staging_labels::Label;

use super::calls_about;

/// A world of the function for two users at `host`, whose admin secret RDS made for the cluster `orders`, or for `solo`.
async fn world_of(kind: &str, id: &str, fields: Value) -> (Cloud, World, String) {
    let cloud = Cloud::new().followers(&[
        Cloud::host("orders", "cluster-ro-"),
        Cloud::host("two", ""),
        Cloud::host("copy", ""),
    ]);
    cloud.cluster("orders", primary().port(), &["one", "two"]);
    cloud.instance("solo", primary().port());
    cloud.replica("copy", "solo");
    let arn = cloud.master_secret(kind, id);
    let mut fields = fields;
    fields["masterarn"] = arn.as_str().into();
    let setup = cloud.setup(Some(&arn)).function(ALTERNATING);
    let world = cloud.world(setup, fields).await;
    cloud.put_master_secret(&world, kind, id).await;
    (cloud, world, arn)
}

async fn current(world: &World) -> (String, String) {
    let text = world
        .text(&Label::Current)
        .await
        .expect("there is a current value");
    let document: Value = serde_json::from_str(&text).expect("it is JSON");
    let field = |name: &str| document[name].as_str().expect("it is there").to_owned();
    (field("username"), field("password"))
}

/// Rotates; the user is another one afterwards, and both log in.
async fn takes_turns(world: &World) {
    let (before, old) = current(world).await;
    let rotated = world.rotate().await;
    rotated.unwrap_or_else(|error| panic!("{error}\n{}", world.log()));
    let (after, new) = current(world).await;
    assert_ne!(before, after);
    let name = world.database.name();
    assert!(primary().accepts(&after, &new, name).await && primary().accepts(&before, &old, name).await);
}

#[tokio::test]
async fn a_secret_that_rds_made_is_the_admins_for_one_question() {
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
        let before = world.database.log();
        takes_turns(&world).await;
        assert_eq!(cloud.questions(), [question], "{host}");
        assert_eq!(calls_about(&world, &arn), ["GetSecretValue"], "{host}");
        let log = world.database.log().since(&before);
        assert!(log.logins() <= 4 && log.failed_logins() == 0, "{log}");
        takes_turns(&world).await;
        assert_eq!(cloud.questions(), [question], "{host}");
    }
}

#[tokio::test]
async fn a_replica_in_the_secret_does_not_stop_a_rotation() {
    for (kind, id, member) in [("cluster", "orders", "two"), ("db", "solo", "copy")] {
        let (_cloud, world, _) = world_of(kind, id, json!({"host": Cloud::host(member, "")})).await;
        keywheel_tests::rds::follower().catch_up_with(primary()).await;
        takes_turns(&world).await;
        takes_turns(&world).await;
    }
}

#[tokio::test]
async fn a_secret_without_a_host_takes_turns_too() {
    let (cloud, world, _) = world_of("cluster", "orders", json!({"host": null, "port": null})).await;
    takes_turns(&world).await;
    takes_turns(&world).await;
    assert_eq!(cloud.questions(), ["DescribeDBClusters"]);
}
