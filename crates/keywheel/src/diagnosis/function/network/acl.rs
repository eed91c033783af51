//! Network ACLs: the first rule that fits decides, and the answers need a rule of their own.
//!
//! Only those of the function's subnets are looked at. Traffic within a subnet passes none.

use ipnet::IpNet;

use super::facts::{Acl, Entry, Network};
use super::finding::{Found, Obstacle};
use super::mend::{AclRule, Mend};

/// From where Lambda connects, and so where answers come in (AWS's guide to VPCs, "Ephemeral ports").
const EPHEMERAL: (u16, u16) = (1024, u16::MAX);
/// The rules that every network ACL ends with deny, and are shown with an asterisk. They have this number; for IPv6, the next one.
const LAST: u16 = 32767;

/// What a network ACL does with the packets to or from some addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// All pass.
    Open,
    /// Those of some of the addresses pass.
    Part,
    /// On these ports none pass, because of the rule with this number.
    Shut { ports: (u16, u16), by: u16 },
}

/// What the network ACLs of the function's subnets do with connections to `port` of `ranges`, and with the answers. The peer is at one
/// of these ranges.
pub(super) fn judge(network: &Network, port: u16, ranges: &[IpNet]) -> Vec<Found> {
    let mut found = Vec::new();
    for acl in &network.acls {
        let own: Vec<&String> = network
            .vpc
            .subnets
            .iter()
            .filter(|id| acl.subnets.contains(id))
            .collect();
        // From a subnet to itself nothing passes the network ACL.
        let within = |id: &String, range: &IpNet| {
            let addresses = network.addresses.get(id).into_iter().flatten();
            addresses.into_iter().any(|subnet| subnet.contains(range))
        };
        let crossed = |range: &IpNet| own.iter().any(|id| !within(id, range));
        let all_cross = ranges.iter().all(|range| !own.iter().any(|id| within(id, range)));
        for (egress, ports) in [(true, (port, port)), (false, EPHEMERAL)] {
            let ways: Vec<(IpNet, Way)> = ranges
                .iter()
                .filter(|range| crossed(range))
                .map(|range| (*range, way(acl, egress, ports, *range)))
                .collect();
            let certain = all_cross && ways.iter().all(|(_, way)| matches!(way, Way::Shut { .. }));
            found.extend(ways.into_iter().filter_map(|(range, way)| {
                let told = Told {
                    acl,
                    own: &own,
                    egress,
                    range,
                };
                match way {
                    Way::Open => None,
                    Way::Part => Some(told.part(ports)),
                    Way::Shut { ports, by } => Some(told.shut(ports, by, certain)),
                }
            }));
        }
    }
    found
}

/// What is said of a network ACL, in one direction, about these addresses.
struct Told<'a> {
    acl: &'a Acl,
    own: &'a [&'a String],
    egress: bool,
    range: IpNet,
}

impl Told<'_> {
    fn name(&self) -> String {
        let own: Vec<&str> = self.own.iter().map(|id| id.as_str()).collect();
        format!("the network ACL {} of {}", self.acl.id, own.join(", "))
    }

    fn part(&self, ports: (u16, u16)) -> Found {
        let what = if self.egress {
            "lets out to"
        } else {
            "lets in from"
        };
        let text = format!(
            "{} {what} a part of {} only, on {}: whether the function is cut off is not known",
            self.name(),
            self.range,
            spelled(ports)
        );
        Found::unclear(Obstacle::NetworkAclClosed, text)
    }

    fn shut(&self, ports: (u16, u16), by: u16, certain: bool) -> Found {
        let what = if self.egress {
            "lets nothing out to"
        } else {
            "lets no answer in from"
        };
        let why = if by >= LAST {
            "no rule allows it".to_owned()
        } else {
            format!("rule {by} denies it")
        };
        let text = format!(
            "{} {what} {} on {}: {why}",
            self.name(),
            self.range,
            spelled(ports)
        );
        if !certain {
            return Found::unclear(Obstacle::NetworkAclClosed, text);
        }
        let mend = number(self.acl, self.egress, by).map(|number| {
            Mend::Acl(AclRule {
                acl: self.acl.id.clone(),
                egress: self.egress,
                number,
                ports,
                range: self.range,
            })
        });
        Found::failed(Obstacle::NetworkAclClosed, text, mend)
    }
}

fn spelled(ports: (u16, u16)) -> String {
    match ports {
        (first, last) if first == last => format!("port {first}"),
        (first, last) => format!("ports {first} to {last}"),
    }
}

/// A number that is free, before that of the rule that denies.
fn number(acl: &Acl, egress: bool, by: u16) -> Option<u16> {
    let used = |number: &u16| {
        let mut rules = acl.entries.iter();
        rules.any(|entry| entry.egress == egress && entry.number == *number)
    };
    let before = (1..by).rev();
    if by < LAST {
        return before.into_iter().find(|number| !used(number));
    }
    let last = acl.entries.iter().filter(|entry| entry.egress == egress);
    let last = last
        .map(|entry| entry.number)
        .filter(|number| *number < LAST)
        .max();
    (last.unwrap_or_default() + 1..LAST)
        .next()
        .or_else(|| before.into_iter().find(|number| !used(number)))
}

fn way(acl: &Acl, egress: bool, ports: (u16, u16), range: IpNet) -> Way {
    let mut rules: Vec<&Entry> = acl
        .entries
        .iter()
        .filter(|entry| entry.egress == egress)
        .collect();
    rules.sort_by_key(|entry| entry.number);
    let mut all = Way::Open;
    for cell in cells(&rules, ports) {
        all = match (all, decide(&rules, cell.0, range)) {
            (Way::Open | Way::Part, Decision::Shut(by)) => Way::Shut { ports: cell, by },
            // The first ports that are shut are told.
            (Way::Shut { ports, by }, Decision::Shut(next)) if ports.1.checked_add(1) == Some(cell.0) => {
                Way::Shut {
                    ports: (ports.0, cell.1),
                    by: by.min(next),
                }
            }
            (Way::Open, Decision::Part) => Way::Part,
            (all, _) => all,
        };
    }
    all
}

/// The ports in pieces, of which each rule has all or nothing.
fn cells(rules: &[&Entry], (first, last): (u16, u16)) -> Vec<(u16, u16)> {
    let mut starts: Vec<u16> = rules
        .iter()
        .filter_map(|rule| rule.ports)
        .flat_map(|(from, to)| [Some(from), to.checked_add(1)])
        .flatten()
        .filter(|port| (first..=last).contains(port))
        .chain([first])
        .collect();
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).map(|next| next - 1).chain([last]);
    starts.iter().copied().zip(ends).collect()
}

/// What becomes of the packets on one port.
enum Decision {
    Open,
    Part,
    Shut(u16),
}

fn decide(rules: &[&Entry], port: u16, range: IpNet) -> Decision {
    let (mut some_allowed, mut some_denied) = (false, false);
    for rule in rules {
        if !rule
            .ports
            .is_some_and(|(first, last)| (first..=last).contains(&port))
        {
            continue;
        }
        if rule.range.contains(&range) {
            return match (rule.allows, some_allowed, some_denied) {
                (true, _, false) => Decision::Open,
                (false, false, _) => Decision::Shut(rule.number),
                (true, _, true) | (false, true, _) => Decision::Part,
            };
        }
        if range.contains(&rule.range) {
            some_allowed |= rule.allows;
            some_denied |= !rule.allows;
        }
    }
    if some_allowed {
        Decision::Part
    } else {
        Decision::Shut(LAST)
    }
}
