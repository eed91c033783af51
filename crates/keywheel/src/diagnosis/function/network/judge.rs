//! What stands in the way.

use super::super::super::finding::Mark;
use super::facts::{Endpoint, Group, Network, Route, Rule, Target};

/// HTTPS.
const HTTPS: u16 = 443;

/// Something that was found, and what a person could do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::diagnosis) struct Found {
    /// Whether it stands in the way.
    pub(in crate::diagnosis) mark: Mark,
    /// In a line.
    pub(in crate::diagnosis) text: String,
    /// What opens the way.
    pub(in crate::diagnosis) mend: Option<Mend>,
}

/// What opens the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::diagnosis) enum Mend {
    /// Makes the interface endpoint, in the function's subnets and with its first group.
    Endpoint,
    /// Gives the service's usual name to the endpoint.
    PrivateDns(String),
    /// Switches this attribute of the VPC on: `enable-dns-support` or `enable-dns-hostnames`.
    Dns(&'static str),
    /// Lets the function's group into this one, on port 443.
    LetIn {
        /// The group of the endpoint.
        into: String,
        /// The function's.
        from: String,
    },
    /// Lets this group out on port 443.
    LetOut(String),
}

/// What was found, in the order of a packet's way.
pub(in crate::diagnosis) fn judge(network: &Network) -> Vec<Found> {
    let mut found = Vec::new();
    match network.target {
        Target::Database => found.extend(doors(network)),
        Target::Provider => {
            found.extend(lets_out(network));
            found.extend(default_routes(network));
        }
        Target::SecretsManager | Target::Rds => {
            found.extend(lets_out(network));
            match &network.endpoint {
                Some(endpoint) if endpoint.private_dns && endpoint.state == "available" => {
                    found.extend(by_endpoint(network, endpoint));
                }
                unusable => found.extend(without_endpoint(network, unusable.as_ref())),
            }
        }
    }
    if found.iter().all(|one| one.mark != Mark::Failed) {
        found.extend(network.acls.iter().map(|acl| {
            note(format!(
                "{acl} is not the VPC's default network ACL: it is not looked into"
            ))
        }));
    }
    found
}

const fn failed(text: String, mend: Option<Mend>) -> Found {
    Found {
        mark: Mark::Failed,
        text,
        mend,
    }
}

const fn note(text: String) -> Found {
    Found {
        mark: Mark::Note,
        text,
        mend: None,
    }
}

const fn well(text: String) -> Found {
    Found {
        mark: Mark::Ok,
        text,
        mend: None,
    }
}

fn groups<'n>(network: &'n Network, ids: &'n [String]) -> impl Iterator<Item = &'n Group> + Clone {
    network.groups.iter().filter(|group| ids.contains(&group.id))
}

/// Nothing goes out where no group of the function's has a rule for the port.
fn lets_out(network: &Network) -> Option<Found> {
    let mut own = groups(network, &network.vpc.groups).peekable();
    let first = own.peek()?.id.clone();
    let out = own.any(|group| {
        let mut rules = group.outward.iter();
        rules.any(|rule| rule.has(HTTPS) && !rule.is_empty())
    });
    (!out).then(|| {
        let text = format!(
            "the function's {} let nothing out on port 443",
            list(&network.vpc.groups)
        );
        failed(text, Some(Mend::LetOut(first)))
    })
}

/// All calls go to the endpoint: whether it lets the function in.
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
            failed(text, Some(Mend::Dns(name)))
        })
        .collect();
    let admits = |rule: &Rule| {
        rule.has(HTTPS)
            && (rule.others
                || rule.groups.iter().any(|id| network.vpc.groups.contains(id))
                || network.subnets.iter().any(|subnet| {
                    subnet
                        .range
                        .is_none_or(|own| rule.ranges.iter().any(|range| range.covers(own)))
                }))
    };
    let mut of_endpoint = groups(network, &endpoint.groups).peekable();
    let into = of_endpoint.peek().map(|group| group.id.clone());
    let from = network.vpc.groups.first().cloned();
    if let Some((into, from)) = into.zip(from)
        && !of_endpoint.any(|group| group.inward.iter().any(admits))
    {
        let text = format!(
            "the endpoint {} does not let the function in on port 443: see {}",
            endpoint.id,
            list(&endpoint.groups)
        );
        found.push(failed(text, Some(Mend::LetIn { into, from })));
    }
    if found.is_empty() {
        found.push(well(format!(
            "the endpoint {} is available, and lets the function in",
            endpoint.id
        )));
    }
    found
}

/// The name leads to the service's public addresses.
fn without_endpoint(network: &Network, unusable: Option<&Endpoint>) -> Vec<Found> {
    let mut found = Vec::new();
    let routes = default_routes(network);
    let has_way = routes.iter().all(|route| route.mark != Mark::Failed);
    let mark = if has_way { note } else { |text| failed(text, None) };
    match unusable {
        Some(endpoint) if endpoint.state != "available" => {
            found.push(mark(format!(
                "the endpoint {} is {}",
                endpoint.id, endpoint.state
            )));
        }
        Some(endpoint) => {
            let mut one = mark(format!("the private DNS of the endpoint {} is off", endpoint.id));
            one.mend = (!has_way).then(|| Mend::PrivateDns(endpoint.id.clone()));
            found.push(one);
        }
        None if has_way => {}
        None => {
            let service = network.service.as_deref().unwrap_or_default();
            let text = format!("{} has no endpoint {service}", network.vpc.id);
            found.push(failed(text, Some(Mend::Endpoint)));
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
            let why = match &subnet.route {
                Route::Through(_) => return None,
                Route::Missing => "has no default route, as to a NAT gateway".to_owned(),
                Route::Public(gateway) => {
                    format!(
                        "is public ({gateway}): a function has no public address, and needs a NAT gateway"
                    )
                }
                Route::Blackhole(target) => format!("has a default route to {target}, which is gone"),
            };
            Some(failed(format!("{} {why}", subnet.id), None))
        })
        .collect();
    if found.is_empty()
        && let Some(subnet) = network.subnets.first()
        && let Route::Through(target) = &subnet.route
    {
        found.push(well(format!("the default route leads to {target}")));
    }
    found
}

/// What the function's groups let out, and which groups let it in: the secret's host and port are not known here.
fn doors(network: &Network) -> Vec<Found> {
    let ports = |rules: &[&Rule]| {
        let mut ports: Vec<String> = rules
            .iter()
            .filter(|rule| !rule.is_empty())
            .filter_map(|rule| rule.ports)
            .map(|(first, last)| match (first, last) {
                (0, u16::MAX) => "all ports".to_owned(),
                (first, last) if first == last => first.to_string(),
                (first, last) => format!("{first} to {last}"),
            })
            .collect();
        ports.sort();
        ports.dedup();
        ports.join(", ")
    };
    let out: Vec<&Rule> = groups(network, &network.vpc.groups)
        .flat_map(|group| &group.outward)
        .collect();
    let out = ports(&out);
    if out.is_empty() {
        let text = format!("the function's {} let nothing out", list(&network.vpc.groups));
        return vec![failed(text, None)];
    }
    let own = list(&network.vpc.groups);
    let mut found = vec![note(format!("the function's {own} let out: {out}"))];
    let named: Vec<String> = network
        .open
        .iter()
        .filter_map(|group| {
            let rules: Vec<&Rule> = group
                .inward
                .iter()
                .filter(|rule| rule.groups.iter().any(|id| network.vpc.groups.contains(id)))
                .collect();
            let ports = ports(&rules);
            (!ports.is_empty()).then(|| format!("{} ({ports})", group.id))
        })
        .collect();
    found.push(note(if named.is_empty() {
        format!("no security group lets {own} in by its ID: the database's must, by ID or address")
    } else {
        format!("let {own} in: {}", named.join(", "))
    }));
    found
}

fn list(ids: &[String]) -> String {
    ids.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::facts::{Range, Subnet, Vpc};
    use super::*;

    fn rule(port: u16, groups: &[&str], ranges: &[&str]) -> Rule {
        Rule {
            ports: Some((port, port)),
            groups: groups.iter().map(|id| (*id).to_owned()).collect(),
            ranges: ranges.iter().map(|range| range.parse().unwrap()).collect(),
            others: false,
        }
    }

    fn group(id: &str, inward: &[Rule], outward: &[Rule]) -> Group {
        Group {
            id: id.to_owned(),
            inward: inward.to_vec(),
            outward: outward.to_vec(),
        }
    }

    /// A private subnet, and an endpoint that lets the function in.
    fn sound() -> Network {
        Network {
            target: Target::SecretsManager,
            service: Some("com.amazonaws.us-east-1.secretsmanager".to_owned()),
            vpc: Vpc {
                id: "vpc-1".to_owned(),
                subnets: vec!["subnet-1".to_owned()],
                groups: vec!["sg-f".to_owned()],
            },
            subnets: vec![Subnet {
                id: "subnet-1".to_owned(),
                range: Some("10.0.1.0/24".parse::<Range>().unwrap()),
                route: Route::Missing,
            }],
            endpoint: Some(Endpoint {
                id: "vpce-1".to_owned(),
                state: "available".to_owned(),
                private_dns: true,
                groups: vec!["sg-e".to_owned()],
            }),
            dns: [true, true],
            groups: vec![
                group("sg-f", &[], &[rule(443, &[], &["0.0.0.0/0"])]),
                group("sg-e", &[rule(443, &["sg-f"], &[])], &[]),
            ],
            open: Vec::new(),
            acls: Vec::new(),
        }
    }

    fn lines(network: &Network) -> Vec<String> {
        judge(network)
            .into_iter()
            .map(|found| format!("{:?} {}", found.mark, found.text))
            .collect()
    }

    fn mends(network: &Network) -> Vec<Mend> {
        judge(network)
            .into_iter()
            .filter_map(|found| found.mend)
            .collect()
    }

    #[test]
    fn an_endpoint_that_lets_the_function_in_is_a_way() {
        assert_eq!(
            lines(&sound()),
            ["Ok the endpoint vpce-1 is available, and lets the function in"]
        );
        let mut network = sound();
        network.groups[1].inward = vec![rule(443, &[], &["10.0.0.0/16"])];
        assert_eq!(mends(&network), []);
        network.acls = vec!["acl-1".to_owned()];
        assert!(
            lines(&network)[1].starts_with("Note acl-1"),
            "{:?}",
            lines(&network)
        );
    }

    #[test]
    fn each_thing_in_the_way_has_what_opens_it() {
        let mend = |change: &dyn Fn(&mut Network)| {
            let mut network = sound();
            change(&mut network);
            mends(&network)
        };
        let let_in = [Mend::LetIn {
            into: "sg-e".to_owned(),
            from: "sg-f".to_owned(),
        }];
        assert_eq!(mend(&|network| network.endpoint = None), [Mend::Endpoint]);
        assert_eq!(mend(&|network| network.groups[1].inward.clear()), let_in);
        let elsewhere =
            |network: &mut Network| network.groups[1].inward = vec![rule(443, &[], &["10.9.0.0/16"])];
        assert_eq!(mend(&elsewhere), let_in);
        let other_port = |network: &mut Network| network.groups[1].inward = vec![rule(5432, &["sg-f"], &[])];
        assert_eq!(mend(&other_port), let_in);
        assert_eq!(
            mend(&|network| network.groups[0].outward = vec![rule(5432, &[], &["0.0.0.0/0"])]),
            [Mend::LetOut("sg-f".to_owned())]
        );
        assert_eq!(
            mend(&|network| network.dns = [true, false]),
            [Mend::Dns("enable-dns-hostnames")]
        );
        let no_name = |network: &mut Network| network.endpoint.as_mut().unwrap().private_dns = false;
        assert_eq!(mend(&no_name), [Mend::PrivateDns("vpce-1".to_owned())]);
    }

    #[test]
    fn a_nat_gateway_is_a_way_and_a_public_subnet_is_none() {
        let with = |route: Route| {
            let mut network = sound();
            network.endpoint = None;
            network.subnets[0].route = route;
            network
        };
        let nat = with(Route::Through("nat-1".to_owned()));
        assert_eq!(lines(&nat), ["Ok the default route leads to nat-1"]);
        let public = with(Route::Public("igw-1".to_owned()));
        assert_eq!(mends(&public), [Mend::Endpoint]);
        assert!(lines(&public)[1].contains("subnet-1 is public (igw-1)"));
        let gone = with(Route::Blackhole("nat-0".to_owned()));
        assert!(lines(&gone)[1].contains("nat-0, which is gone"));
        let mut provider = with(Route::Missing);
        provider.target = Target::Provider;
        assert_eq!(mends(&provider), []);
        assert!(lines(&provider)[0].starts_with("Failed subnet-1 has no default route"));
    }

    #[test]
    fn of_a_database_the_doors_are_named() {
        let mut network = sound();
        network.target = Target::Database;
        network.endpoint = None;
        assert_eq!(
            lines(&network),
            [
                "Note the function's sg-f let out: 443",
                "Note no security group lets sg-f in by its ID: the database's must, by ID or address"
            ]
        );
        network.open = vec![group("sg-db", &[rule(5432, &["sg-f"], &[])], &[])];
        assert_eq!(lines(&network)[1], "Note let sg-f in: sg-db (5432)");
        network.groups[0].outward.clear();
        assert_eq!(lines(&network), ["Failed the function's sg-f let nothing out"]);
    }
}
