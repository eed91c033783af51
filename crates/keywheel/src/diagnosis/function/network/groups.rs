//! Security groups: each rule allows, and answers need none.

use ipnet::IpNet;

use super::facts::{Database, Endpoint, Network, Rule};
use super::finding::{Found, Obstacle};
use super::mend::Mend;

/// What the rules of a peer's groups do with the function, or the function's with a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lets {
    /// All of it passes.
    All,
    /// A prefix list, or a part of the addresses.
    Part,
    /// Nothing passes.
    Nothing,
}

/// Whether `rules` let through what goes to or comes from these groups or addresses.
fn lets<'r>(rules: impl Iterator<Item = &'r Rule>, port: u16, groups: &[String], ranges: &[IpNet]) -> Lets {
    let rules: Vec<&Rule> = rules.filter(|rule| rule.has(port)).collect();
    if rules
        .iter()
        .any(|rule| rule.groups.iter().any(|id| groups.contains(id)))
    {
        return Lets::All;
    }
    let allowed = || rules.iter().flat_map(|rule| &rule.ranges);
    let covered = |range: &&IpNet| allowed().any(|wide| wide.contains(*range));
    // One family is enough.
    let all_of = |family: &dyn Fn(&IpNet) -> bool| {
        let mut of_family = ranges.iter().filter(|range| family(range)).peekable();
        of_family.peek().is_some() && of_family.all(|range| covered(&range))
    };
    if all_of(&|range| matches!(range, IpNet::V4(_))) || all_of(&|range| matches!(range, IpNet::V6(_))) {
        return Lets::All;
    }
    let touched = |wide: &IpNet| {
        let mut ranges = ranges.iter();
        ranges.any(|range| wide.contains(range) || range.contains(wide))
    };
    let unknown = ranges.is_empty() && rules.iter().any(|rule| !rule.ranges.is_empty());
    if unknown || allowed().any(touched) || rules.iter().any(|rule| rule.prefix_lists) {
        Lets::Part
    } else {
        Lets::Nothing
    }
}

/// Whether no group of the function's has a rule for what goes to these groups or addresses. `to` is the group that the remedy names.
pub(super) fn lets_out(
    network: &Network,
    port: u16,
    groups: &[String],
    ranges: &[IpNet],
    to: Option<&String>,
) -> Option<Found> {
    let own = network.groups(&network.vpc.groups);
    let first = own.clone().next()?.id.clone();
    let rules = own.flat_map(|group| &group.outward);
    (lets(rules, port, groups, ranges) == Lets::Nothing).then(|| {
        let text = format!(
            "the function's {} let nothing out on port {port}",
            list(&network.vpc.groups)
        );
        let mend = Mend::LetOut {
            group: first,
            to: to.cloned(),
            port,
        };
        Found::failed(Obstacle::FunctionGroupClosed, text, Some(mend))
    })
}

/// Somebody who has security groups, and must let the function in.
struct Door<'a> {
    whose: &'static str,
    id: &'a str,
    groups: &'a [String],
    port: u16,
    obstacle: Obstacle,
}

/// Whether the endpoint lets the function in; nothing is said if it does.
pub(super) fn into_endpoint(network: &Network, endpoint: &Endpoint, port: u16) -> Option<Found> {
    let door = Door {
        whose: "endpoint",
        id: &endpoint.id,
        groups: &endpoint.groups,
        port,
        obstacle: Obstacle::EndpointGroupClosed,
    };
    door.lets_in(network)
}

/// Whether the database lets the function in. It has security groups: RDS gives it the VPC's default one.
pub(super) fn into_database(network: &Network, database: &Database) -> Found {
    let door = Door {
        whose: "database",
        id: &database.id,
        groups: &database.groups,
        port: database.port,
        obstacle: Obstacle::DatabaseGroupClosed,
    };
    door.lets_in(network).unwrap_or_else(|| {
        Found::well(format!(
            "the security groups of the database {} let the function in on port {}",
            database.id, database.port
        ))
    })
}

impl Door<'_> {
    fn lets_in(&self, network: &Network) -> Option<Found> {
        if self.groups.is_empty() {
            return None;
        }
        let own = network.addresses_of(&network.vpc.subnets);
        let groups = network.groups(self.groups);
        let known = groups.clone().next().is_some();
        let rules = groups.flat_map(|group| &group.inward);
        let of = list(self.groups);
        let Self { whose, id, port, .. } = self;
        match lets(rules, self.port, &network.vpc.groups, &own) {
            Lets::All => None,
            Lets::Nothing if known => {
                let text = format!("the {whose} {id} does not let the function in on port {port}: see {of}");
                let pair = self.groups.first().zip(network.vpc.groups.first());
                let mend = pair.map(|(into, from)| Mend::LetIn {
                    whose,
                    into: into.clone(),
                    from: from.clone(),
                    port: self.port,
                });
                Some(Found::failed(self.obstacle, text, mend))
            }
            Lets::Part | Lets::Nothing => {
                let text = format!(
                    "whether the {whose} {id} lets all of the function's subnets in on port {port} is not known: see {of}"
                );
                Some(Found::unclear(self.obstacle, text))
            }
        }
    }
}

/// What the function's groups let out, and which groups let it in: it is not known where the database is.
pub(super) fn doors(network: &Network) -> Vec<Found> {
    let own = list(&network.vpc.groups);
    let out: Vec<&Rule> = network
        .groups(&network.vpc.groups)
        .flat_map(|group| &group.outward)
        .collect();
    let out = ports(&out);
    if out.is_empty() {
        let text = format!("the function's {own} let nothing out");
        return vec![Found::failed(Obstacle::FunctionGroupClosed, text, None)];
    }
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
    let let_in = if named.is_empty() {
        format!("no security group lets {own} in by its ID: the database's must, by ID or address")
    } else {
        format!("let {own} in: {}", named.join(", "))
    };
    vec![
        Found::note(format!("the function's {own} let out: {out}")),
        Found::note(let_in),
    ]
}

fn ports(rules: &[&Rule]) -> String {
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
}

pub(super) fn list(ids: &[String]) -> String {
    ids.join(", ")
}
