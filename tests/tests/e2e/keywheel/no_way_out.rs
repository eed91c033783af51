//! The function's VPC has no way to Secrets Manager. EC2 is moto's.

use keywheel_tests::moto::Moto;
use keywheel_tests::world::FUNCTION;
use secrets_manager_local::{Effect, Fault};

use super::desk::{Desk, Screen, denied};

/// A shell whose EC2 is moto.
struct Network {
    desk: Desk,
    moto: Moto,
    vpc: String,
    subnet: String,
    group: String,
}

impl Network {
    /// A function in a private subnet without any way out.
    async fn private() -> Self {
        let moto = Moto::start().expect("moto starts");
        let mut network = Self {
            desk: Desk::rotated(false).await.asking(&moto.url(), &["EC2"]),
            moto,
            vpc: String::new(),
            subnet: String::new(),
            group: String::new(),
        };
        network.vpc = network
            .desk
            .makes("create-vpc --cidr-block 10.7.0.0/16", "Vpc.VpcId")
            .await;
        network.subnet = network.subnet("10.7.1.0/24").await;
        let vpc = &network.vpc;
        let group = format!(
            "create-security-group --vpc-id {vpc} --group-name rotation --description of-the-function"
        );
        network.group = network.desk.makes(&group, "GroupId").await;
        let Self {
            vpc, subnet, group, ..
        } = &network;
        let world = &network.desk.world;
        world.aws.set_function_network(FUNCTION, vpc, &[subnet], &[group]);
        network
    }

    async fn subnet(&self, range: &str) -> String {
        let subnet = format!("create-subnet --vpc-id {} --cidr-block {range}", self.vpc);
        self.desk.makes(&subnet, "Subnet.SubnetId").await
    }

    /// The same without a rule of its security group, and a rotation that failed on that.
    async fn closed() -> Self {
        let network = Self::private().await;
        // The usual rule lets everything out.
        let outward = "IpProtocol=-1,IpRanges=[{CidrIp=0.0.0.0/0}]";
        let none = format!(
            "revoke-security-group-egress --group-id {} --ip-permissions '{outward}'",
            network.group
        );
        network.desk.makes(&none, "Return").await;
        network.fails(Fault::new(Effect::DropRequest)).await;
        network
    }

    /// The same with an endpoint in a subnet of its own, which lets the function in.
    async fn with_endpoint() -> Self {
        let network = Self::private().await;
        let Self { vpc, group, .. } = &network;
        let other = network.subnet("10.7.2.0/24").await;
        let dns = format!("modify-vpc-attribute --vpc-id {vpc} --enable-dns-hostnames");
        network.desk.does(&format!("aws ec2 {dns}")).await;
        let let_in = format!(
            "authorize-security-group-ingress --group-id {group} --protocol tcp --port 443 --source-group {group}"
        );
        network.desk.does(&format!("aws ec2 {let_in}")).await;
        let endpoint = format!(
            "create-vpc-endpoint --vpc-endpoint-type Interface --vpc-id {vpc} --subnet-ids {other} \
             --service-name com.amazonaws.us-east-1.secretsmanager --security-group-ids {group} --private-dns-enabled"
        );
        network.desk.does(&format!("aws ec2 {endpoint}")).await;
        network
    }

    /// A rotation during which this happens to each call of the function.
    async fn fails(&self, fault: Fault) {
        let world = &self.desk.world;
        let fault = world.aws.faults().inject(fault.by_function(FUNCTION).every());
        world.rotate().await.expect_err("its calls fail");
        world.aws.faults().remove(fault);
        self.desk.minutes(5);
    }

    /// Types the first command of `aws ec2` that has this, exactly as it is printed.
    async fn follows(&self, screen: &Screen, part: &str) {
        let command = screen.command("aws ec2", part);
        self.desk.does(command).await;
    }
}

#[tokio::test]
async fn a_vpc_without_a_way_to_secrets_manager_gets_an_endpoint() {
    let network = Network::closed().await;
    let screen = network.desk.doctor("").await;
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
    let screen = network.desk.doctor("").await;
    assert!(
        screen.out.contains("enable dns hostnames of vpc-"),
        "{}",
        screen.out
    );
    network.follows(&screen, "--enable-dns-hostnames").await;

    let screen = network.desk.doctor("").await;
    assert!(
        screen.out.contains("is available, and lets the function in"),
        "{}",
        screen.out
    );
    assert!(!screen.out.contains("aws ec2"), "{}", screen.out);
    let again = network.desk.types(screen.command("keywheel rotate", "")).await;
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    network.desk.is_well().await;
}

#[tokio::test]
async fn what_ec2_refuses_was_not_asked() {
    let network = Network::closed().await;
    let denied = serde_json::json!({ "action": "DescribeRouteTables", "code": "UnauthorizedOperation" });
    network.moto.inject(&denied);
    let screen = network.desk.doctor("").await;
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

#[tokio::test]
async fn a_network_acl_that_denies_gets_a_rule() {
    let network = Network::with_endpoint().await;
    network.fails(Fault::new(Effect::DropRequest)).await;
    let screen = network.desk.doctor("").await;
    assert!(
        screen.out.contains("is available, and lets the function in"),
        "{}",
        screen.out
    );

    // A new one denies everything. This one lets HTTPS out, but not where the endpoint is.
    let acl = format!("create-network-acl --vpc-id {}", network.vpc);
    let acl = network.desk.makes(&acl, "NetworkAcl.NetworkAclId").await;
    for (number, range, action) in [(50, "10.7.2.0/24", "deny"), (100, "0.0.0.0/0", "allow")] {
        let rule = format!(
            "create-network-acl-entry --network-acl-id {acl} --egress --rule-number {number} --protocol 6 \
             --port-range From=443,To=443 --cidr-block {range} --rule-action {action}"
        );
        network.desk.does(&format!("aws ec2 {rule}")).await;
    }
    let of_subnet = format!(
        "describe-network-acls --filters Name=association.subnet-id,Values={}",
        network.subnet
    );
    let query = format!(
        "'NetworkAcls[].Associations[?SubnetId==`{}`].NetworkAclAssociationId[]'",
        network.subnet
    );
    let association = network.desk.makes(&of_subnet, &query).await;
    let replace =
        format!("replace-network-acl-association --association-id {association} --network-acl-id {acl}");
    network.desk.does(&format!("aws ec2 {replace}")).await;

    let screen = network.desk.doctor("").await;
    for words in [
        "lets nothing out to 10.7.2.0/24 on port 443: rule 50 denies it [network-acl-closed]",
        "lets no answer in from 10.7.2.0/24 on ports 1024 to 65535: no rule allows it [network-acl-closed]",
    ] {
        assert!(screen.out.contains(words), "{words}: {}", screen.out);
    }
    network.follows(&screen, "--egress").await;
    let screen = network.desk.doctor("").await;
    assert!(!screen.out.contains("lets nothing out"), "{}", screen.out);
    network.follows(&screen, "--ingress").await;
    let screen = network.desk.doctor("").await;
    assert!(!screen.out.contains("network-acl-closed"), "{}", screen.out);
    assert!(!screen.out.contains("aws ec2"), "{}", screen.out);
    let explained = network.desk.types("keywheel explain network-acl-closed").await;
    assert!(
        explained.out.contains("denies what goes out"),
        "{}",
        explained.out
    );
}

#[tokio::test]
async fn an_endpoints_policy_that_leaves_a_call_out_gets_a_statement() {
    let network = Network::with_endpoint().await;
    let endpoint = network
        .desk
        .makes("describe-vpc-endpoints", "VpcEndpoints[].VpcEndpointId")
        .await;
    let read = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Resource":"*","Action":["secretsmanager:DescribeSecret","secretsmanager:GetSecretValue"]}]}"#;
    let policy = format!("modify-vpc-endpoint --vpc-endpoint-id {endpoint} --policy-document '{read}'");
    network.desk.does(&format!("aws ec2 {policy}")).await;
    network.fails(denied("PutSecretValue")).await;

    let screen = network.desk.doctor("").await;
    screen.says(&["STUCK", "role-may-not]"]);
    let words = "does not allow the function secretsmanager:PutSecretValue, secretsmanager:UpdateSecretVersionStage of this secret [endpoint-policy-denies]";
    assert!(screen.out.contains(words), "{}", screen.out);
    // Secrets Manager has answered: the way there is not looked at.
    assert!(!screen.out.contains("lets the function in"), "{}", screen.out);
    let json = format!("keywheel doctor --json '{}'", network.desk.world.secret);
    let json = network.desk.types(&json).await;
    assert!(
        json.out.contains(r#""name":"endpoint-policy-denies""#),
        "{}",
        json.out
    );

    network.follows(&screen, "--policy-document").await;
    let screen = network.desk.doctor("").await;
    assert!(!screen.out.contains("endpoint-policy-denies"), "{}", screen.out);
    let policy = network
        .desk
        .makes("describe-vpc-endpoints", "VpcEndpoints[].PolicyDocument")
        .await;
    for part in ["secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue"] {
        assert!(policy.contains(part), "{policy}");
    }
    let again = network.desk.types(screen.command("keywheel rotate", "")).await;
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    network.desk.is_well().await;
}
