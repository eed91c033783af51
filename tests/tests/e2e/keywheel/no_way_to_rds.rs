//! The function does not reach the RDS API. RDS is moto's.

use keywheel_tests::rds::{Cloud, primary};
use serde_json::json;
use uuid::Uuid;

use super::desk::Desk;

#[tokio::test]
async fn an_rds_api_that_was_not_reached_is_named() {
    let cloud = Cloud::new();
    cloud.cluster("orders", primary().port(), &["one"]);
    let arn = cloud.master_secret("cluster", "orders");
    let nobody = keywheel_tests::net::refused_port().expect("a port is free");
    let setup = cloud
        .setup(Some(&arn))
        .env("AWS_ENDPOINT_URL_RDS", &format!("http://127.0.0.1:{nobody}"));
    let fields = json!({"host": Cloud::host("orders", "cluster-"), "masterarn": arn});
    let world = cloud.world(setup, fields).await;
    cloud.put_master_secret(&world, "cluster", "orders").await;
    world.database.set_password(&Uuid::new_v4().to_string()).await;
    world.rotate().await.expect_err("RDS is not reached");
    let desk = Desk::at(world);
    let screen = desk.doctor("").await;
    screen.says(&["STUCK", "no-way-to-rds-api]"]);
    assert!(
        screen.out.contains("DescribeDBClusters got no answer from RDS"),
        "{}",
        screen.out
    );
    let page = desk.types(screen.command("keywheel explain", "")).await;
    assert!(page.out.starts_with("# RdsUnreachable"), "{}", page.out);
}
