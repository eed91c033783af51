//! From a name to a server that answers.

use keywheel_tests::certificates::{Authority, SERVER_NAMES};
use keywheel_tests::net::{self, Act, Deaf, Proxy, Rule, Tls};
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::Setup;
use staging_labels::{Label, Step};

use super::{hasty, refused_at_length, refused_at_the_database, rotates, world};

/// The writer of a secret names any host: the machine itself and metadata services are not even knocked at, so that an open port and
/// a closed one give one answer.
#[tokio::test]
async fn an_address_that_no_database_has_is_refused_and_tells_no_open_port_from_a_closed_one() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.set_nonblocking(true).expect("it can be asked");
    let open = listener.local_addr().expect("it has an address").port();
    for (host, why) in [
        ("127.0.0.1", "the machine itself"),
        ("localhost", "the machine itself"),
        ("169.254.169.254", "link-local"),
        ("0.0.0.0", "is no address"),
        ("224.0.0.1", "a group of machines"),
    ] {
        let mut messages = Vec::new();
        for port in [open, 1] {
            let setup = Setup::on(Server::Main).env("ALLOW_LOCAL_HOSTS", "false");
            let database = TestDatabase::new(cluster(Server::Main)).await;
            let document = database.document_at(host, port);
            let world = setup.start_with_document(database, &document.to_string()).await;
            let token = world.proposed().await;
            let error = world.step(&token, Step::Set).await.expect_err("it is refused");
            assert_eq!(error.error_type, "HostAddressRefused", "{error}");
            for words in [host, why, "ALLOW_LOCAL_HOSTS"] {
                assert!(error.error_message.contains(words), "{error}");
            }
            messages.push(error.error_message.replace(&world.secret, ""));
        }
        assert_eq!(messages[0], messages[1]);
    }
    assert!(listener.accept().is_err(), "nobody knocked");
}

#[tokio::test]
async fn a_host_that_is_missing_is_found_out_before_anything_is_written() {
    let hostless = |document: &mut serde_json::Value| {
        let document = document.as_object_mut().expect("a document is an object");
        document.remove("host").expect("it has a host");
    };
    let without = world(Setup::on(Server::Main), hostless).await;
    let token = without.stage();
    without
        .refuses(&token, Step::Create, "HostMissing", &["`host`", "PGHOST"])
        .await;
    assert_eq!(without.text_of(&token).await, None);

    let with = world(Setup::on(Server::Main).env("PGHOST", "localhost"), hostless).await;
    rotates(&with).await;
    let text = with.text(&Label::Current).await;
    assert!(
        !text.expect("it is current").contains("localhost"),
        "the document stays without a host"
    );
}

#[tokio::test]
async fn a_name_that_nobody_has_is_unknown() {
    let world = world(Setup::on(Server::Main), |document| {
        document["host"] = "db.keywheel.invalid".into();
    })
    .await;
    let words = ["db.keywheel.invalid", "no address", "check `host`"];
    refused_at_length(&world, "HostUnknown", &words).await;
}

#[tokio::test]
async fn an_address_that_no_route_leads_to_is_unreachable() {
    // Nobody can open a connection to everybody.
    let world = world(Setup::on(Server::Main), |document| {
        document["host"] = "255.255.255.255".into();
    })
    .await;
    let words = ["no route to 255.255.255.255:", "subnets"];
    refused_at_the_database(&world, "HostUnreachable", &words).await;
}

#[tokio::test]
async fn a_port_where_nobody_listens_refuses() {
    let port = net::refused_port().expect("a port is free");
    let world = world(Setup::on(Server::Main), |document| document["port"] = port.into()).await;
    let server = format!("localhost:{port}");
    let words = ["was refused", &server, "check `port`"];
    refused_at_the_database(&world, "ConnectionRefused", &words).await;
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_is_silent() {
    let silent = net::silent().expect("it listens");
    let port = silent.port();
    let at = |tls: bool| {
        world(hasty(), move |document| {
            document["port"] = port.into();
            document["ssl"] = tls.into();
        })
    };
    let (secure, plain) = (at(true).await, at(false).await);
    let words = ["no answer in", "logging in at localhost", "security group"];
    tokio::join!(
        refused_at_length(&secure, "ServerSilent", &words),
        refused_at_length(&plain, "ServerSilent", &words)
    );
}

#[tokio::test]
async fn a_server_whose_packets_are_swallowed_is_silent() {
    let deaf = Deaf::start().expect("it listens");
    // The address itself: `localhost` has two where there is IPv6, and the other one refuses at once.
    let world = world(hasty(), |document| {
        document["host"] = "127.0.0.1".into();
        document["port"] = deaf.port().into();
    })
    .await;
    let words = ["no answer in", "connecting to 127.0.0.1", "security group"];
    refused_at_length(&world, "ServerSilent", &words).await;
}

#[tokio::test]
async fn a_server_that_falls_silent_after_the_startup_is_silent() {
    let mute = net::mute().expect("it listens");
    let plain = world(hasty(), |document| {
        document["port"] = mute.port().into();
        document["ssl"] = false.into();
    })
    .await;
    let authority = Authority::new().expect("an authority");
    let certificate = authority.server(&SERVER_NAMES).expect("a certificate");
    let rule = Rule::on_client("keywheel", Act::Stall);
    let port = cluster(Server::Main).port();
    let rules = vec![rule.clone(), rule.clone(), rule];
    let stalling = Proxy::with_rules(port, Tls::End(certificate), rules).expect("it listens");
    let secure = world(hasty().env("PGSSLROOTCERT", authority.pem()), |document| {
        document["port"] = stalling.port().into();
    })
    .await;
    let words = ["no answer in", "logging in at localhost"];
    tokio::join!(
        refused_at_length(&plain, "ServerSilent", &words),
        refused_at_length(&secure, "ServerSilent", &words)
    );
    assert_eq!(stalling.pending_rules(), 0, "each of them said who it was");
}

#[tokio::test]
async fn a_statement_without_an_answer_is_given_up() {
    let authority = Authority::new().expect("an authority");
    let certificate = authority.server(&SERVER_NAMES).expect("a certificate");
    let rule = Rule::on_client("ALTER ROLE", Act::Stall);
    let port = cluster(Server::Main).port();
    let proxy = Proxy::with_rules(port, Tls::End(certificate), vec![rule]).expect("it listens");
    let world = world(hasty().env("PGSSLROOTCERT", authority.pem()), |document| {
        document["port"] = proxy.port().into();
    })
    .await;
    let token = world.proposed().await;
    let words = ["no answer in", "changing the password"];
    world.refuses(&token, Step::Set, "ServerSilent", &words).await;
    world
        .steps(&token, &Step::ALL)
        .await
        .expect("the next attempt goes through");
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn what_is_not_postgresql_is_said_to_be_something_else() {
    let web = net::garbage().expect("it listens");
    for tls in [true, false] {
        let world = world(Setup::on(Server::Main), |document| {
            document["port"] = web.port().into();
            document["ssl"] = tls.into();
        })
        .await;
        let words = ["does not speak PostgreSQL", "another service answers there"];
        refused_at_the_database(&world, "NotPostgres", &words).await;
    }
}

#[tokio::test]
async fn a_connection_that_is_always_reset_is_lost() {
    let port = cluster(Server::Main).port();
    let resetting = Proxy::resetting_first(port, usize::MAX).expect("it listens");
    let world = world(hasty(), |document| document["port"] = resetting.port().into()).await;
    let words = ["was lost while", "look into the server's log"];
    refused_at_length(&world, "ConnectionLost", &words).await;
    assert!(resetting.connections() > 3, "it was tried again");
}

#[tokio::test]
async fn a_connection_that_is_reset_once_is_tried_again() {
    let port = cluster(Server::Main).port();
    let resetting = Proxy::resetting_first(port, 2).expect("it listens");
    let world = world(Setup::on(Server::Main), |document| {
        document["port"] = resetting.port().into();
    })
    .await;
    rotates(&world).await;
    assert_eq!(resetting.connections(), 6, "two that are reset, and four logins");
}

#[tokio::test]
async fn ipv6_addresses_work_in_each_form() {
    if std::net::TcpListener::bind(("::1", 0)).is_err() {
        return; // This machine has no IPv6, and so has the server.
    }
    let world = world(Setup::on(Server::Main), |document| {
        document["host"] = "::1".into();
    })
    .await;
    rotates(&world).await;
    let database = &world.database;
    database.set_password("a-word").await;
    let (user, port, name) = (database.user(), database.cluster().port(), database.name());
    let url = format!("postgresql://{user}:a-word@[::1]:{port}/{name}");
    world.write_by_hand(&url).await;
    world.rotate().await.expect("the URL rotates too");
    let text = world.text(&Label::Current).await.expect("it is current");
    assert!(text.contains("@[::1]:"), "the brackets stay");
}
