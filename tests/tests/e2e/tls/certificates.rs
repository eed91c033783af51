//! Whose certificate it is, for what name, and until when.

use keywheel_tests::certificates::{Authority, SERVER_NAMES};
use keywheel_tests::net::Interceptor;
use keywheel_tests::postgres::{Server, cluster};
use keywheel_tests::world::Setup;

use super::{SECURE, behind, logins, refused, say, world_at};

/// The name of the certificate that is not for `localhost`.
const ANOTHER: &str = "db.keywheel.test";

#[tokio::test]
async fn a_certificate_of_somebody_elses_is_not_trusted_however_tls_is_asked_for() {
    let foreign = Authority::new().expect("an authority");
    // Neither another authority, nor those that are built in, have signed the server's.
    for roots in [foreign.pem(), "", "system"] {
        let world = Setup::on(Server::Main).env("PGSSLROOTCERT", roots).start().await;
        let modes = SECURE.iter().chain(&[r#"{"sslmode":"verify-ca"}"#]);
        // One set of roots with every spelling, the others with two.
        let count = if roots == foreign.pem() { usize::MAX } else { 2 };
        for said in modes.take(count) {
            say(&world, said).await;
            let before = world.database.log();
            refused(
                &world,
                "CertificateUntrusted",
                &["is not trusted", "set PGSSLROOTCERT"],
            )
            .await;
            let log = world.database.log().since(&before).of_role(world.database.user());
            assert_eq!((log.logins(), log.failed_logins()), (0, 0), "{said}");
        }
    }
}

#[tokio::test]
async fn the_roots_may_be_a_path_or_the_pem_itself() {
    let server = cluster(Server::Main);
    let path = server.authority_path().display().to_string();
    let foreign = Authority::new().expect("an authority");
    let several = format!("a comment\n{}\n{}", foreign.pem(), server.authority_pem());
    for roots in [path.as_str(), server.authority_pem(), several.as_str()] {
        let world = Setup::on(Server::Main).env("PGSSLROOTCERT", roots).start().await;
        world.rotate().await.expect("the server is trusted");
        assert!(world.current_logs_in().await);
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_and_both_names_are_told() {
    let (proxy, setup) = behind(|authority| authority.server(&[ANOTHER]).expect("a certificate"));
    let world = world_at(setup, proxy.port(), "{}").await;
    let words = ["\"localhost\"", ANOTHER, "tls_server_name"];
    for said in SECURE {
        say(&world, said).await;
        refused(&world, "CertificateNameMismatch", &words).await;
    }
}

#[tokio::test]
async fn another_name_is_tolerated_if_the_document_or_the_environment_names_it() {
    let named = format!(r#"{{"tls_server_name":"{ANOTHER}"}}"#);
    for (said, variable) in [
        (named.as_str(), None),
        ("{}", Some(("TLS_SERVER_NAME", ANOTHER))),
        (r#"{"sslmode":"verify-ca"}"#, None),
        ("{}", Some(("PGSSLMODE", "verify-ca"))),
        // The document's own word comes first.
        (named.as_str(), Some(("TLS_SERVER_NAME", "other.test"))),
    ] {
        let (proxy, mut setup) = behind(|authority| authority.server(&[ANOTHER]).expect("a certificate"));
        if let Some((name, value)) = variable {
            setup = setup.env(name, value);
        }
        let world = world_at(setup, proxy.port(), said).await;
        let rotated = world.rotate().await;
        rotated.unwrap_or_else(|error| panic!("{said} {variable:?}: {error}"));
        assert!(world.current_logs_in().await);
    }
}

#[tokio::test]
async fn the_name_is_looked_for_in_the_certificate_even_if_it_is_not_the_hosts() {
    let (proxy, setup) = behind(|authority| authority.server(&SERVER_NAMES).expect("a certificate"));
    let world = world_at(setup, proxy.port(), r#"{"tls_server_name":"other.test"}"#).await;
    let words = ["\"other.test\"", "localhost"];
    refused(&world, "CertificateNameMismatch", &words).await;
}

#[tokio::test]
async fn an_expired_certificate_is_refused_even_where_the_name_is_not_checked() {
    let (proxy, setup) = behind(|authority| authority.expired(&SERVER_NAMES).expect("a certificate"));
    let world = world_at(setup, proxy.port(), "{}").await;
    for said in ["{}", r#"{"ssl":true}"#, r#"{"sslmode":"verify-ca"}"#] {
        say(&world, said).await;
        let words = ["valid until 2021-12-31", "renew the server's certificate"];
        refused(&world, "CertificateExpired", &words).await;
    }
}

#[tokio::test]
async fn an_authority_that_is_trusted_and_stands_in_the_middle_is_found_out_by_channel_binding() {
    let server = cluster(Server::Main);
    let authority = Authority::new().expect("an authority");
    let certificate = authority.server(&SERVER_NAMES).expect("a certificate");
    let interceptor =
        Interceptor::start(server.port(), server.authority_pem(), &certificate).expect("it listens");
    let setup = Setup::on(Server::Main).env("PGSSLROOTCERT", authority.pem());
    let world = world_at(setup, interceptor.port(), "{}").await;
    let token = world.proposed().await;
    world
        .refuses(
            &token,
            staging_labels::Step::Set,
            "LoginRefused",
            &["channel binding"],
        )
        .await;
    assert!(interceptor.passed_on() > 0, "its certificate is accepted");
    assert_eq!(logins(&world.database.log()), (0, 0));
}
