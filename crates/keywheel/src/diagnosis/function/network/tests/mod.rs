//! Networks as the answers of EC2 and RDS describe them, and what is found in each.

mod acl;
mod database;
mod policy;
mod routes;

use std::collections::BTreeMap;

use super::facts::{
    Acl, Caller, Database, Endpoint, Entry, Group, Network, Route, Rule, Subnet, Target, Vpc,
};
use super::finding::{Found, Obstacle};
use super::judge::judge;
use super::mend::Mend;

const ROLE: &str = "arn:aws:iam::123456789012:role/keywheel/rotation";
const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:orders/db-AbCdEf";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:rotation";

fn owned(all: &[&str]) -> Vec<String> {
    all.iter().map(|one| (*one).to_owned()).collect()
}

fn rule(port: u16, groups: &[&str], ranges: &[&str]) -> Rule {
    Rule {
        ports: Some((port, port)),
        groups: owned(groups),
        ranges: ranges.iter().map(|range| range.parse().unwrap()).collect(),
        prefix_lists: false,
    }
}

fn group(id: &str, inward: &[Rule], outward: &[Rule]) -> Group {
    Group {
        id: id.to_owned(),
        inward: inward.to_vec(),
        outward: outward.to_vec(),
    }
}

/// `100 allow 443 10.0.0.0/8`, with `-` between ports, and `all` for all of them.
fn entry(egress: bool, text: &str) -> Entry {
    let [number, action, ports, range] = text.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{text}")
    };
    let ports = match ports.split_once('-') {
        _ if ports == "all" => (0, u16::MAX),
        Some((first, last)) => (first.parse().unwrap(), last.parse().unwrap()),
        None => (ports.parse().unwrap(), ports.parse().unwrap()),
    };
    Entry {
        number: number.parse().unwrap(),
        egress,
        allows: action == "allow",
        ports: Some(ports),
        range: range.parse().unwrap(),
    }
}

/// A network ACL of `subnet-1`: its own rules, and those that every one ends with.
fn acl(out: &[&str], inward: &[&str]) -> Acl {
    let last = [(32767, "0.0.0.0/0"), (32768, "::/0")].map(|(number, range)| {
        [true, false].map(|egress| entry(egress, &format!("{number} deny all {range}")))
    });
    Acl {
        id: "acl-1".to_owned(),
        subnets: owned(&["subnet-1"]),
        entries: out
            .iter()
            .map(|text| entry(true, text))
            .chain(inward.iter().map(|text| entry(false, text)))
            .chain(last.into_iter().flatten())
            .collect(),
    }
}

/// A private subnet, and an endpoint in another one that lets the function in.
fn sound() -> Network {
    let vpc = Vpc {
        id: "vpc-1".to_owned(),
        subnets: owned(&["subnet-1"]),
        groups: owned(&["sg-f"]),
        ipv6: false,
    };
    let caller = Caller {
        role: Some(ROLE.to_owned()),
        function: FUNCTION.to_owned(),
        secret: SECRET.to_owned(),
    };
    let addresses = [
        ("subnet-1", "10.0.1.0/24"),
        ("subnet-e", "10.0.2.0/24"),
        ("subnet-db", "10.0.3.0/24"),
    ];
    Network {
        service: Some("com.amazonaws.us-east-1.secretsmanager".to_owned()),
        subnets: vec![Subnet {
            id: "subnet-1".to_owned(),
            route: Route::Missing,
        }],
        addresses: BTreeMap::from(addresses.map(|(id, range)| (id.to_owned(), vec![range.parse().unwrap()]))),
        endpoint: Some(Endpoint {
            id: "vpce-1".to_owned(),
            state: "available".to_owned(),
            private_dns: true,
            groups: owned(&["sg-e"]),
            subnets: owned(&["subnet-e"]),
            policy: None,
        }),
        groups: vec![
            group(
                "sg-f",
                &[],
                &[rule(443, &[], &["0.0.0.0/0"]), rule(5432, &["sg-db"], &[])],
            ),
            group("sg-e", &[rule(443, &["sg-f"], &[])], &[]),
            group("sg-db", &[rule(5432, &["sg-f"], &[])], &[]),
        ],
        ..Network::new(Target::SecretsManager, caller, vpc)
    }
}

/// The same of a function that does not reach its database.
fn to_database() -> Network {
    Network {
        target: Target::Database,
        service: None,
        endpoint: None,
        ..sound()
    }
}

/// A database of RDS that lets the function in.
fn database() -> Database {
    Database {
        id: "orders".to_owned(),
        port: 5432,
        groups: owned(&["sg-db"]),
        subnets: owned(&["subnet-db"]),
    }
}

fn lines_of(found: &[Found]) -> Vec<String> {
    let lines = found
        .iter()
        .map(|found| format!("{:?} {}", found.mark, found.text));
    lines.collect()
}

fn lines(network: &Network) -> Vec<String> {
    lines_of(&judge(network, None))
}

fn mends(network: &Network) -> Vec<Mend> {
    let found = judge(network, None);
    found.into_iter().filter_map(|found| found.mend).collect()
}

fn failures(found: &[Found]) -> Vec<Obstacle> {
    let failed = found.iter().filter(|found| found.has_failed());
    failed.filter_map(|found| found.obstacle).collect()
}
