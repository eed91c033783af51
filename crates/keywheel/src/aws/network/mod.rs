//! EC2: the ways out of a function's VPC.

mod read;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use self::read::{acl, child, endpoint, group, items, route, subnet, table, text};
use super::ec2;
use super::session::Session;
use crate::diagnosis::{Answer, Caller, Database, Endpoint, Group, Network, Subnet, Target, Unasked, Vpc};

/// What there is to ask about.
pub(crate) struct Asked<'a> {
    /// What is to be reached.
    pub(crate) target: Target,
    /// The function's network.
    pub(crate) vpc: Vpc,
    /// Who calls.
    pub(crate) caller: Caller,
    /// The database, if it is RDS's.
    pub(crate) database: Option<&'a Database>,
}

/// Asks everything about the network that a function needs to reach the target.
pub(crate) async fn network(session: &Session, asked: Asked<'_>) -> Answer<Network> {
    match Box::pin(all(session, asked)).await {
        Ok(network) => Answer::Said(network),
        Err(why) => Answer::NotAsked(why),
    }
}

/// The first question without an answer ends it.
async fn all(session: &Session, asked: Asked<'_>) -> Result<Network, Unasked> {
    let Asked {
        target,
        vpc,
        caller,
        database,
    } = asked;
    let service = target.endpoint().map(|name| service_name(&session.region, name));
    if target == Target::EndpointPolicy {
        let endpoint = said(endpoint_of(session, &vpc, service.as_ref()).await)?;
        return Ok(Network {
            service,
            endpoint,
            ..Network::new(target, caller, vpc)
        });
    }
    let tables = ec2::ask(
        session,
        "DescribeRouteTables",
        "ec2:DescribeRouteTables",
        filter(1, "vpc-id", std::slice::from_ref(&vpc.id)),
        |root| items(root, "routeTableSet").map(table).collect::<Vec<_>>(),
    );
    let dns =
        join_all(["enableDnsSupport", "enableDnsHostnames"].map(|name| attribute(session, &vpc.id, name)));
    let acls = ec2::ask(
        session,
        "DescribeNetworkAcls",
        "ec2:DescribeNetworkAcls",
        filter(1, "association.subnet-id", &vpc.subnets),
        |root| items(root, "networkAclSet").map(acl).collect::<Vec<_>>(),
    );
    let open = async {
        if target != Target::Database || database.is_some() {
            return Answer::Said(Vec::new());
        }
        groups(session, filter(1, "ip-permission.group-id", &vpc.groups)).await
    };
    let endpoint = endpoint_of(session, &vpc, service.as_ref());
    let (tables, endpoint, dns, acls, open) = tokio::join!(tables, endpoint, dns, acls, open);
    let (endpoint, tables) = (said(endpoint)?, said(tables)?);
    let ids = |own: &[String], theirs: [Option<&Vec<String>>; 2]| {
        let theirs = theirs.into_iter().flatten().flatten();
        let ids: BTreeSet<&String> = own.iter().chain(theirs).collect();
        ids.into_iter().cloned().collect::<Vec<_>>()
    };
    let (of_endpoint, of_database) = (endpoint.as_ref(), database);
    let group_ids = ids(
        &vpc.groups,
        [
            of_endpoint.map(|one| &one.groups),
            of_database.map(|one| &one.groups),
        ],
    );
    let subnet_ids = ids(
        &vpc.subnets,
        [
            of_endpoint.map(|one| &one.subnets),
            of_database.map(|one| &one.subnets),
        ],
    );
    // A filter leaves out what is gone; a list of IDs would be refused.
    let (groups, addresses) = tokio::join!(
        groups(session, filter(1, "group-id", &group_ids)),
        ec2::ask(
            session,
            "DescribeSubnets",
            "ec2:DescribeSubnets",
            filter(1, "subnet-id", &subnet_ids),
            |root| items(root, "subnetSet").map(subnet).collect::<BTreeMap<_, _>>(),
        )
    );
    let mut switches = Vec::new();
    for one in dns {
        switches.push(said(one)?);
    }
    let subnets = vpc.subnets.iter().map(|id| Subnet {
        id: id.clone(),
        route: route(&tables, id),
    });
    Ok(Network {
        service,
        subnets: subnets.collect(),
        addresses: said(addresses)?,
        endpoint,
        dns: [switches[0], switches[1]],
        groups: said(groups)?,
        open: said(open)?,
        acls: said(acls)?,
        ..Network::new(target, caller, vpc)
    })
}

/// The VPC's interface endpoint of a service.
async fn endpoint_of(session: &Session, vpc: &Vpc, service: Option<&String>) -> Answer<Option<Endpoint>> {
    let Some(service) = service else {
        return Answer::Said(None);
    };
    let parameters = [
        filter(1, "vpc-id", std::slice::from_ref(&vpc.id)),
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
