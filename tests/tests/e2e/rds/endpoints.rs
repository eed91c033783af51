//! Endpoints: which names belong together, and which one takes writes.

use keywheel_tests::rds::{Cloud, changed, follower, primary, rotates};
use keywheel_tests::world::World;
use serde_json::{Value, json};
use staging_labels::Step;

use super::{calls_about, lose_the_password};

/// The same databases as those of the master secrets; the follower is behind the names of readers and replicas.
fn cloud() -> Cloud {
    let followers = [
        Cloud::host("orders", "cluster-ro-"),
        Cloud::host("two", ""),
        Cloud::host("copy", ""),
    ];
    let cloud = Cloud::new().followers(&followers);
    cloud.cluster("orders", primary().port(), &["one", "two"]);
    cloud.instance("solo", primary().port());
    cloud.replica("copy", "solo");
    cloud
}

/// A world at `host` whose admin secret is a document for `admin_host`, and the admin secret's ARN.
async fn with_admin(cloud: &Cloud, host: &str, admin_host: &str) -> (World, String) {
    // The admin secret's ARN must be in the document before the world is made: its suffix is everybody's.
    let arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:the-admin-AbCdEf";
    let fields = json!({"host": host, "masterarn": arn});
    let world = cloud.world(cloud.setup(Some(arn)), fields).await;
    let admin = changed(
        world.database.admin_document(),
        json!({"host": admin_host, "ssl": null}),
    );
    let call = world
        .client
        .create_secret()
        .name("the-admin")
        .secret_string(admin.to_string());
    assert_eq!(
        call.send().await.expect("it is created").arn.as_deref(),
        Some(arn)
    );
    (world, arn.to_owned())
}

async fn catch_up() {
    follower().catch_up_with(primary()).await;
}

#[tokio::test]
async fn a_readers_name_leads_to_the_writer_without_a_question() {
    let cloud = cloud();
    let fields = json!({"host": Cloud::host("orders", "cluster-ro-")});
    let world = cloud.world(cloud.setup(None), fields).await;
    let before = follower().log().of_database(world.database.name());
    rotates(&world).await;
    rotates(&world).await;
    let at_the_follower = follower().log().of_database(world.database.name()).since(&before);
    assert_eq!(at_the_follower.logins(), 0, "{at_the_follower}");
    assert!(cloud.questions().is_empty());
}

#[tokio::test]
async fn a_replica_leads_to_the_primary_that_rds_names() {
    for (host, questions) in [
        ("two", ["DescribeDBInstances", "DescribeDBClusters"]),
        ("copy", ["DescribeDBInstances", "DescribeDBInstances"]),
    ] {
        let cloud = cloud();
        let world = cloud
            .world(cloud.setup(None), json!({"host": Cloud::host(host, "")}))
            .await;
        catch_up().await;
        rotates(&world).await;
        assert_eq!(cloud.questions(), questions);
        rotates(&world).await;
        assert_eq!(cloud.questions(), questions);
    }
}

#[tokio::test]
async fn a_replica_whose_primary_rds_does_not_tell_stays_a_standby() {
    let cloud = cloud();
    let world = cloud
        .world(cloud.setup(None), json!({"host": Cloud::host("two", "")}))
        .await;
    catch_up().await;
    cloud
        .moto
        .inject(&json!({"action": "DescribeDBInstances", "code": "AccessDenied", "times": 9}));
    let token = world.proposed().await;
    world
        .refuses(&token, Step::Set, "ReadOnlyStandby", &["read-only standby"])
        .await;
    assert!(world.log().contains("allow rds:DescribeDBInstances"));
}

#[tokio::test]
async fn endpoints_of_one_server_belong_together() {
    let cloud = cloud();
    let (writer, reader) = (
        Cloud::host("orders", "cluster-"),
        Cloud::host("orders", "cluster-ro-"),
    );
    let (one, two, solo, copy) = (
        Cloud::host("one", ""),
        Cloud::host("two", ""),
        Cloud::host("solo", ""),
        Cloud::host("copy", ""),
    );
    let cluster = &["DescribeDBClusters"][..];
    let member = &["DescribeDBInstances", "DescribeDBClusters"][..];
    for (host, admin_host, questions) in [
        (&writer, &writer, &[][..]),
        (&reader, &writer, &[]),
        (&writer, &reader, &[]),
        (&reader, &reader, &[]),
        (&writer, &one, cluster),
        (&reader, &two, cluster),
        (&one, &writer, member),
        (&two, &reader, member),
        (&one, &two, member),
        (&solo, &copy, &["DescribeDBInstances"]),
        (&copy, &solo, &["DescribeDBInstances", "DescribeDBInstances"]),
    ] {
        let (world, arn) = with_admin(&cloud, host, admin_host).await;
        lose_the_password(&world).await;
        catch_up().await;
        rotates(&world).await;
        assert_eq!(cloud.questions(), questions, "{host} {admin_host}");
        assert_eq!(
            calls_about(&world, &arn),
            ["GetSecretValue"],
            "{host} {admin_host}"
        );
    }
}

#[tokio::test]
async fn an_alias_is_the_endpoint_that_its_certificate_is_checked_for() {
    let cloud = cloud();
    let (writer, one) = (Cloud::host("orders", "cluster-"), Cloud::host("one", ""));
    let (world, _) = with_admin(&cloud, &writer, &one).await;
    lose_the_password(&world).await;
    let alias = json!({"host": "localhost", "tls_server_name": writer, "masterarn": current(&world, "masterarn").await});
    let document = changed(world.database.document(), alias);
    world
        .put(&document.to_string(), &[staging_labels::Label::Current])
        .await;
    rotates(&world).await;
    assert_eq!(cloud.questions(), ["DescribeDBClusters"]);
}

async fn current(world: &World, field: &str) -> Value {
    let text = world
        .text(&staging_labels::Label::Current)
        .await
        .expect("there is one");
    serde_json::from_str::<Value>(&text).expect("it is JSON")[field].clone()
}

#[tokio::test]
async fn an_admin_of_another_server_is_refused_before_it_logs_in() {
    let cloud = cloud();
    let (writer, other) = (Cloud::host("orders", "cluster-"), Cloud::host("solo", ""));
    for (host, admin_host) in [
        (writer.as_str(), other.as_str()),
        (other.as_str(), writer.as_str()),
        (writer.as_str(), "localhost"),
        ("localhost", writer.as_str()),
    ] {
        let (world, arn) = with_admin(&cloud, host, admin_host).await;
        lose_the_password(&world).await;
        let before = primary().log().of_database(world.database.name());
        let token = world.proposed().await;
        let words = [arn.as_str(), "is not for the server", host];
        world
            .refuses(&token, Step::Set, "SuperuserSecretForAnotherServer", &words)
            .await;
        let log = primary().log().of_database(world.database.name()).since(&before);
        assert_eq!(log.of_role("postgres").logins(), 0, "{log}");
    }
}

/// moto knows no custom endpoints: the answer is one of AWS's, shortened.
#[tokio::test]
async fn a_custom_endpoint_leads_to_the_writer_of_the_cluster_that_has_it() {
    let custom = Cloud::host("reports", "cluster-custom-");
    let cloud = cloud().followers(std::slice::from_ref(&custom));
    let world = cloud.world(cloud.setup(None), json!({"host": custom})).await;
    catch_up().await;
    let cluster = |id: &str, custom: &str| {
        format!(
            "<DBCluster><DBClusterIdentifier>{id}</DBClusterIdentifier><Status>available</Status><Engine>aurora-postgresql</Engine>\
             <Endpoint>{}</Endpoint><ReaderEndpoint>{}</ReaderEndpoint><Port>{}</Port>\
             <CustomEndpoints><member>{custom}</member></CustomEndpoints></DBCluster>",
            Cloud::host(id, "cluster-"),
            Cloud::host(id, "cluster-ro-"),
            primary().port()
        )
    };
    let body = format!(
        "<DescribeDBClustersResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><DescribeDBClustersResult><DBClusters>\
         {}{}</DBClusters></DescribeDBClustersResult></DescribeDBClustersResponse>",
        cluster("other", &Cloud::host("others", "cluster-custom-")),
        cluster("orders", &custom)
    );
    cloud
        .moto
        .inject(&json!({"action": "DescribeDBClusters", "body": body, "times": 9}));
    rotates(&world).await;
    assert_eq!(cloud.questions(), ["DescribeDBClusters"]);
}
