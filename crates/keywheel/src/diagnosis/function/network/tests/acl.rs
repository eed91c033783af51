//! Network ACLs.

use super::super::mend::AclRule;
use super::*;

const ALL: &str = "100 allow all 0.0.0.0/0";

fn with(out: &[&str], inward: &[&str]) -> Network {
    Network {
        acls: vec![acl(out, inward)],
        ..sound()
    }
}

/// What is found, but for the endpoint that is all right.
fn found(network: &Network) -> Vec<String> {
    let mut lines = lines(network);
    lines.retain(|line| !line.starts_with("Ok "));
    lines
}

fn opens(network: &Network) -> Vec<AclRule> {
    let mends = mends(network).into_iter().map(|mend| match mend {
        Mend::Acl(rule) => rule,
        other => panic!("{other:?}"),
    });
    mends.collect()
}

fn opening(egress: bool, number: u16, ports: (u16, u16), range: &str) -> AclRule {
    AclRule {
        acl: "acl-1".to_owned(),
        egress,
        number,
        ports,
        range: range.parse().unwrap(),
    }
}

#[test]
fn what_passes_both_ways_is_not_mentioned() {
    for (out, inward) in [
        ([ALL].as_slice(), [ALL].as_slice()),
        (
            &["100 allow 443 10.0.0.0/16"],
            &["100 allow 1024-65535 10.0.2.0/24"],
        ),
        // What is denied after it was allowed, or on other ports or addresses, does not count.
        (
            &[
                "90 deny 80 0.0.0.0/0",
                "91 deny all 10.9.0.0/16",
                ALL,
                "110 deny all 0.0.0.0/0",
            ],
            &["5 allow 1024-40000 0.0.0.0/0", "6 allow 40001-65535 0.0.0.0/0"],
        ),
    ] {
        assert_eq!(found(&with(out, inward)), Vec::<String>::new());
    }
}

#[test]
fn the_first_rule_that_fits_decides_by_its_number_and_not_by_its_place() {
    let network = with(&[ALL, "20 deny 443 10.0.2.0/24"], &[ALL]);
    assert_eq!(
        found(&network),
        [
            "Failed the network ACL acl-1 of subnet-1 lets nothing out to 10.0.2.0/24 on port 443: rule 20 denies it"
        ]
    );
    assert_eq!(opens(&network), [opening(true, 19, (443, 443), "10.0.2.0/24")]);
    assert_eq!(failures(&judge(&network, None)), [Obstacle::NetworkAclClosed]);
}

#[test]
fn answers_need_a_rule_of_their_own() {
    let network = with(&[ALL], &["100 allow 443 0.0.0.0/0"]);
    assert_eq!(
        found(&network),
        [
            "Failed the network ACL acl-1 of subnet-1 lets no answer in from 10.0.2.0/24 on ports 1024 to 65535: no rule allows it"
        ]
    );
    assert_eq!(
        opens(&network),
        [opening(false, 101, (1024, 65535), "10.0.2.0/24")]
    );
}

#[test]
fn ports_that_are_left_out_are_named() {
    let linux = with(&[ALL], &["100 allow 32768-60999 0.0.0.0/0"]);
    assert_eq!(opens(&linux), [opening(false, 101, (1024, 32767), "10.0.2.0/24")]);
    let hole = with(&[ALL], &["10 deny 5432 0.0.0.0/0", "11 deny 5433 0.0.0.0/0", ALL]);
    assert_eq!(opens(&hole), [opening(false, 9, (5432, 5433), "10.0.2.0/24")]);
    assert!(found(&hole)[0].ends_with("on ports 5432 to 5433: rule 10 denies it"));
}

#[test]
fn what_a_part_of_the_addresses_does_is_not_known() {
    for rules in [
        ["90 deny 443 10.0.2.128/25", ALL].as_slice(),
        &["90 allow 443 10.0.2.128/25"],
        &["90 allow 443 10.0.2.7/32", "91 deny all 10.0.0.0/8", ALL],
    ] {
        let network = with(rules, &[ALL]);
        let lines = found(&network);
        assert!(lines.len() == 1 && lines[0].starts_with("Note "), "{lines:?}");
        assert!(
            lines[0].contains("lets out to a part of 10.0.2.0/24 only, on port 443"),
            "{lines:?}"
        );
        assert_eq!(opens(&network), []);
    }
    // The part that is allowed is denied before.
    let network = with(&["90 deny 443 10.0.2.0/24", "91 allow 443 10.0.2.7/32"], &[ALL]);
    assert_eq!(opens(&network).len(), 1);
}

#[test]
fn within_a_subnet_nothing_passes_a_network_acl() {
    let mut network = with(&[], &[]);
    network.endpoint.as_mut().unwrap().subnets = owned(&["subnet-1"]);
    assert_eq!(found(&network), Vec::<String>::new());
    // An endpoint in several subnets has an address in each: which one is taken is not known.
    network.endpoint.as_mut().unwrap().subnets = owned(&["subnet-1", "subnet-e"]);
    let lines = found(&network);
    assert!(
        lines.len() == 2 && lines.iter().all(|line| line.starts_with("Note ")),
        "{lines:?}"
    );
}

#[test]
fn one_of_two_subnets_of_an_endpoint_may_be_the_one_that_is_open() {
    let mut network = with(&["90 deny 443 10.0.3.0/24", ALL], &[ALL]);
    network.endpoint.as_mut().unwrap().subnets = owned(&["subnet-e", "subnet-db"]);
    let lines = found(&network);
    assert!(
        lines.len() == 1 && lines[0].starts_with("Note the network ACL acl-1"),
        "{lines:?}"
    );
}

#[test]
fn a_function_with_both_families_needs_one_of_them() {
    let mut network = with(
        &["90 deny 443 0.0.0.0/0", "91 allow all ::/0"],
        &[ALL, "101 allow all ::/0"],
    );
    let both = ["10.0.2.0/24", "2001:db8:0:2::/64"].map(|range| range.parse().unwrap());
    network.addresses.insert("subnet-e".to_owned(), both.to_vec());
    assert_eq!(opens(&network), [opening(true, 89, (443, 443), "10.0.2.0/24")]);
    network.vpc.ipv6 = true;
    let lines = found(&network);
    assert!(lines.len() == 1 && lines[0].starts_with("Note "), "{lines:?}");
    network.acls = vec![acl(&[], &[ALL, "101 allow all ::/0"])];
    let ranges: Vec<String> = opens(&network)
        .iter()
        .map(|rule| rule.range.to_string())
        .collect();
    assert_eq!(ranges, ["10.0.2.0/24", "2001:db8:0:2::/64"]);
}

#[test]
fn a_number_that_is_taken_is_not_taken_again() {
    let network = with(&["2 deny 443 0.0.0.0/0", "1 allow 80 0.0.0.0/0"], &[ALL]);
    assert_eq!(opens(&network), []);
    assert_eq!(failures(&judge(&network, None)), [Obstacle::NetworkAclClosed]);
    let network = with(&["32766 allow 80 0.0.0.0/0"], &[ALL]);
    assert_eq!(opens(&network)[0].number, 32765);
}

#[test]
fn without_an_endpoint_it_is_about_all_addresses() {
    let mut network = with(&["100 allow 443 10.0.0.0/8"], &[ALL]);
    network.endpoint = None;
    network.subnets[0].route = Route::Through("nat-1".to_owned());
    assert!(
        found(&network)[0]
            .starts_with("Note the network ACL acl-1 of subnet-1 lets out to a part of 0.0.0.0/0")
    );
    network.acls = vec![acl(&[ALL], &["100 deny all 0.0.0.0/0"])];
    assert_eq!(opens(&network), [opening(false, 99, (1024, 65535), "0.0.0.0/0")]);
    // Without a route nothing gets as far as that.
    network.subnets[0].route = Route::Missing;
    assert_eq!(
        failures(&judge(&network, None)),
        [Obstacle::EndpointMissing, Obstacle::NoDefaultRoute]
    );
}

#[test]
fn a_network_acl_of_other_subnets_is_none_of_the_functions() {
    let mut network = with(&[], &[]);
    network.acls[0].subnets = owned(&["subnet-e"]);
    assert_eq!(found(&network), Vec::<String>::new());
}
