//! EC2's answers as plain data. What is missing or unknown in one is left out.

use ipnet::IpNet;
use roxmltree::Node;

use crate::diagnosis::{Acl, Endpoint, Entry, Group, Route, Rule};

/// Where all IPv4 addresses are.
const ANYWHERE: &str = "0.0.0.0/0";

/// A route table: the subnets that it is for, whether it is for all others, and its default route.
pub(super) struct Table {
    subnets: Vec<String>,
    main: bool,
    route: Route,
}

pub(super) fn table(table: Node<'_, '_>) -> Table {
    let of = |name| items(table, "associationSet").map(move |one| text(one, name));
    let default = items(table, "routeSet").find(|route| text(*route, "destinationCidrBlock") == ANYWHERE);
    Table {
        subnets: of("subnetId").filter(|id| !id.is_empty()).collect(),
        main: of("main").any(|main| main == "true"),
        route: default.map_or(Route::Missing, target),
    }
}

fn target(route: Node<'_, '_>) -> Route {
    // Each kind of target has a member of its own.
    let names = [
        "natGatewayId",
        "gatewayId",
        "transitGatewayId",
        "vpcPeeringConnectionId",
        "networkInterfaceId",
        "instanceId",
        "localGatewayId",
        "carrierGatewayId",
        "coreNetworkArn",
    ];
    let found = names.into_iter().map(|name| text(route, name));
    let target = found.into_iter().find(|id| !id.is_empty()).unwrap_or_default();
    if text(route, "state") == "blackhole" {
        Route::Blackhole(target)
    } else if target.starts_with("igw-") {
        Route::Public(target)
    } else {
        Route::Through(target)
    }
}

/// The default route of a subnet: of its own table, or of the VPC's main one.
pub(super) fn route(tables: &[Table], subnet: &str) -> Route {
    let own = tables
        .iter()
        .find(|table| table.subnets.iter().any(|id| id == subnet));
    let table = own.or_else(|| tables.iter().find(|table| table.main));
    table.map_or(Route::Missing, |table| table.route.clone())
}

pub(super) fn endpoint(endpoint: Node<'_, '_>) -> Endpoint {
    Endpoint {
        id: text(endpoint, "vpcEndpointId"),
        // "Available" in answers, "available" in documentation.
        state: text(endpoint, "state").to_lowercase(),
        private_dns: text(endpoint, "privateDnsEnabled") == "true",
        groups: items(endpoint, "groupSet")
            .map(|one| text(one, "groupId"))
            .collect(),
        subnets: items(endpoint, "subnetIdSet")
            .filter_map(|one| one.text().map(str::to_owned))
            .collect(),
        policy: Some(text(endpoint, "policyDocument")).filter(|policy| !policy.is_empty()),
    }
}

/// The ID of a subnet, and its addresses.
pub(super) fn subnet(subnet: Node<'_, '_>) -> (String, Vec<IpNet>) {
    let more = items(subnet, "ipv6CidrBlockAssociationSet").map(|one| text(one, "ipv6CidrBlock"));
    let all = std::iter::once(text(subnet, "cidrBlock")).chain(more);
    (
        text(subnet, "subnetId"),
        all.filter_map(|one| range(&one)).collect(),
    )
}

fn range(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().map(|range| range.trunc())
}

pub(super) fn acl(acl: Node<'_, '_>) -> Acl {
    Acl {
        id: text(acl, "networkAclId"),
        subnets: items(acl, "associationSet")
            .map(|one| text(one, "subnetId"))
            .collect(),
        entries: items(acl, "entrySet").filter_map(entry).collect(),
    }
}

/// A rule of a network ACL. Each is for one family.
fn entry(entry: Node<'_, '_>) -> Option<Entry> {
    let range = ["cidrBlock", "ipv6CidrBlock"]
        .into_iter()
        .find_map(|name| range(&text(entry, name)))?;
    let port = |name, usual| {
        let ports = child(entry, "portRange");
        ports.map_or(usual, |ports| text(ports, name).parse().unwrap_or(usual))
    };
    Some(Entry {
        number: text(entry, "ruleNumber").parse().ok()?,
        egress: text(entry, "egress") == "true",
        allows: text(entry, "ruleAction") == "allow",
        ports: tcp(entry, "protocol", || (port("from", 0), port("to", u16::MAX))),
        range,
    })
}

/// The TCP ports of a rule, if it is about TCP.
fn tcp(rule: Node<'_, '_>, protocol: &str, ports: impl Fn() -> (u16, u16)) -> Option<(u16, u16)> {
    match text(rule, protocol).as_str() {
        "-1" => Some((0, u16::MAX)),
        "tcp" | "6" => Some(ports()),
        _ => None,
    }
}

pub(super) fn group(group: Node<'_, '_>) -> Group {
    Group {
        id: text(group, "groupId"),
        inward: items(group, "ipPermissions").map(rule).collect(),
        outward: items(group, "ipPermissionsEgress").map(rule).collect(),
    }
}

fn rule(rule: Node<'_, '_>) -> Rule {
    let port = |name, usual| text(rule, name).parse::<u16>().unwrap_or(usual);
    let ranges = [("ipRanges", "cidrIp"), ("ipv6Ranges", "cidrIpv6")]
        .into_iter()
        .flat_map(|(list, name)| items(rule, list).filter_map(move |one| range(&text(one, name))));
    Rule {
        ports: tcp(rule, "ipProtocol", || {
            (port("fromPort", 0), port("toPort", u16::MAX))
        }),
        groups: items(rule, "groups").map(|one| text(one, "groupId")).collect(),
        ranges: ranges.collect(),
        prefix_lists: items(rule, "prefixListIds").next().is_some(),
    }
}

pub(super) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.tag_name().name() == name)
}

pub(super) fn text(node: Node<'_, '_>, name: &str) -> String {
    child(node, name)
        .and_then(|node| node.text())
        .unwrap_or_default()
        .to_owned()
}

/// The items of a list.
pub(super) fn items<'a, 'i>(
    node: Node<'a, 'i>,
    name: &str,
) -> impl Iterator<Item = Node<'a, 'i>> + use<'a, 'i> {
    let list = child(node, name);
    list.into_iter()
        .flat_map(|list| list.children())
        .filter(|child| child.tag_name().name() == "item")
}

#[cfg(test)]
mod tests {
    use roxmltree::Document;

    use super::*;

    /// What `read` makes of the first item of a list.
    fn first<T>(xml: &str, list: &str, read: impl Fn(Node<'_, '_>) -> T) -> T {
        let document = Document::parse(xml).unwrap();
        let mut all = items(document.root_element(), list);
        read(all.next().unwrap())
    }

    #[test]
    fn a_network_acl_is_read_with_its_rules() {
        let read = first(
            r#"<DescribeNetworkAclsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <requestId>59dbff89-35bd-4eac-99ed-be587EXAMPLE</requestId>
  <networkAclSet>
    <item>
      <networkAclId>acl-5d659634</networkAclId>
      <vpcId>vpc-5266953b</vpcId>
      <default>false</default>
      <ownerId>123456789012</ownerId>
      <entrySet>
        <item><ruleNumber>110</ruleNumber><protocol>6</protocol><ruleAction>allow</ruleAction><egress>true</egress><cidrBlock>0.0.0.0/0</cidrBlock><portRange><from>49152</from><to>65535</to></portRange></item>
        <item><ruleNumber>120</ruleNumber><protocol>17</protocol><ruleAction>deny</ruleAction><egress>false</egress><cidrBlock>10.0.0.0/8</cidrBlock><portRange><from>53</from><to>53</to></portRange></item>
        <item><ruleNumber>121</ruleNumber><protocol>1</protocol><ruleAction>allow</ruleAction><egress>false</egress><cidrBlock>0.0.0.0/0</cidrBlock><icmpTypeCode><code>-1</code><type>-1</type></icmpTypeCode></item>
        <item><ruleNumber>32767</ruleNumber><protocol>-1</protocol><ruleAction>deny</ruleAction><egress>true</egress><cidrBlock>0.0.0.0/0</cidrBlock></item>
        <item><ruleNumber>32768</ruleNumber><protocol>-1</protocol><ruleAction>deny</ruleAction><egress>true</egress><ipv6CidrBlock>::/0</ipv6CidrBlock></item>
      </entrySet>
      <associationSet>
        <item><networkAclAssociationId>aclassoc-5c659635</networkAclAssociationId><networkAclId>acl-5d659634</networkAclId><subnetId>subnet-ff669596</subnetId></item>
        <item><networkAclAssociationId>aclassoc-c26596ab</networkAclAssociationId><networkAclId>acl-5d659634</networkAclId><subnetId>subnet-f0669599</subnetId></item>
      </associationSet>
      <tagSet/>
    </item>
  </networkAclSet>
</DescribeNetworkAclsResponse>"#,
            "networkAclSet",
            acl,
        );
        let entry = |number, egress, allows, ports, range: &str| Entry {
            number,
            egress,
            allows,
            ports,
            range: range.parse().unwrap(),
        };
        assert_eq!(
            read,
            Acl {
                id: "acl-5d659634".to_owned(),
                subnets: ["subnet-ff669596", "subnet-f0669599"].map(str::to_owned).to_vec(),
                entries: vec![
                    entry(110, true, true, Some((49152, 65535)), "0.0.0.0/0"),
                    entry(120, false, false, None, "10.0.0.0/8"),
                    entry(121, false, true, None, "0.0.0.0/0"),
                    entry(32767, true, false, Some((0, 65535)), "0.0.0.0/0"),
                    entry(32768, true, false, Some((0, 65535)), "::/0"),
                ],
            }
        );
    }

    #[test]
    fn an_endpoint_is_read_with_its_policy() {
        let read = first(
            r#"<DescribeVpcEndpointsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <vpcEndpointSet>
    <item>
      <vpcEndpointId>vpce-1a2b3c4d</vpcEndpointId>
      <vpcEndpointType>Interface</vpcEndpointType>
      <vpcId>vpc-aabb1122</vpcId>
      <serviceName>com.amazonaws.us-east-1.secretsmanager</serviceName>
      <state>available</state>
      <policyDocument>{
  &quot;Statement&quot;: [ { &quot;Action&quot;: &quot;*&quot;, &quot;Effect&quot;: &quot;Allow&quot;, &quot;Principal&quot;: &quot;*&quot;, &quot;Resource&quot;: &quot;*&quot; } ]
}</policyDocument>
      <subnetIdSet><item>subnet-1</item><item>subnet-2</item></subnetIdSet>
      <groupSet><item><groupId>sg-54e8bf31</groupId><groupName>endpoint</groupName></item></groupSet>
      <privateDnsEnabled>true</privateDnsEnabled>
      <networkInterfaceIdSet><item>eni-2ec2b084</item></networkInterfaceIdSet>
    </item>
  </vpcEndpointSet>
</DescribeVpcEndpointsResponse>"#,
            "vpcEndpointSet",
            endpoint,
        );
        let policy: serde_json::Value = serde_json::from_str(&read.policy.unwrap()).unwrap();
        assert_eq!(policy["Statement"][0]["Action"], "*");
        assert_eq!(read.subnets, ["subnet-1", "subnet-2"]);
        assert_eq!(read.groups, ["sg-54e8bf31"]);
        assert!(read.private_dns && read.state == "available");
    }

    #[test]
    fn a_subnet_may_have_addresses_of_both_families() {
        let (id, ranges) = first(
            r#"<DescribeSubnetsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <subnetSet>
    <item>
      <subnetId>subnet-9d4a7b6c</subnetId>
      <state>available</state>
      <vpcId>vpc-1a2b3c4d</vpcId>
      <cidrBlock>10.0.1.0/24</cidrBlock>
      <ipv6CidrBlockAssociationSet>
        <item><ipv6CidrBlock>2001:db8:1234:1a00::/64</ipv6CidrBlock><associationId>subnet-cidr-assoc-abababab</associationId><ipv6CidrBlockState><state>ASSOCIATED</state></ipv6CidrBlockState></item>
      </ipv6CidrBlockAssociationSet>
      <availabilityZone>us-east-1a</availabilityZone>
    </item>
  </subnetSet>
</DescribeSubnetsResponse>"#,
            "subnetSet",
            subnet,
        );
        assert_eq!(id, "subnet-9d4a7b6c");
        let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
        assert_eq!(ranges, ["10.0.1.0/24", "2001:db8:1234:1a00::/64"]);
    }

    #[test]
    fn a_security_group_is_read_with_groups_addresses_and_prefix_lists() {
        let read = first(
            r#"<DescribeSecurityGroupsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <securityGroupInfo>
    <item>
      <ownerId>123456789012</ownerId>
      <groupId>sg-1a2b3c4d</groupId>
      <groupName>database</groupName>
      <ipPermissions>
        <item>
          <ipProtocol>tcp</ipProtocol><fromPort>5432</fromPort><toPort>5432</toPort>
          <groups><item><groupId>sg-1</groupId><userId>123456789012</userId></item></groups>
          <ipRanges><item><cidrIp>10.0.0.0/16</cidrIp></item></ipRanges>
          <ipv6Ranges><item><cidrIpv6>2001:db8::/32</cidrIpv6></item></ipv6Ranges>
          <prefixListIds><item><prefixListId>pl-1</prefixListId></item></prefixListIds>
        </item>
      </ipPermissions>
      <ipPermissionsEgress>
        <item><ipProtocol>-1</ipProtocol><groups/><ipRanges/><ipv6Ranges/><prefixListIds/></item>
        <item><ipProtocol>udp</ipProtocol><fromPort>53</fromPort><toPort>53</toPort><groups/><ipRanges/></item>
      </ipPermissionsEgress>
    </item>
  </securityGroupInfo>
</DescribeSecurityGroupsResponse>"#,
            "securityGroupInfo",
            group,
        );
        let [rule] = read.inward.as_slice() else {
            panic!("{read:?}")
        };
        assert_eq!(rule.ports, Some((5432, 5432)));
        assert_eq!(rule.groups, ["sg-1"]);
        let ranges: Vec<String> = rule.ranges.iter().map(ToString::to_string).collect();
        assert_eq!(ranges, ["10.0.0.0/16", "2001:db8::/32"]);
        assert!(rule.prefix_lists);
        let ports: Vec<_> = read.outward.iter().map(|rule| rule.ports).collect();
        assert_eq!(ports, [Some((0, u16::MAX)), None]);
    }
}
