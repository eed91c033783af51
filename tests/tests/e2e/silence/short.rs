//! Passwords of one or two characters: what the server says stays readable, is judged as it is, and gives nothing away.

use keywheel_tests::postgres::{Group, Server, TestDatabase, cluster};
use keywheel_tests::world::Setup;
use serde_json::Value;
use staging_labels::{Label, Step};

/// Each stands in many SQLSTATEs, or in many words.
const SHORT: [&str; 4] = ["0", "2", "P", "e"];

/// A role with this password, and its secret with these changes.
async fn world(password: &str, changes: &[(&str, Value)]) -> keywheel_tests::world::World {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    database.set_password(password).await;
    let mut document = database.document();
    document["password"] = password.into();
    for (key, value) in changes {
        document[*key] = value.clone();
    }
    let setup = Setup::on(Server::Main);
    setup.start_with_document(database, &document.to_string()).await
}

#[tokio::test]
async fn the_cause_is_the_servers_however_short_the_password_is() {
    for password in SHORT {
        let world = world(password, &[("dbname", "nowhere_at_all".into())]).await;
        let token = world.proposed().await;
        let words = ["SQLSTATE 3D000", "database", "exist", "correct `dbname`"];
        world.refuses(&token, Step::Set, "DatabaseUnknown", &words).await;

        let refused = self::world(password, &[]).await;
        refused.database.join(Group::Reject).await;
        let token = refused.proposed().await;
        let said = refused
            .refuses(&token, Step::Set, "LoginRefused", &["SQLSTATE 28000", "rejects"])
            .await;
        assert!(!said.contains(&format!("\"{password}\"")), "{said}");
    }
}

/// The way back begins with a login that is refused for its password: SQLSTATE 28P01.
#[tokio::test]
async fn a_short_password_that_is_refused_is_recovered_from() {
    for password in SHORT {
        let world = Setup::on(Server::Main).start().await;
        world.rotate().await.expect("the rotation succeeds");
        let text = world.text(&Label::Current).await.expect("there is one");
        let mut document: Value = serde_json::from_str(&text).expect("the document is JSON");
        document["password"] = password.into();
        world.write_by_hand(&document.to_string()).await;
        world
            .rotate()
            .await
            .unwrap_or_else(|error| panic!("{password}: {error}"));
        assert!(world.current_logs_in().await);
    }
}

/// Whether a policy wants the password itself, only the words of the server say.
#[tokio::test]
async fn words_are_judged_before_they_are_hidden() {
    for password in SHORT {
        let database = TestDatabase::new(cluster(Server::Main)).await;
        database.set_password(password).await;
        let mut document = database.document();
        document["password"] = password.into();
        let world = Setup::on(Server::Main)
            .env(
                "TEST_SQL",
                &format!("SELECT '{password}'::int / 0, 'a secret {password}'::date"),
            )
            .start_with_document(database, &document.to_string())
            .await;
        let token = world.proposed().await;
        let said = world
            .refuses(&token, Step::Set, "TestSqlFailed", &["SQLSTATE 22"])
            .await;
        assert!(!said.contains(&format!("secret {password}")), "{said}");
    }
}
