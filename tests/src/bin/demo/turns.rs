//! Alternating users, and a client that never fails a login.

use keywheel_tests::pair::Pair;
use staging_labels::Label;

use crate::client::Client;
use crate::screen::{self, claim, heading, remark, say};

/// Rotations in a row.
const ROTATIONS: usize = 4;

/// Rotates alternating users while a client logs in all the time; whether everything held.
pub(crate) async fn tell(pair: &Pair) -> bool {
    heading("4. Alternating users: rotate-postgres-alternating-users");
    say(
        "The superuser secret's role has CREATEROLE and is no superuser, as on RDS. \
         A client logs in again and again with a credential that is up to one rotation old.",
    );
    screen::page(&pair.aws.url());
    anstream::println!();
    let client = client(pair).await;
    let mut held = true;
    for rotation in 1..=ROTATIONS {
        let before = pair.user(&Label::Current).await;
        let outcome = pair.rotate().await;
        if let (1, Some(run)) = (rotation, pair.aws.rotations(&pair.secret).last()) {
            screen::steps(run);
        }
        if let Err(error) = outcome {
            say(&error.to_string());
            return false;
        }
        let after = pair.user(&Label::Current).await;
        say(&format!(
            "rotation {rotation}: AWSCURRENT moves from {before} to {after}"
        ));
        // What the client had is one rotation old now. It works, and only then the client reads the secret again.
        client.goes_on().await;
        client.reads(credential(pair).await).await;
    }
    let (logins, failed) = client.stop().await;
    heading("   Checked by logins");
    held &= claim(
        &format!("{logins} logins during {ROTATIONS} rotations, {failed} failed"),
        logins > 0 && failed == 0,
    );
    held &= one_owner(pair).await;
    remark(
        "With AWS's template, a table made by the second user belongs to it, and the first user cannot read it.",
    );
    held
}

/// Each session makes a table; all belong to one role.
async fn one_owner(pair: &Pair) -> bool {
    for (label, table) in [
        (Label::Current, "made_by_one"),
        (Label::Previous, "made_by_the_other"),
    ] {
        let session = pair.session(&label).await;
        let made = session
            .batch_execute(&format!(
                "CREATE SCHEMA IF NOT EXISTS demo; CREATE TABLE demo.{table} (i int)"
            ))
            .await;
        if let Err(error) = made {
            say(&error.to_string());
            return false;
        }
    }
    let owners = "SELECT string_agg(DISTINCT pg_get_userbyid(relowner), ', ') FROM pg_class WHERE relnamespace = 'demo'::regnamespace";
    let owners = pair.database.value(owners).await;
    claim(
        "a table made by one user and a table made by the other have one owner",
        owners == pair.database.user(),
    )
}

async fn credential(pair: &Pair) -> (String, String) {
    (
        pair.user(&Label::Current).await,
        pair.password(&Label::Current).await,
    )
}

/// A client that logs in again and again.
async fn client(pair: &Pair) -> Client<(String, String)> {
    let (cluster, database) = (pair.database.cluster(), pair.database.name().to_owned());
    Client::start(credential(pair).await, move |(user, password)| {
        let database = database.clone();
        async move {
            let session = cluster.login(&user, &password, &database).await;
            session
                .map(drop)
                .map_err(|error| format!("a login of {user} failed: {error}"))
        }
    })
}
