//! Two users in turn, and a client that never fails a login.

use keywheel_tests::pair::Pair;
use staging_labels::Label;

use crate::client::Client;
use crate::story::claim;
use crate::table;

/// Rotations in a row.
const TURNS: usize = 4;

/// Rotates two users in turn while a client logs in all the time; whether everything held.
pub(crate) async fn tell(pair: &Pair) -> bool {
    println!("7. Two users in turn: rotate-postgres-alternating-users, with an admin that is no superuser.");
    println!(
        "   A client logs in again and again with what it has cached: up to one rotation old, as an application's cache is.\n"
    );
    let client = client(pair).await;
    let mut held = true;
    for turn in 1..=TURNS {
        let before = pair.user(&Label::Current).await;
        let outcome = pair.rotate().await;
        if let (1, Some(run)) = (turn, pair.aws.rotations(&pair.secret).last()) {
            print!("{}", table::steps(run));
        }
        if let Err(error) = outcome {
            println!("   {error}");
            return false;
        }
        println!(
            "   rotation {turn}: {before} -> {}",
            pair.user(&Label::Current).await
        );
        // What the client had is one rotation old now. It works, and only then the client reads the secret anew.
        client.goes_on().await;
        client.reads(credential(pair).await).await;
    }
    let (logins, failed) = client.stop().await;
    println!("\n   Checked just now:");
    held &= claim(
        &format!("{logins} logins during {TURNS} rotations, {failed} failed"),
        logins > 0 && failed == 0,
    );
    held &= one_owner(pair).await;
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
            println!("   {error}");
            return false;
        }
    }
    let owners = "SELECT string_agg(DISTINCT pg_get_userbyid(relowner), ', ') FROM pg_class WHERE relnamespace = 'demo'::regnamespace";
    let owners = pair.database.value(owners).await;
    claim(
        "a table made by the one and a table made by the other have one owner",
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
