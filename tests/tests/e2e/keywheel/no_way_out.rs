//! The function's VPC has no way to Secrets Manager. EC2 is moto's.

use keywheel_tests::moto::Moto;
use keywheel_tests::world::FUNCTION;
use secrets_manager_local::{Effect, Fault};

use super::desk::{Desk, Screen};

/// A shell whose EC2 is moto.
struct Network {
    desk: Desk,
    moto: Moto,
}

impl Network {
    /// A function in a private subnet without any way out, and a rotation that failed on that.
    async fn closed() -> Self {
        let desk = Desk::rotated(false).await;
        let network = Self {
            desk,
            moto: Moto::start().expect("moto starts"),
        };
        let vpc = network
            .makes("create-vpc --cidr-block 10.7.0.0/16", "Vpc.VpcId")
            .await;
        let subnet = format!("create-subnet --vpc-id {vpc} --cidr-block 10.7.1.0/24");
        let subnet = network.makes(&subnet, "Subnet.SubnetId").await;
        let group = format!(
            "create-security-group --vpc-id {vpc} --group-name rotation --description of-the-function"
        );
        let group = network.makes(&group, "GroupId").await;
        // The usual rule lets everything out.
        let outward = "IpProtocol=-1,IpRanges=[{CidrIp=0.0.0.0/0}]";
        let none = format!("revoke-security-group-egress --group-id {group} --ip-permissions '{outward}'");
        network.makes(&none, "Return").await;
        let world = &network.desk.world;
        world
            .aws
            .set_function_network(FUNCTION, &vpc, &[&subnet], &[&group]);
        let silence = Fault::new(Effect::DropRequest).by_function(FUNCTION).every();
        let fault = world.aws.faults().inject(silence);
        world.rotate().await.expect_err("Secrets Manager is out of reach");
        world.aws.faults().remove(fault);
        network.desk.minutes(5);
        network
    }

    async fn types(&self, line: &str) -> Screen {
        let ec2 = format!("export AWS_ENDPOINT_URL_EC2={}; {line}", self.moto.url());
        self.desk.types(&ec2).await
    }

    /// What `aws ec2` answers, by a query.
    async fn makes(&self, line: &str, query: &str) -> String {
        let done = self
            .types(&format!("aws ec2 {line} --query {query} --output text"))
            .await;
        assert_eq!(done.code, 0, "{line}: {}", done.err);
        done.out.trim().to_owned()
    }

    async fn doctor(&self) -> Screen {
        self.types(&format!("keywheel doctor '{}'", self.desk.world.secret))
            .await
    }

    /// Types the first command of `aws ec2` that has this, exactly as it is printed.
    async fn follows(&self, screen: &Screen, part: &str) {
        let command = screen.command("aws ec2", part);
        let done = self.types(command).await;
        assert_eq!(done.code, 0, "{command}: {}{}", done.out, done.err);
    }
}

#[tokio::test]
async fn a_vpc_without_a_way_to_secrets_manager_gets_an_endpoint() {
    let network = Network::closed().await;
    let screen = network.doctor().await;
    screen.says(&["STUCK", "[pending-empty, no-way-to-secrets-manager]", "work: yes"]);
    for words in [
        "let nothing out on port 443",
        "has no endpoint com.amazonaws.us-east-1.secretsmanager",
        "has no default route",
        "enable dns hostnames",
    ] {
        let expected = words != "enable dns hostnames";
        assert_eq!(screen.out.contains(words), expected, "{words}: {}", screen.out);
    }
    network.follows(&screen, "authorize-security-group-egress").await;
    network.follows(&screen, "authorize-security-group-ingress").await;
    network.follows(&screen, "create-vpc-endpoint").await;

    // Now that there is an endpoint, its name must resolve.
    let screen = network.doctor().await;
    assert!(
        screen.out.contains("enable dns hostnames of vpc-"),
        "{}",
        screen.out
    );
    network.follows(&screen, "--enable-dns-hostnames").await;

    let screen = network.doctor().await;
    assert!(
        screen.out.contains("is available, and lets the function in"),
        "{}",
        screen.out
    );
    assert!(!screen.out.contains("aws ec2"), "{}", screen.out);
    let again = network.types(screen.command("keywheel rotate", "")).await;
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    network.desk.is_well().await;
}

#[tokio::test]
async fn what_ec2_refuses_was_not_asked() {
    let network = Network::closed().await;
    let denied = serde_json::json!({ "action": "DescribeRouteTables", "code": "UnauthorizedOperation" });
    network.moto.inject(&denied);
    let screen = network.doctor().await;
    screen.says(&["[pending-empty, no-way-to-secrets-manager]"]);
    assert!(
        screen.out.contains("not asked: needs ec2:DescribeRouteTables"),
        "{}",
        screen.out
    );
    // Every other answer stands without EC2, too.
    let elsewhere = format!(
        "AWS_ENDPOINT_URL_EC2=http://127.0.0.1:9 keywheel doctor '{}'",
        network.desk.world.secret
    );
    let unreached = network.desk.types(&elsewhere).await;
    unreached.says(&["[pending-empty, no-way-to-secrets-manager]"]);
    assert!(unreached.out.contains("network"), "{}", unreached.out);
    assert!(unreached.out.contains("EC2 was not reached"), "{}", unreached.out);
    assert!(unreached.code == 1, "{}", unreached.err);
}
