//! What the function's settings say of passwords is what reaches the database.

use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::{Setup, World};
use staging_labels::Label;

/// What `GetRandomPassword` calls punctuation (fact 15).
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// A rotation with these variables, and the password that it made, which logs in.
async fn made_with(variables: &[(&str, &str)]) -> (World, String) {
    let mut setup = Setup::on(Server::Main);
    for (name, value) in variables {
        setup = setup.env(name, value);
    }
    let world = setup.start().await;
    world.rotate().await.expect("the rotation succeeds");
    assert!(world.current_logs_in().await, "{variables:?}");
    let password = world.password(&Label::Current).await;
    (world, password)
}

#[tokio::test]
async fn without_settings_a_password_is_as_the_templates_make_it() {
    let (_, password) = made_with(&[]).await;
    assert_eq!(password.chars().count(), 32);
    assert!(!password.contains([':', '/', '@', '"', '\'', '\\']));
    let all = |has: fn(char) -> bool| password.contains(has);
    assert!(
        all(|c| c.is_ascii_lowercase())
            && all(|c| c.is_ascii_uppercase())
            && all(|c| c.is_ascii_digit())
            && all(|c| c.is_ascii_punctuation())
    );
}

#[tokio::test]
async fn the_settings_reach_the_database() {
    type Variables = &'static [(&'static str, &'static str)];
    type Check = fn(char) -> bool;
    let table: [(Variables, usize, Check); 6] = [
        (&[("PASSWORD_LENGTH", "64")], 64, |c| c.is_ascii_graphic()),
        (&[("EXCLUDE_PUNCTUATION", "true")], 32, |c| {
            c.is_ascii_alphanumeric()
        }),
        (
            &[("EXCLUDE_NUMBERS", "1"), ("EXCLUDE_UPPERCASE", "Yes")],
            32,
            |c| c.is_ascii_lowercase() || c.is_ascii_punctuation(),
        ),
        (
            &[
                ("EXCLUDE_LOWERCASE", "y"),
                ("EXCLUDE_PUNCTUATION", "TRUE"),
                ("PASSWORD_LENGTH", "20"),
            ],
            20,
            |c| c.is_ascii_uppercase() || c.is_ascii_digit(),
        ),
        (
            &[
                ("EXCLUDE_CHARACTERS", "abcdefghijklmnopqrstuvwxyz0123456789"),
                ("REQUIRE_EACH_INCLUDED_TYPE", "false"),
            ],
            32,
            |c| c.is_ascii_uppercase() || c.is_ascii_punctuation(),
        ),
        (
            &[("PASSWORD_LENGTH", "1"), ("REQUIRE_EACH_INCLUDED_TYPE", "no")],
            1,
            |c| c.is_ascii_graphic(),
        ),
    ];
    for (variables, length, allowed) in table {
        let (_, password) = made_with(variables).await;
        assert_eq!(password.chars().count(), length, "{variables:?}");
        assert!(password.chars().all(allowed), "{variables:?}");
    }
}

#[tokio::test]
async fn the_longest_password_logs_in() {
    let (world, password) = made_with(&[("PASSWORD_LENGTH", "4096")]).await;
    assert_eq!(password.len(), 4096);
    world
        .rotate()
        .await
        .expect("and the next rotation logs in with it");
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn every_punctuation_character_logs_in_from_the_driver_and_from_psql() {
    // Where the only PostgreSQL with TLS is npm's, there is a psql for those without.
    let server = match cluster(Server::Main).psql() {
        Some(_) => Server::Main,
        None => Server::Sixteen,
    };
    let only = [
        "EXCLUDE_NUMBERS",
        "EXCLUDE_UPPERCASE",
        "EXCLUDE_LOWERCASE",
        "INCLUDE_SPACE",
    ];
    // So long that a character is missing once in 10^12 rotations.
    for sent_as in ["verifier", "cleartext"] {
        if sent_as == "cleartext" && !cluster(server).has_tls() {
            continue; // It needs TLS.
        }
        let mut setup = Setup::on(server)
            .env("EXCLUDE_CHARACTERS", "")
            .env("PASSWORD_LENGTH", "1000")
            .env("PASSWORD_SENT_AS", sent_as);
        for name in only {
            setup = setup.env(name, "true");
        }
        let world = setup.start_with(TestDatabase::new(cluster(server)).await).await;
        world.rotate().await.expect("the rotation succeeds");
        let password = world.password(&Label::Current).await;
        for character in PUNCTUATION.chars().chain([' ']) {
            assert!(password.contains(character), "{character:?} is made");
        }
        assert!(world.current_logs_in().await, "{sent_as}");
        for (password, expected) in [(password.as_str(), true), (&password[1..], false)] {
            assert_eq!(psql(&world, password), expected, "{sent_as}");
        }
    }
}

/// Whether psql logs in with `password`.
fn psql(world: &World, password: &str) -> bool {
    let database = &world.database;
    let mut psql = database.cluster().psql().expect("there is one");
    psql.args(["-U", database.user(), "-d", database.name(), "-c", "SELECT 1"]);
    psql.env("PGPASSWORD", password);
    psql.output().expect("it runs").status.success()
}
