//! Servers and networks that would rather have it in the clear.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keywheel_tests::net::{Act, Proxy, Rogue, Rule, Tls};
use keywheel_tests::postgres::{Group, Server, TestDatabase, cluster};
use keywheel_tests::world::Setup;

use super::{PLAIN, SECURE, logins, refused, say, world_at};

#[tokio::test]
async fn a_proxy_that_strips_tls_is_told_nothing() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let overheard = Arc::new(AtomicBool::new(false));
    let note = Arc::clone(&overheard);
    let listen = Act::Call(Arc::new(move || note.store(true, Ordering::SeqCst)));
    let rules = vec![Rule::on_client(database.user(), listen)];
    let proxy = Proxy::with_rules(cluster(Server::Main).port(), Tls::Strip, rules).expect("it listens");
    let document = database.document_at("localhost", proxy.port());
    let world = Setup::on(Server::Main)
        .start_with_document(database, &document.to_string())
        .await;
    for said in SECURE {
        say(&world, said).await;
        refused(&world, "TlsNotOffered", &["offers no TLS"]).await;
    }
    assert_eq!(proxy.connections(), SECURE.len() * 3);
    assert!(!overheard.load(Ordering::SeqCst), "not even the user's name");
    assert_eq!(logins(&world.database.log()), (0, 0));

    // The trap does work: a document that says so goes through it in plain text.
    say(&world, PLAIN[0]).await;
    world.rotate().await.expect("the document says so");
    assert!(overheard.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_server_that_fishes_for_passwords_gets_none_and_where_tls_is_meant_not_even_a_name() {
    let rogue = Rogue::start().expect("it listens");
    let world = world_at(Setup::on(Server::Main), rogue.port(), "{}").await;
    for said in SECURE {
        say(&world, said).await;
        refused(&world, "TlsNotOffered", &["offers no TLS"]).await;
    }
    assert_eq!((rogue.connections(), rogue.startups()), (SECURE.len() * 3, 0));
    for said in PLAIN {
        say(&world, said).await;
        let words = ["asks for the password in clear text", "scram-sha-256"];
        refused(&world, "CleartextRefused", &words).await;
    }
    assert_eq!(rogue.startups(), PLAIN.len() * 3);
    assert_eq!(rogue.passwords(), [""; 0]);
}

#[tokio::test]
async fn a_real_server_that_asks_in_the_clear_is_answered_over_tls_only() {
    let world = Setup::on(Server::Main).start().await;
    world.database.join(Group::ClearText).await;
    world.rotate().await.expect("over TLS it may ask");
    assert!(world.current_logs_in().await);
    say(&world, PLAIN[0]).await;
    refused(
        &world,
        "CleartextRefused",
        &["asks for the password in clear text"],
    )
    .await;
}
