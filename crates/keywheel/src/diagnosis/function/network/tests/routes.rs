//! Endpoints, routes and the function's own groups.

use super::*;

#[test]
fn an_endpoint_that_lets_the_function_in_is_a_way() {
    assert_eq!(
        lines(&sound()),
        ["Ok the endpoint vpce-1 is available, and lets the function in"]
    );
    let mut network = sound();
    network.groups[1].inward = vec![rule(443, &[], &["10.0.0.0/16"])];
    assert_eq!(mends(&network), []);
}

#[test]
fn each_thing_in_the_way_has_what_opens_it() {
    let mend = |change: &dyn Fn(&mut Network)| {
        let mut network = sound();
        change(&mut network);
        mends(&network)
    };
    let let_in = [Mend::LetIn {
        whose: "endpoint",
        into: "sg-e".to_owned(),
        from: "sg-f".to_owned(),
        port: 443,
    }];
    let let_out = [Mend::LetOut {
        group: "sg-f".to_owned(),
        to: None,
        port: 443,
    }];
    assert_eq!(mend(&|network| network.endpoint = None), [Mend::Endpoint]);
    assert_eq!(mend(&|network| network.groups[1].inward.clear()), let_in);
    let elsewhere = |network: &mut Network| network.groups[1].inward = vec![rule(443, &[], &["10.9.0.0/16"])];
    assert_eq!(mend(&elsewhere), let_in);
    let other_port = |network: &mut Network| network.groups[1].inward = vec![rule(5432, &["sg-f"], &[])];
    assert_eq!(mend(&other_port), let_in);
    for other in [
        rule(5432, &[], &["0.0.0.0/0"]),
        rule(443, &["sg-x"], &["10.9.0.0/16"]),
    ] {
        assert_eq!(
            mend(&|network| network.groups[0].outward = vec![other.clone()]),
            let_out
        );
    }
    assert_eq!(
        mend(&|network| network.groups[0].outward = vec![rule(443, &["sg-e"], &[])]),
        []
    );
    assert_eq!(
        mend(&|network| network.dns = [true, false]),
        [Mend::Dns("enable-dns-hostnames")]
    );
    let no_name = |network: &mut Network| network.endpoint.as_mut().unwrap().private_dns = false;
    assert_eq!(mend(&no_name), [Mend::PrivateDns("vpce-1".to_owned())]);
}

#[test]
fn what_a_group_does_with_a_part_of_the_addresses_is_not_known() {
    let mut network = sound();
    for part in [
        rule(443, &[], &["10.0.1.128/25"]),
        Rule {
            prefix_lists: true,
            ..rule(443, &[], &[])
        },
    ] {
        network.groups[1].inward = vec![part];
        assert_eq!(
            lines(&network),
            [
                "Note whether the endpoint vpce-1 lets all of the function's subnets in on port 443 is not known: see sg-e"
            ]
        );
    }
    // A rule for IPv6 is of no use to a function that has IPv4 only.
    network.groups[1].inward = vec![rule(443, &[], &["::/0"])];
    assert_eq!(failures(&judge(&network, None)), [Obstacle::EndpointGroupClosed]);
    network.vpc.ipv6 = true;
    let both = ["10.0.1.0/24", "2001:db8::/64"].map(|range| range.parse().unwrap());
    network.addresses.insert("subnet-1".to_owned(), both.to_vec());
    assert_eq!(failures(&judge(&network, None)), []);
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

/// A name for each, and no two alike.
#[test]
fn what_stands_in_the_way_has_a_name() {
    use strum::VariantArray as _;
    let names: std::collections::BTreeSet<_> = Obstacle::VARIANTS.iter().map(|one| one.name()).collect();
    assert_eq!(names.len(), Obstacle::VARIANTS.len());
    assert_eq!(Obstacle::NetworkAclClosed.name(), "network-acl-closed");
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/keywheel.md")).unwrap();
    for name in names {
        assert!(
            page.contains(&format!("`{name}`")),
            "docs/keywheel.md does not have {name}"
        );
    }
}
