//! Databases.

use super::super::place::Place;
use super::*;

#[test]
fn where_the_database_is_not_known_the_doors_are_named() {
    let mut network = to_database();
    network.groups[0].outward = vec![rule(443, &[], &["0.0.0.0/0"])];
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

#[test]
fn a_database_that_lets_the_function_in_is_told() {
    let well = ["Ok the security groups of the database orders let the function in on port 5432"];
    let mut network = to_database();
    assert_eq!(lines_of(&judge(&network, Some(&database()))), well);
    network.groups[2].inward = vec![rule(5432, &[], &["10.0.0.0/23"])];
    assert_eq!(lines_of(&judge(&network, Some(&database()))), well);
}

#[test]
fn a_database_that_does_not_has_what_opens_it() {
    let let_in = Mend::LetIn {
        whose: "database",
        into: "sg-db".to_owned(),
        from: "sg-f".to_owned(),
        port: 5432,
    };
    for inward in [
        Vec::new(),
        vec![rule(5433, &["sg-f"], &[])],
        vec![rule(5432, &["sg-other"], &["10.0.2.0/24"])],
    ] {
        let mut network = to_database();
        network.groups[2].inward = inward;
        let found = judge(&network, Some(&database()));
        assert_eq!(
            lines_of(&found),
            ["Failed the database orders does not let the function in on port 5432: see sg-db"]
        );
        assert_eq!(found[0].mend, Some(let_in.clone()));
        assert_eq!(failures(&found), [Obstacle::DatabaseGroupClosed]);
    }
}

#[test]
fn groups_that_ec2_does_not_show_are_not_judged() {
    let mut network = to_database();
    network.groups.truncate(1);
    let found = judge(&network, Some(&database()));
    assert_eq!(
        lines_of(&found),
        [
            "Note whether the database orders lets all of the function's subnets in on port 5432 is not known: see sg-db"
        ]
    );
    // RDS shows none of a database outside of a VPC.
    let outside = Database {
        groups: Vec::new(),
        ..database()
    };
    assert!(lines_of(&judge(&network, Some(&outside)))[0].starts_with("Note the function's sg-f let out"));
}

#[test]
fn the_functions_own_groups_must_let_it_out_to_the_database() {
    let closed = [
        rule(5432, &["sg-other"], &["10.9.0.0/16"]),
        rule(443, &[], &["0.0.0.0/0"]),
    ];
    let mut network = to_database();
    for rule in closed {
        network.groups[0].outward = vec![rule];
        let found = judge(&network, Some(&database()));
        assert_eq!(failures(&found), [Obstacle::FunctionGroupClosed]);
        assert_eq!(
            found[0].mend,
            Some(Mend::LetOut {
                group: "sg-f".to_owned(),
                to: Some("sg-db".to_owned()),
                port: 5432,
            })
        );
    }
    network.groups[0].outward = vec![rule(5432, &[], &["10.0.3.0/24"])];
    assert_eq!(failures(&judge(&network, Some(&database()))), []);
}

#[test]
fn network_acls_are_asked_for_the_databases_port_and_subnets() {
    let mut network = to_database();
    network.acls = vec![acl(
        &["90 deny 5432 10.0.3.0/24", "100 allow all 0.0.0.0/0"],
        &["100 allow all 0.0.0.0/0"],
    )];
    let found = judge(&network, Some(&database()));
    assert!(
        found[0]
            .text
            .contains("lets nothing out to 10.0.3.0/24 on port 5432: rule 90"),
        "{found:?}"
    );
    // The address that the function was silent about is one of them.
    network.address = Some("10.0.3.7/32".parse().unwrap());
    let found = judge(&network, Some(&database()));
    assert!(
        found[0]
            .text
            .contains("lets nothing out to 10.0.3.7/32 on port 5432"),
        "{found:?}"
    );
    // Of a database that is not RDS's, port and address may be known.
    network.port = Some(6432);
    network.acls = vec![acl(&["100 allow 443 0.0.0.0/0"], &["100 allow all 0.0.0.0/0"])];
    let found = judge(&network, None);
    assert_eq!(failures(&found), [Obstacle::NetworkAclClosed]);
    assert!(
        lines_of(&found)[2].contains("10.0.3.7/32 on port 6432: no rule allows it"),
        "{found:?}"
    );
}

#[test]
fn the_functions_words_say_where_it_looked() {
    let place = |words: &str| Place::in_words(words).map(|place| (place.host, place.port, place.address));
    let at = |host: &str, port, address: Option<&str>| {
        Some((host.to_owned(), port, address.map(|text| text.parse().unwrap())))
    };
    let orders = "orders.c7tj4example.us-east-1.rds.amazonaws.com";
    for (words, expected) in [
        (
            format!(
                "no answer in 5.0 s while connecting to {orders}:5432 (10.0.3.7); let the database's security group accept it"
            ),
            at(orders, Some(5432), Some("10.0.3.7")),
        ),
        (
            "no answer in 5.0 s while logging in at db:6432 as \"app\"; check the server's load".to_owned(),
            at("db", Some(6432), None),
        ),
        (
            "the connection to db.example:5432 was refused; start the server".to_owned(),
            at("db.example", Some(5432), None),
        ),
        (
            "there is no route to db:5432: 10.0.3.7: No route to host; put the function into subnets"
                .to_owned(),
            at("db", Some(5432), Some("10.0.3.7")),
        ),
        (
            format!("the name {orders} leads to no address: it does not exist; check the host"),
            at(orders, None, None),
        ),
        (
            "db:80 does not speak PostgreSQL's protocol: it says HTTP; check the port".to_owned(),
            at("db", Some(80), None),
        ),
        (
            "the connection to [2001:db8::7]:5432 was refused; start the server".to_owned(),
            at("2001:db8::7", Some(5432), Some("2001:db8::7")),
        ),
        (
            "the host 2001:db8::7 is at an address that no database has".to_owned(),
            at("2001:db8::7", None, Some("2001:db8::7")),
        ),
        ("it is something else".to_owned(), None),
        ("the connection to db:port was refused".to_owned(), None),
        ("connecting to ".to_owned(), None),
    ] {
        assert_eq!(place(&words), expected, "{words}");
    }
}
