//! Names of roles and databases that are hard to quote.

use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::{Setup, World};
use uuid::Uuid;

use super::{rotates, world};

/// What names are made of; something that nobody else has is added to each.
const HARD: &[&str] = &[
    "o'brien",
    "say \"hi\"",
    "two words",
    " space around ",
    "100%",
    "%s%n%(x)s",
    "Upper CASE",
    "größe-日本-😀",
    "x\"; DROP ROLE postgres; --",
    "back\\slash",
    "$1 {0} :name",
    "user@host/db?x=1#y",
    "new\nline",
];

/// Eight characters that nobody else has.
fn mark() -> String {
    Uuid::new_v4().simple().to_string()[..8].to_owned()
}

async fn world_of(user: &str) -> World {
    let database = TestDatabase::with_user(cluster(Server::Main), user).await;
    Setup::on(Server::Main).start_with(database).await
}

#[tokio::test]
async fn a_role_rotates_whatever_its_name() {
    for name in HARD {
        let world = world_of(&format!("{name}{}", mark())).await;
        rotates(&world).await;
    }
}

#[tokio::test]
async fn a_name_as_long_as_names_can_be_rotates() {
    for letter in ["x", "ü", "語"] {
        let mark = mark();
        let letters = letter.repeat((63 - mark.len()) / letter.len());
        let name = format!("{mark}{letters}{}", "_".repeat(63 - mark.len() - letters.len()));
        assert_eq!(name.len(), 63);
        rotates(&world_of(&name).await).await;
    }
}

#[tokio::test]
async fn names_with_percent_signs_leave_their_neighbours_alone() {
    let mark = mark();
    let server = cluster(Server::Main);
    let names = ["a%b", "a%%b", "a%b_clone", "a%%b_clone", "a%"].map(|name| format!("{mark}{name}"));
    let mut neighbours = Vec::new();
    for name in &names[2..] {
        neighbours.push(TestDatabase::with_user(server, name).await);
    }
    let (one, two) = (world_of(&names[0]).await, world_of(&names[1]).await);
    for (rotated, other) in [(&one, &two), (&two, &one)] {
        let before = other.snapshot().await;
        rotates(rotated).await;
        assert_eq!(other.snapshot().await, before);
    }
    for neighbour in neighbours {
        assert!(
            neighbour.accepts(neighbour.password()).await,
            "{} is untouched",
            neighbour.user()
        );
    }
}

#[tokio::test]
async fn a_database_is_reached_whatever_its_name() {
    let hard = HARD.iter().copied();
    // What a driver could take for a connection string.
    let strings = ["host=nowhere dbname=postgres ", "postgresql://nowhere/postgres"];
    for name in hard.chain(strings) {
        let name = format!("{name}{}", mark());
        let world = world(Setup::on(Server::Main), |document| {
            document["dbname"] = name.clone().into();
        })
        .await;
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        let server = world.database.cluster();
        server
            .sql(&format!(
                "CREATE DATABASE {quoted} OWNER {}",
                world.database.role()
            ))
            .await;
        let rotated = world.rotate().await;
        server.sql(&format!("DROP DATABASE {quoted} WITH (FORCE)")).await;
        rotated.unwrap_or_else(|error| panic!("{name:?}: {error}"));
        assert!(world.current_logs_in().await, "{name:?}");
    }
}
