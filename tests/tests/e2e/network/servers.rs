//! PostgreSQL answers, and cannot be used as it is.

use keywheel_tests::certificates::{Authority, SERVER_NAMES};
use keywheel_tests::net::{self, Https, Otherwise, Proxy, Tls};
use keywheel_tests::postgres::{Server, cluster, standby};
use keywheel_tests::world::{Setup, World};
use staging_labels::{Label, Step};

use super::{AT_THE_DATABASE, hasty, refused_after_the_login, refused_at_length, rotates, world};

/// Behind a proxy that says so to the first `count` clients, inside TLS as a real server does.
async fn behind_refusals(
    count: usize,
    sqlstate: &'static str,
    message: &'static str,
    setup: Setup,
) -> (World, Proxy) {
    let authority = Authority::new().expect("an authority");
    let certificate = authority.server(&SERVER_NAMES).expect("a certificate");
    let port = cluster(Server::Main).port();
    let proxy = Proxy::refusing_first(port, Tls::End(certificate), count, sqlstate, message);
    let proxy = proxy.expect("it listens");
    let setup = setup.env("PGSSLROOTCERT", authority.pem());
    let world = world(setup, |document| document["port"] = proxy.port().into()).await;
    (world, proxy)
}

#[tokio::test]
async fn a_server_that_is_still_starting_is_waited_for() {
    let message = "the database system is starting up";
    let (world, proxy) = behind_refusals(2, "57P03", message, Setup::on(Server::Main)).await;
    rotates(&world).await;
    assert_eq!(proxy.connections(), 6, "two refusals, and four logins");
}

#[tokio::test]
async fn a_server_that_is_starting_for_ever_is_given_up() {
    let message = "the database system is starting up";
    let (world, proxy) = behind_refusals(usize::MAX, "57P03", message, hasty()).await;
    let words = [message, "57P03", "look into the server's log"];
    refused_at_length(&world, "ServerStarting", &words).await;
    assert!(proxy.connections() > 3, "it was tried again");
}

#[tokio::test]
async fn a_server_that_is_full_for_a_moment_is_tried_again() {
    let message = "sorry, too many clients already";
    let (world, proxy) = behind_refusals(2, "53300", message, Setup::on(Server::Main)).await;
    rotates(&world).await;
    assert_eq!(proxy.connections(), 6, "two refusals, and four logins");
}

#[tokio::test]
async fn a_server_that_is_full_says_so() {
    let full = net::refusing("53300", "sorry, too many clients already").expect("it listens");
    let world = world(hasty(), |document| {
        document["port"] = full.port().into();
        document["ssl"] = false.into();
    })
    .await;
    let words = ["no connection to spare", "too many clients", "max_connections"];
    refused_at_length(&world, "ServerFull", &words).await;
}

#[tokio::test]
async fn a_role_that_may_have_no_connection_more_says_so() {
    let world = hasty().start().await;
    let role = world.database.role();
    world
        .database
        .sql(&format!("ALTER ROLE {role} CONNECTION LIMIT 0"))
        .await;
    let words = ["no connection to spare", "53300", "CONNECTION LIMIT"];
    refused_after_the_login(&world, "ServerFull", &words).await;
    let token = world.carrier(&Label::Pending).await.expect("it is pending");
    world
        .database
        .sql(&format!("ALTER ROLE {role} CONNECTION LIMIT 5"))
        .await;
    world
        .steps(&token, &Step::ALL)
        .await
        .expect("the rotation goes on");
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn a_database_that_there_is_not_is_named() {
    let world = world(Setup::on(Server::Main), |document| {
        document["dbname"] = "no \"such\" database".into();
    })
    .await;
    let words = ["no \\\"such\\\" database", "3D000", "correct `dbname`"];
    refused_after_the_login(&world, "DatabaseUnknown", &words).await;
}

#[tokio::test]
async fn a_database_that_takes_no_connections_is_named() {
    let world = world(Setup::on(Server::Main), |document| {
        document["dbname"] = "template0".into();
    })
    .await;
    refused_after_the_login(&world, "ServerError", &["template0", "55000"]).await;
}

#[tokio::test]
async fn a_database_that_the_role_may_not_connect_to_is_named_with_the_statement_that_helps() {
    let world = Setup::on(Server::Main).start().await;
    let (role, name) = (world.database.role(), world.database.name().to_owned());
    let deny =
        format!("ALTER DATABASE {name} OWNER TO postgres; REVOKE CONNECT ON DATABASE {name} FROM PUBLIC");
    world.database.sql(&deny).await;
    let grant = format!("GRANT CONNECT ON DATABASE \"{name}\" TO {role}");
    refused_after_the_login(&world, "ConnectDenied", &["may not connect", "42501", &grant]).await;

    world.database.sql(&grant).await;
    let token = world.carrier(&Label::Pending).await.expect("it is pending");
    world.steps(&token, &Step::ALL).await.expect("the remedy is one");
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn another_database_of_the_same_server_does_as_well() {
    let world = world(Setup::on(Server::Main), |document| {
        document["dbname"] = "postgres".into();
    })
    .await;
    rotates(&world).await;
}

#[tokio::test]
async fn a_read_only_standby_is_told_from_a_server_that_can_be_written_to() {
    let (primary, standby) = (cluster(Server::Main), standby());
    let world = world(Setup::on(Server::Main), |document| {
        document["port"] = standby.port().into();
    })
    .await;
    standby.catch_up_with(primary).await;
    let token = world.proposed().await;
    let words = ["read-only standby", "the primary", "writer endpoint"];
    world.refuses(&token, Step::Set, "ReadOnlyStandby", &words).await;

    // The password may have been changed by way of the primary: the standby is still no proof.
    let pending = world.password(&Label::Pending).await;
    world.database.set_password(&pending).await;
    standby.catch_up_with(primary).await;
    world
        .refuses_each(&token, &AT_THE_DATABASE[1..], "ReadOnlyStandby", &words)
        .await;
}

#[tokio::test]
async fn a_standby_that_lags_behind_does_not_pass_either() {
    let (primary, standby) = (cluster(Server::Main), standby());
    let world = world(Setup::on(Server::Main), |document| {
        document["port"] = standby.port().into();
    })
    .await;
    standby.catch_up_with(primary).await;
    let token = world.proposed().await;
    let words = ["pending password", "28P01"];
    world
        .refuses_each(&token, &AT_THE_DATABASE[1..], "PendingRefused", &words)
        .await;
}

/// A load balancer that ends TLS: it does not know PostgreSQL's request for TLS, and says so in its own way.
#[tokio::test]
async fn a_front_that_is_tls_from_the_first_byte_is_named_whatever_it_answers() {
    for (otherwise, answer) in [
        (Otherwise::Alert, "it answers with a TLS alert"),
        (Otherwise::HangUp, "it hangs up"),
        (Otherwise::Wait, "it says nothing"),
    ] {
        let front = Https::start_and(cluster(Server::Main).port(), otherwise).expect("it listens");
        let world = world(Setup::on(Server::Main), |document| {
            document["port"] = front.port().into();
        })
        .await;
        let token = world.proposed().await;
        let words = ["sslnegotiation=direct", answer, "lead to the server itself"];
        let said = world.refuses(&token, Step::Set, "TlsFailed", &words).await;
        assert!(!said.contains("security group"), "{said}");
    }
}
