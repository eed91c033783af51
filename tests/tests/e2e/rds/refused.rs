//! What RDS does not know, does not allow, or does not answer.

use keywheel_tests::rds::{Cloud, primary, rotates};
use keywheel_tests::world::World;
use serde_json::{Value, json};
use staging_labels::Step;

use super::lose_the_password;

/// A world whose password is lost, at `host`, with the admin secret that RDS made for the cluster `orders`.
async fn lost(fields: Value) -> (Cloud, World, String) {
    let cloud = Cloud::new();
    cloud.cluster("orders", primary().port(), &["one"]);
    cloud.cluster("other", primary().port(), &[]);
    let arn = cloud.master_secret("cluster", "orders");
    let mut fields = fields;
    fields["masterarn"] = arn.as_str().into();
    let world = cloud.world(cloud.setup(Some(&arn)), fields).await;
    cloud.put_master_secret(&world, "cluster", "orders").await;
    lose_the_password(&world).await;
    (cloud, world, arn)
}

#[tokio::test]
async fn the_master_secret_of_another_server_is_refused() {
    let (_cloud, world, arn) = lost(json!({"host": Cloud::host("other", "cluster-")})).await;
    let token = world.proposed().await;
    let words = [&arn, "no `host`", "the cluster other has another secret"];
    world
        .refuses(&token, Step::Set, "SuperuserSecretForAnotherServer", &words)
        .await;
}

#[tokio::test]
async fn a_host_that_is_no_endpoint_of_rds_proves_nothing() {
    let (cloud, world, arn) = lost(json!({})).await;
    let token = world.proposed().await;
    let words = [&arn, "no `host`", "no endpoint of RDS"];
    world
        .refuses(&token, Step::Set, "SuperuserSecretForAnotherServer", &words)
        .await;
    assert!(cloud.questions().is_empty());
}

#[tokio::test]
async fn another_port_of_the_same_host_is_another_server() {
    let (_cloud, world, arn) = lost(json!({"host": Cloud::host("orders", "cluster-")})).await;
    let proxy = keywheel_tests::net::Proxy::start(primary().port()).expect("a proxy starts");
    let document = json!({
        "host": Cloud::host("orders", "cluster-"), "port": proxy.port(), "masterarn": arn,
        "username": world.database.user(), "password": world.database.password(), "dbname": world.database.name(),
    });
    world
        .put(&document.to_string(), &[staging_labels::Label::Current])
        .await;
    let token = world.proposed().await;
    let words = [arn.as_str(), "listens on port"];
    world
        .refuses(&token, Step::Set, "SuperuserSecretForAnotherServer", &words)
        .await;
}

#[tokio::test]
async fn a_cluster_that_is_not_there_is_named_with_the_region() {
    let (_cloud, world, _) = lost(json!({"host": Cloud::host("gone", "cluster-")})).await;
    let token = world.proposed().await;
    let words = ["RDS knows no cluster gone in us-east-1", "check `host`"];
    world.refuses(&token, Step::Set, "RdsNotFound", &words).await;
}

/// A server of the same name in somebody else's account.
#[tokio::test]
async fn an_endpoint_of_another_account_is_not_ours() {
    let stranger = "orders.cluster-bbbbbbbbbbbb.us-east-1.rds.amazonaws.com";
    let (_cloud, world, _) = lost(json!({"host": stranger, "ssl": false})).await;
    let token = world.proposed().await;
    let words = ["the cluster orders of this account has no endpoint", stranger];
    world.refuses(&token, Step::Set, "RdsNotFound", &words).await;
}

#[tokio::test]
async fn a_denial_names_the_action_and_changes_nothing() {
    let (cloud, world, _) = lost(json!({"host": Cloud::host("orders", "cluster-")})).await;
    cloud
        .moto
        .inject(&json!({"action": "DescribeDBClusters", "code": "AccessDenied", "times": 99}));
    let token = world.proposed().await;
    let words = [
        "DescribeDBClusters on the cluster orders",
        "allow rds:DescribeDBClusters",
    ];
    world.refuses(&token, Step::Set, "PermissionDenied", &words).await;
}

#[tokio::test]
async fn throttling_is_tried_again() {
    let (cloud, world, _) = lost(json!({"host": Cloud::host("orders", "cluster-")})).await;
    cloud
        .moto
        .inject(&json!({"action": "DescribeDBClusters", "code": "Throttling", "times": 2}));
    rotates(&world).await;
    assert_eq!(cloud.questions(), ["DescribeDBClusters"; 3]);
}

#[tokio::test]
async fn throttling_without_end_and_an_inner_error_have_their_codes() {
    for (code, expected) in [("Throttling", "Throttled"), ("InternalFailure", "RdsFailed")] {
        let (cloud, world, _) = lost(json!({"host": Cloud::host("orders", "cluster-")})).await;
        cloud
            .moto
            .inject(&json!({"action": "DescribeDBClusters", "code": code, "times": 99}));
        let token = world.proposed().await;
        world
            .refuses(
                &token,
                Step::Set,
                expected,
                &["DescribeDBClusters on the cluster orders"],
            )
            .await;
    }
}

#[tokio::test]
async fn an_api_that_is_silent_or_not_there_is_told_in_time() {
    let silent = keywheel_tests::net::silent().expect("a server starts");
    let nobody = keywheel_tests::net::refused_port().expect("a port is free");
    for port in [silent.port(), nobody] {
        let cloud = Cloud::new();
        cloud.cluster("orders", primary().port(), &[]);
        let arn = cloud.master_secret("cluster", "orders");
        let fields = json!({"host": Cloud::host("orders", "cluster-"), "masterarn": arn});
        let setup = cloud
            .setup(Some(&arn))
            .env("AWS_ENDPOINT_URL_RDS", &format!("http://127.0.0.1:{port}"));
        let world = cloud.world(setup, fields).await;
        cloud.put_master_secret(&world, "cluster", "orders").await;
        lose_the_password(&world).await;
        let token = world.proposed().await;
        let words = [
            "DescribeDBClusters got no answer from RDS",
            "com.amazonaws.REGION.rds",
        ];
        world.refuses(&token, Step::Set, "RdsUnreachable", &words).await;
    }
}

#[tokio::test]
async fn a_secret_without_a_host_and_an_admin_without_a_tag_is_refused_before_anything_is_written() {
    let cloud = Cloud::new();
    let arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:the-admin-AbCdEf";
    let fields = json!({"host": null, "port": null, "masterarn": arn});
    let world = cloud.world(cloud.setup(Some(arn)), fields).await;
    let admin = r#"{"username": "postgres", "password": "x"}"#;
    let call = world
        .client
        .create_secret()
        .name("the-admin")
        .secret_string(admin);
    call.send().await.expect("it is created");
    let token = world.stage();
    world
        .refuses(&token, Step::Create, "HostMissing", &["no `host`"])
        .await;
}

/// A proxy would refuse the new password until AWSCURRENT has moved.
#[tokio::test]
async fn a_proxy_is_refused_before_anything_is_written() {
    let cloud = Cloud::new();
    for host in [
        "orders.proxy-abc.us-east-1.rds.amazonaws.com",
        "ro.endpoint.proxy-abc.us-east-1.rds.amazonaws.com",
    ] {
        let world = cloud.world(cloud.setup(None), json!({"host": host})).await;
        let token = world.stage();
        let words = [host, "RDS Proxy", "registered"];
        world.refuses(&token, Step::Create, "ProxyInTheWay", &words).await;
    }
}
