//! Certificates of every kind that is refused, on real servers: each error says in words what is wrong and what helps.

use keywheel_tests::certificates::{Authority, Old, SERVER_NAMES, ServerCertificate, old};
use keywheel_tests::net::{Proxy, Tls};
use keywheel_tests::postgres::{Cluster, Options, Server, TestDatabase, cluster};
use keywheel_tests::world::{Setup, World};

use super::{refused, say, world_at};

/// A server with this certificate, and a function that trusts this authority.
async fn world(authority_pem: &str, certificate: ServerCertificate) -> World {
    let options = Options::new(Server::Main).with_certificate(certificate);
    let start = || Cluster::start(&options).expect("the server starts");
    let cluster: &'static Cluster = Box::leak(Box::new(tokio::task::block_in_place(start)));
    let database = TestDatabase::new(cluster).await;
    Setup::on(Server::Main)
        .env("PGSSLROOTCERT", authority_pem)
        .start_with(database)
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_certificate_that_is_refused_is_told_in_words() {
    let ours = Authority::new().expect("an authority");
    let foreign = Authority::new().expect("an authority");
    let names = &SERVER_NAMES;
    let self_signed = Authority::self_signed(names).expect("a certificate");
    let (of_version_1, version_1) = old(Old::Version1);
    let (of_short_key, short_key) = old(Old::ShortKey);
    for (what, authority, certificate, code, words) in [
        (
            "expired",
            ours.pem(),
            ours.expired(names).expect("a certificate"),
            "CertificateExpired",
            ["it was valid until 2021-12-31", "renew the server's certificate"],
        ),
        (
            "not yet valid",
            ours.pem(),
            ours.not_yet_valid(names).expect("a certificate"),
            "CertificateExpired",
            [
                "it is not valid before 2098-01-01",
                "renew the server's certificate",
            ],
        ),
        (
            "for clients",
            ours.pem(),
            ours.for_clients(names).expect("a certificate"),
            "TlsFailed",
            [
                "is not for servers (its extended key usage lacks serverAuth)",
                "another certificate",
            ],
        ),
        (
            "an authority's",
            ours.pem(),
            ours.authority(names).expect("a certificate"),
            "TlsFailed",
            ["a certificate authority's own (CA:TRUE)", "CA:FALSE"],
        ),
        (
            "another authority's",
            ours.pem(),
            foreign.server(names).expect("a certificate"),
            "CertificateUntrusted",
            ["no authority that is trusted has signed it", "set PGSSLROOTCERT"],
        ),
        (
            "self-signed",
            ours.pem(),
            self_signed,
            "CertificateUntrusted",
            ["no authority that is trusted has signed it", "set PGSSLROOTCERT"],
        ),
        (
            "an impostor's",
            ours.pem(),
            ours.impostor()
                .and_then(|authority| authority.server(names))
                .expect("a certificate"),
            "CertificateUntrusted",
            [
                "another key than the one that the trusted authority of this name has",
                "set PGSSLROOTCERT",
            ],
        ),
        (
            "version 1",
            &of_version_1,
            version_1,
            "TlsFailed",
            ["it is X.509 version 1 or 2, not 3", "X.509 version 3"],
        ),
        (
            "a short key",
            &of_short_key,
            short_key,
            "CertificateUntrusted",
            ["a key is too short", "RSA needs 2048 bits: make new ones"],
        ),
    ] {
        let world = world(authority, certificate).await;
        refused(&world, code, &words).await;
        let log = world.log();
        for dump in ["Context", "[48, ", "Other(", "OtherError"] {
            assert!(!log.contains(dump), "{what}: {dump} in {log}");
        }
    }
}

/// OpenSSL of today does not serve such a certificate, so a proxy does.
#[tokio::test]
async fn a_certificate_that_is_signed_with_sha_1_is_told_in_words() {
    let (authority, certificate) = old(Old::Sha1);
    let tls = Tls::End(certificate);
    let proxy = Proxy::with_rules(cluster(Server::Main).port(), tls, Vec::new()).expect("it listens");
    let setup = Setup::on(Server::Main).env("PGSSLROOTCERT", &authority);
    let world = world_at(setup, proxy.port(), "{}").await;
    let words = ["no longer accepted, such as with SHA-1", "signed with SHA-256"];
    refused(&world, "TlsFailed", &words).await;
    assert!(!world.log().contains("[48, "), "{}", world.log());
}

/// What the message advises is true: such a server can be used without a new certificate.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_with_a_common_name_alone_is_good_for_verify_ca() {
    let authority = Authority::new().expect("an authority");
    let certificate = authority.common_name_only("localhost").expect("a certificate");
    let world = world(authority.pem(), certificate).await;
    let words = [
        "names no host",
        "subjectAltName",
        "\"sslmode\": \"verify-ca\"",
        "PGSSLROOTCERT",
    ];
    refused(&world, "CertificateNameMismatch", &words).await;
    say(&world, r#"{"sslmode":"verify-ca"}"#).await;
    world.rotate().await.expect("the rotation succeeds");
}
