//! EC2: the ways out of a function's VPC.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use roxmltree::Node;

use super::ec2;
use super::session::Session;
use crate::diagnosis::{Answer, Endpoint, Group, Network, Range, Route, Rule, Subnet, Target, Unasked, Vpc};

/// Where all IPv4 addresses are.
const ANYWHERE: &str = "0.0.0.0/0";

/// Asks everything about the network that a function needs to reach `target`.
pub(crate) async fn network(session: &Session, vpc: Vpc, target: Target) -> Answer<Network> {
    match Box::pin(all(session, vpc, target)).await {
        Ok(network) => Answer::Said(network),
        Err(why) => Answer::NotAsked(why),
    }
}

/// The first question without an answer ends it.
async fn all(session: &Session, vpc: Vpc, target: Target) -> Result<Network, Unasked> {
    let of_vpc = filter(1, "vpc-id", std::slice::from_ref(&vpc.id));
    let service = target.endpoint().map(|name| service_name(&session.region, name));
    let subnets = ec2::ask(
        session,
        "DescribeSubnets",
        "ec2:DescribeSubnets",
        numbered("SubnetId", &vpc.subnets),
        |root| {
            items(root, "subnetSet")
                .map(|one| (text(one, "subnetId"), text(one, "cidrBlock")))
                .collect::<Vec<_>>()
        },
    );
    let tables = ec2::ask(
        session,
        "DescribeRouteTables",
        "ec2:DescribeRouteTables",
        of_vpc.clone(),
        |root| items(root, "routeTableSet").map(table).collect::<Vec<_>>(),
    );
    let endpoints = async {
        let Some(service) = &service else {
            return Answer::Said(None);
        };
        let parameters = [
            of_vpc.clone(),
            filter(2, "service-name", std::slice::from_ref(service)),
        ]
        .concat();
        let permission = "ec2:DescribeVpcEndpoints";
        ec2::ask(session, "DescribeVpcEndpoints", permission, parameters, |root| {
            let all: Vec<Endpoint> = items(root, "vpcEndpointSet").map(endpoint).collect();
            // Several may be there; the one whose name is used decides.
            let named = all.iter().position(|one| one.private_dns);
            all.into_iter().nth(named.unwrap_or_default())
        })
        .await
    };
    let dns =
        join_all(["enableDnsSupport", "enableDnsHostnames"].map(|name| attribute(session, &vpc.id, name)));
    let acls = ec2::ask(
        session,
        "DescribeNetworkAcls",
        "ec2:DescribeNetworkAcls",
        filter(1, "association.subnet-id", &vpc.subnets),
        |root| {
            items(root, "networkAclSet")
                .filter(|one| text(*one, "default") != "true")
                .map(|one| text(one, "networkAclId"))
                .collect::<Vec<_>>()
        },
    );
    let open = async {
        if target != Target::Database {
            return Answer::Said(Vec::new());
        }
        groups(session, filter(1, "ip-permission.group-id", &vpc.groups)).await
    };
    let (subnets, tables, endpoint, dns, acls, open) =
        tokio::join!(subnets, tables, endpoints, dns, acls, open);
    let (endpoint, tables) = (said(endpoint)?, said(tables)?);
    let of_endpoint = endpoint.iter().flat_map(|endpoint| &endpoint.groups);
    let ids: BTreeSet<&String> = vpc.groups.iter().chain(of_endpoint).collect();
    let ids: Vec<String> = ids.into_iter().cloned().collect();
    let groups = said(groups(session, numbered("GroupId", &ids)).await)?;
    let mut switches = Vec::new();
    for one in dns {
        switches.push(said(one)?);
    }
    let subnets = said(subnets)?.into_iter().map(|(id, range)| Subnet {
        range: range.parse::<Range>().ok(),
        route: route(&tables, &id),
        id,
    });
    Ok(Network {
        target,
        service,
        subnets: subnets.collect(),
        endpoint,
        dns: [switches[0], switches[1]],
        groups,
        open: said(open)?,
        acls: said(acls)?,
        vpc,
    })
}

fn said<T>(answer: Answer<T>) -> Result<T, Unasked> {
    match answer {
        Answer::Said(answer) => Ok(answer),
        Answer::NotAsked(why) => Err(why),
    }
}

/// China's names begin the other way round (AWS `PrivateLink` in China).
fn service_name(region: &str, service: &str) -> String {
    let domain = if region.starts_with("cn-") {
        "cn.com.amazonaws"
    } else {
        "com.amazonaws"
    };
    format!("{domain}.{region}.{service}")
}

async fn attribute(session: &Session, vpc: &str, name: &str) -> Answer<bool> {
    let parameters = vec![
        ("VpcId".to_owned(), vpc.to_owned()),
        ("Attribute".to_owned(), name.to_owned()),
    ];
    let permission = "ec2:DescribeVpcAttribute";
    ec2::ask(session, "DescribeVpcAttribute", permission, parameters, |root| {
        child(root, name).is_some_and(|value| text(value, "value") == "true")
    })
    .await
}

async fn groups(session: &Session, parameters: Vec<(String, String)>) -> Answer<Vec<Group>> {
    let permission = "ec2:DescribeSecurityGroups";
    ec2::ask(
        session,
        "DescribeSecurityGroups",
        permission,
        parameters,
        |root| items(root, "securityGroupInfo").map(group).collect(),
    )
    .await
}

/// A route table: the subnets that it is for, whether it is for all others, and its default route.
struct Table {
    subnets: Vec<String>,
    main: bool,
    route: Route,
}

fn table(table: Node<'_, '_>) -> Table {
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
fn route(tables: &[Table], subnet: &str) -> Route {
    let own = tables
        .iter()
        .find(|table| table.subnets.iter().any(|id| id == subnet));
    let table = own.or_else(|| tables.iter().find(|table| table.main));
    table.map_or(Route::Missing, |table| table.route.clone())
}

fn endpoint(endpoint: Node<'_, '_>) -> Endpoint {
    Endpoint {
        id: text(endpoint, "vpcEndpointId"),
        // "Available" in answers, "available" in documentation.
        state: text(endpoint, "state").to_lowercase(),
        private_dns: text(endpoint, "privateDnsEnabled") == "true",
        groups: items(endpoint, "groupSet")
            .map(|one| text(one, "groupId"))
            .collect(),
    }
}

fn group(group: Node<'_, '_>) -> Group {
    Group {
        id: text(group, "groupId"),
        inward: items(group, "ipPermissions").map(rule).collect(),
        outward: items(group, "ipPermissionsEgress").map(rule).collect(),
    }
}

fn rule(rule: Node<'_, '_>) -> Rule {
    let port = |name, usual| text(rule, name).parse::<u16>().unwrap_or(usual);
    let ports = match text(rule, "ipProtocol").as_str() {
        "-1" => Some((0, u16::MAX)),
        "tcp" | "6" => Some((port("fromPort", 0), port("toPort", u16::MAX))),
        _ => None,
    };
    Rule {
        ports,
        groups: items(rule, "groups").map(|one| text(one, "groupId")).collect(),
        ranges: items(rule, "ipRanges")
            .filter_map(|one| text(one, "cidrIp").parse().ok())
            .collect(),
        others: items(rule, "ipv6Ranges").next().is_some() || items(rule, "prefixListIds").next().is_some(),
    }
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.tag_name().name() == name)
}

fn text(node: Node<'_, '_>, name: &str) -> String {
    child(node, name)
        .and_then(|node| node.text())
        .unwrap_or_default()
        .to_owned()
}

/// The items of a list.
fn items<'a, 'i>(node: Node<'a, 'i>, name: &str) -> impl Iterator<Item = Node<'a, 'i>> + use<'a, 'i> {
    let list = child(node, name);
    list.into_iter()
        .flat_map(|list| list.children())
        .filter(|child| child.tag_name().name() == "item")
}

/// `Filter.N.Name` and its values.
fn filter(number: usize, name: &str, values: &[String]) -> Vec<(String, String)> {
    let mut all = vec![(format!("Filter.{number}.Name"), name.to_owned())];
    all.extend(numbered(&format!("Filter.{number}.Value"), values));
    all
}

fn numbered(name: &str, values: &[String]) -> Vec<(String, String)> {
    let pairs = values.iter().zip(1..);
    pairs
        .map(|(value, number)| (format!("{name}.{number}"), value.clone()))
        .collect()
}
