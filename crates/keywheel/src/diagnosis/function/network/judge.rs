//! What stands in the way, in the order of a packet's way.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::facts::{Database, Endpoint, Network, Route, Target};
use super::finding::{Found, Obstacle};
use super::mend::Mend;
use super::{acl, groups, policy};

/// HTTPS.
const HTTPS: u16 = 443;

/// What was found. `database` is where the function should get to, if that is RDS's.
pub(in crate::diagnosis) fn judge(network: &Network, database: Option<&Database>) -> Vec<Found> {
    match network.target {
        Target::Database => to_database(network, database),
        Target::Provider => {
            let mut found = out(network, None);
            found.extend(default_routes(network));
            found
        }
        Target::EndpointPolicy => {
            let used = network.endpoint.as_ref().filter(|endpoint| endpoint.is_used());
            used.map(|endpoint| policy::judge(network, endpoint))
                .unwrap_or_default()
        }
        Target::SecretsManager | Target::Rds => {
            let used = network.endpoint.as_ref().filter(|endpoint| endpoint.is_used());
            let mut found = out(network, used);
            found.extend(match used {
                Some(endpoint) => by_endpoint(network, endpoint),
                None => without_endpoint(network, network.endpoint.as_ref()),
            });
            found
        }
    }
}

/// What the function's own groups and network ACLs do with HTTPS to an endpoint, or to anywhere.
fn out(network: &Network, endpoint: Option<&Endpoint>) -> Vec<Found> {
    let (to, ranges) = match endpoint {
        Some(endpoint) => (
            endpoint.groups.as_slice(),
            network.addresses_of(&endpoint.subnets),
        ),
        None => (&[][..], anywhere(network)),
    };
    let mut found: Vec<Found> = groups::lets_out(network, HTTPS, to, &ranges, None)
        .into_iter()
        .collect();
    // Without a route nothing gets as far as a network ACL.
    if endpoint.is_some() || !default_routes(network).iter().any(Found::has_failed) {
        found.extend(acl::judge(network, HTTPS, &ranges));
    }
    found
}

/// All addresses of the families that the function uses.
fn anywhere(network: &Network) -> Vec<IpNet> {
    let all = [
        IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0)),
        IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0)),
    ];
    all.into_iter().filter(|range| network.uses(range)).collect()
}

/// The groups and network ACLs between the function and the database.
fn to_database(network: &Network, database: Option<&Database>) -> Vec<Found> {
    let known = network.address.filter(|address| network.uses(address));
    let ranges = match (known, database) {
        (Some(address), _) => vec![address],
        (None, Some(database)) => network.addresses_of(&database.subnets),
        (None, None) => anywhere(network),
    };
    let acls = |port| acl::judge(network, port, &ranges);
    let Some(database) = database.filter(|database| !database.groups.is_empty()) else {
        let mut found = groups::doors(network);
        found.extend(network.port.into_iter().flat_map(acls));
        return found;
    };
    let (port, to) = (database.port, database.groups.first());
    let mut found: Vec<Found> = groups::lets_out(network, port, &database.groups, &ranges, to)
        .into_iter()
        .collect();
    found.extend(acls(port));
    found.push(groups::into_database(network, database));
    found
}

/// All calls go to the endpoint: whether its name resolves, and whether it lets the function in, and its calls.
fn by_endpoint(network: &Network, endpoint: &Endpoint) -> Vec<Found> {
    let mut found: Vec<Found> = ["enable-dns-support", "enable-dns-hostnames"]
        .into_iter()
        .zip(network.dns)
        .filter(|(_, on)| !on)
        .map(|(name, _)| {
            let text = format!(
                "{} of {} is off: the endpoint's name does not resolve",
                name.replace('-', " "),
                network.vpc.id
            );
            Found::failed(Obstacle::VpcDnsOff, text, Some(Mend::Dns(name)))
        })
        .collect();
    found.extend(groups::into_endpoint(network, endpoint, HTTPS));
    if found.is_empty() {
        found.push(Found::well(format!(
            "the endpoint {} is available, and lets the function in",
            endpoint.id
        )));
    }
    if network.target == Target::SecretsManager {
        found.extend(policy::judge(network, endpoint));
    }
    found
}

/// The name leads to the service's public addresses.
fn without_endpoint(network: &Network, unusable: Option<&Endpoint>) -> Vec<Found> {
    let mut found = Vec::new();
    let routes = default_routes(network);
    let has_way = !routes.iter().any(Found::has_failed);
    let told = |obstacle, text, mend| {
        if has_way {
            Found::note(text)
        } else {
            Found::failed(obstacle, text, mend)
        }
    };
    match unusable {
        Some(endpoint) if endpoint.state != "available" => {
            let text = format!("the endpoint {} is {}", endpoint.id, endpoint.state);
            found.push(told(Obstacle::EndpointUnavailable, text, None));
        }
        Some(endpoint) => {
            let text = format!("the private DNS of the endpoint {} is off", endpoint.id);
            let mend = Mend::PrivateDns(endpoint.id.clone());
            found.push(told(Obstacle::EndpointWithoutName, text, Some(mend)));
        }
        None if has_way => {}
        None => {
            let service = network.service.as_deref().unwrap_or_default();
            let text = format!("{} has no endpoint {service}", network.vpc.id);
            found.push(Found::failed(
                Obstacle::EndpointMissing,
                text,
                Some(Mend::Endpoint),
            ));
        }
    }
    found.extend(routes);
    found
}

/// Where the default routes lead: a line for all, or one for each subnet without a way.
fn default_routes(network: &Network) -> Vec<Found> {
    let mut found: Vec<Found> = network
        .subnets
        .iter()
        .filter_map(|subnet| {
            let (obstacle, why) = match &subnet.route {
                Route::Through(_) => return None,
                Route::Missing => (
                    Obstacle::NoDefaultRoute,
                    "has no default route, as to a NAT gateway".to_owned(),
                ),
                Route::Public(gateway) => (
                    Obstacle::PublicSubnet,
                    format!(
                        "is public ({gateway}): a function has no public address, and needs a NAT gateway"
                    ),
                ),
                Route::Blackhole(target) => (
                    Obstacle::RouteGone,
                    format!("has a default route to {target}, which is gone"),
                ),
            };
            Some(Found::failed(obstacle, format!("{} {why}", subnet.id), None))
        })
        .collect();
    if found.is_empty()
        && let Some(subnet) = network.subnets.first()
        && let Route::Through(target) = &subnet.route
    {
        found.push(Found::well(format!("the default route leads to {target}")));
    }
    found
}
