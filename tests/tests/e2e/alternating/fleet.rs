//! A whole fleet on one server, rotated at once.

use std::sync::OnceLock;

use keywheel_tests::pair::{Pair, Power};
use keywheel_tests::postgres::{Cluster, Options, Server, TestDatabase};
use keywheel_tests::world::Setup;

use crate::twins::neighbour::{Neighbour, rotate_at_once};

/// Secrets rotated at once.
const SECRETS: usize = 100;

/// A server of its own, with PostgreSQL's default of 100 connections, 3 of them the superuser's.
fn server() -> &'static Cluster {
    static SERVER: OnceLock<Cluster> = OnceLock::new();
    let start = || Cluster::start(&Options::new(Server::Main).with_setting("max_connections", "100"));
    SERVER.get_or_init(|| start().expect("a server starts"))
}

/// Each rotation has one connection at a time; who is turned away tries again. Secrets Manager's own retries are for a machine on
/// which a hundred processes at once run into time limits.
#[tokio::test]
async fn a_hundred_secrets_on_one_server_rotate_at_once() {
    let database = TestDatabase::new(server()).await;
    let setup = Setup::on(Server::Main).retries(2);
    let pair = Pair::of(setup, database, Power::CreateRole).await;
    let mut neighbours = Vec::new();
    for number in 0..SECRETS {
        neighbours.push(Neighbour::of_pair(&pair, number).await);
    }
    for _turn in ["to the new clones", "to the originals"] {
        rotate_at_once(&pair, &mut neighbours).await;
    }
    let log = pair.database.log();
    assert!(
        !log.to_string().contains("password authentication failed"),
        "no login fails"
    );
}
