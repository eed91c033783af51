//! The function does not reach its database. EC2 and RDS are moto's, which also gives the database its name.

use keywheel_tests::rds::Cloud;
use keywheel_tests::world::FUNCTION;
use serde_json::json;

use super::desk::Desk;

/// Nobody listens there.
const PORT: u16 = 9;

/// A function and a database of RDS in one VPC, and a rotation that did not get from one to the other.
struct Apart {
    desk: Desk,
    cloud: Cloud,
    database_group: String,
}

impl Apart {
    async fn new() -> Self {
        let cloud = Cloud::new();
        let fields = json!({ "host": Cloud::host("orders", ""), "port": PORT });
        let world = cloud.world(cloud.setup(None), fields).await;
        let mut apart = Self {
            desk: Desk::at(world).asking(&cloud.moto.url(), &["EC2", "RDS"]),
            cloud,
            database_group: String::new(),
        };
        let vpc = apart
            .desk
            .makes("create-vpc --cidr-block 10.7.0.0/16", "Vpc.VpcId")
            .await;
        let mut subnets = Vec::new();
        for range in ["10.7.1.0/24", "10.7.2.0/24"] {
            let subnet = format!("create-subnet --vpc-id {vpc} --cidr-block {range}");
            subnets.push(apart.desk.makes(&subnet, "Subnet.SubnetId").await);
        }
        let mut groups = Vec::new();
        for name in ["function", "database"] {
            let group =
                format!("create-security-group --vpc-id {vpc} --group-name {name} --description of-it");
            groups.push(apart.desk.makes(&group, "GroupId").await);
        }
        let subnet_group = [
            ("DBSubnetGroupName", "orders"),
            ("DBSubnetGroupDescription", "orders"),
            ("SubnetIds.SubnetIdentifier.1", &subnets[1]),
        ];
        apart.cloud.moto.rds("CreateDBSubnetGroup", &subnet_group);
        let instance = [
            ("DBInstanceIdentifier", "orders"),
            ("DBInstanceClass", "db.t4g.micro"),
            ("Engine", "postgres"),
            ("AllocatedStorage", "20"),
            ("MasterUsername", "master"),
            ("ManageMasterUserPassword", "true"),
            ("Port", &PORT.to_string()),
            ("DBSubnetGroupName", "orders"),
            ("VpcSecurityGroupIds.VpcSecurityGroupId.1", &groups[1]),
        ];
        apart.cloud.moto.rds("CreateDBInstance", &instance);
        let world = &apart.desk.world;
        world
            .aws
            .set_function_network(FUNCTION, &vpc, &[&subnets[0]], &[&groups[0]]);
        world.rotate().await.expect_err("nobody listens");
        apart.database_group = groups.remove(1);
        apart
    }
}

#[tokio::test]
async fn a_database_that_does_not_let_the_function_in_is_told_to() {
    let apart = Apart::new().await;
    let screen = apart.desk.doctor("").await;
    screen.says(&["STUCK", "no-way-to-database]"]);
    let closed = format!(
        "the database orders does not let the function in on port {PORT}: see {} [database-group-closed]",
        apart.database_group
    );
    assert!(screen.out.contains(&closed), "{}", screen.out);
    let command = screen.command("aws ec2 authorize-security-group-ingress", &apart.database_group);
    apart.desk.does(command).await;
    let screen = apart.desk.doctor("").await;
    let open = format!("the security groups of the database orders let the function in on port {PORT}");
    assert!(screen.out.contains(&open), "{}", screen.out);
    assert!(!screen.out.contains("aws ec2"), "{}", screen.out);
}

#[tokio::test]
async fn what_rds_does_not_say_is_not_asked() {
    let apart = Apart::new().await;
    let denied = json!({ "action": "DescribeDBInstances", "code": "AccessDenied" });
    apart.cloud.moto.inject(&denied);
    let screen = apart.desk.doctor("").await;
    screen.says(&["no-way-to-database]"]);
    for words in ["not asked: needs rds:DescribeDBInstances", "let out: all ports"] {
        assert!(screen.out.contains(words), "{words}: {}", screen.out);
    }
    let gone = [("DBInstanceIdentifier", "orders"), ("SkipFinalSnapshot", "true")];
    apart.cloud.moto.rds("DeleteDBInstance", &gone);
    let screen = apart.desk.doctor("").await;
    assert!(
        screen
            .out
            .contains("not asked: this account has no such database"),
        "{}",
        screen.out
    );
}
