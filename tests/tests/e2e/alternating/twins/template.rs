//! Beside AWS's template, before it and after it.
//!
//! The template's part is played by hand: it knows no lock of ours, and sends its statements in one transaction of the admin's.

use keywheel_tests::pair::Pair;
use secrets_manager_local::FunctionError;
use serde_json::Value;
use staging_labels::{Label, Step};
use tokio_postgres::Client;
use uuid::Uuid;

use super::ROUNDS;
use crate::alternating::forget_the_clone;
use crate::crash::bring_to;
use crate::healing::LATER;
use crate::healing::fleet::{dumped, promoted_by_a_template};
use crate::twins::{after, before, gone_through};

/// Waits for the lock that the pair's first session holds: `step` is repeated as Secrets Manager would, if that took too long.
async fn delivered(pair: &Pair, token: &str, step: Step) -> Result<(), FunctionError> {
    loop {
        match pair.step(token, step).await {
            Err(error) if error.error_type == "RoleLocked" => {}
            outcome => return outcome,
        }
    }
}

/// The document that a version carries.
async fn document_of(pair: &Pair, version: &str) -> Value {
    let text = pair.text_of(version).await.expect("the version has a value");
    serde_json::from_str(&text).expect("the document is JSON")
}

fn field<'a>(document: &'a Value, key: &str) -> &'a str {
    document[key].as_str().expect("it has user and password")
}

/// A session of the admin's, as the template's setSecret opens one.
async fn template(pair: &Pair) -> Client {
    let database = &pair.database;
    let session = database
        .cluster()
        .login(&pair.admin.name, &pair.admin.password, database.name());
    session.await.expect("the admin logs in")
}

/// What the template's setSecret sends between BEGIN and COMMIT.
async fn template_statements(
    session: &Client,
    current: &str,
    pending: &Value,
) -> Result<(), tokio_postgres::Error> {
    let (role, password) = (field(pending, "username"), field(pending, "password"));
    let password = password.replace('\'', "''");
    let exists = "SELECT 1 FROM pg_roles WHERE rolname = $1";
    if session.query(exists, &[&role]).await?.is_empty() {
        let create = format!("CREATE ROLE \"{role}\" WITH LOGIN PASSWORD '{password}'");
        session.batch_execute(&create).await?;
        let grant = format!("GRANT \"{current}\" TO \"{role}\"");
        session.batch_execute(&grant).await
    } else {
        let alter = format!("ALTER USER \"{role}\" WITH PASSWORD '{password}'");
        session.batch_execute(&alter).await
    }
}

/// The template's setSecret.
async fn set_by_a_template(pair: &Pair, token: &str) -> Result<(), tokio_postgres::Error> {
    let (session, pending) = (template(pair).await, document_of(pair, token).await);
    let current = pair.user(&Label::Current).await;
    session.batch_execute("BEGIN").await?;
    template_statements(&session, &current, &pending).await?;
    session.batch_execute("COMMIT").await
}

/// Waits until somebody of this database waits for a lock that somebody else holds.
async fn somebody_waits(pair: &Pair) {
    let waiting = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND wait_event_type = 'Lock'",
        pair.database.name()
    );
    while pair.database.value(&waiting).await == "0" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_template_that_changes_the_idle_user_in_the_same_moment_is_waited_for() {
    let pair = Pair::new().await;
    for (turn, number) in [
        ("to the new clone", 0),
        ("to the original", 1),
        ("to the clone", 0),
    ] {
        for end in ["COMMIT", "ROLLBACK"] {
            bring_to(&pair, number).await;
            if turn == "to the new clone" {
                forget_the_clone(&pair).await;
            }
            let token = gone_through(&pair, &[Step::Create]).await;
            let (session, pending) = (template(&pair).await, document_of(&pair, &token).await);
            let current = pair.user(&Label::Current).await;
            session.batch_execute("BEGIN").await.expect("it begins");
            let sent = template_statements(&session, &current, &pending).await;
            sent.expect("the template is first");

            let (ours, ()) = tokio::join!(delivered(&pair, &token, Step::Set), async {
                somebody_waits(&pair).await;
                session.batch_execute(end).await.expect("it ends");
            });
            ours.unwrap_or_else(|error| panic!("{turn}, {end}: {error}"));
            let rest = pair.steps(&token, &after(Step::Set)).await;
            rest.unwrap_or_else(|error| panic!("{turn}, {end}: {error}"));
            pair.invariant_current_and_previous_log_in(turn).await;
            acts_as_the_original(&pair).await;
        }
    }
}

#[tokio::test]
async fn a_template_beside_ours_disturbs_nothing_whichever_comes_first() {
    let pair = Pair::new().await;
    for round in 0..ROUNDS {
        for turn in ["to the new clone", "to the original"] {
            let token = gone_through(&pair, &[Step::Create]).await;
            // The template's own error, if ours was first, is what it has always been: Secrets Manager delivers it again.
            let (ours, theirs) = tokio::join!(
                delivered(&pair, &token, Step::Set),
                set_by_a_template(&pair, &token)
            );
            ours.unwrap_or_else(|error| panic!("{turn}, round {round}: {error}"));
            if theirs.is_err() {
                let again = set_by_a_template(&pair, &token).await;
                again.expect("nobody is in its way any more");
            }
            let rest = pair.steps(&token, &after(Step::Set)).await;
            rest.unwrap_or_else(|error| panic!("{turn}, round {round}: {error}"));
            pair.invariant_current_and_previous_log_in(turn).await;
            acts_as_the_original(&pair).await;
        }
        forget_the_clone(&pair).await;
    }
}

/// A session of whoever is current acts as the original, whoever made the clone.
async fn acts_as_the_original(pair: &Pair) {
    let session = pair.session(&Label::Current).await;
    let row = session.query_one("SELECT current_user::text", &[]).await;
    let acts_as: String = row.expect("it answers").get(0);
    assert_eq!(acts_as, pair.database.user());
}

/// The document of the next turn as the template's createSecret stages it.
async fn proposed_by_a_template(pair: &Pair) -> Value {
    let text = pair
        .text(&Label::Current)
        .await
        .expect("there is a current value");
    let mut document: Value = serde_json::from_str(&text).expect("the document is JSON");
    let user = field(&document, "username").to_owned();
    let other = match user.strip_suffix("_clone") {
        Some(original) => original.to_owned(),
        None => format!("{user}_clone"),
    };
    document["username"] = other.into();
    document["password"] = Uuid::new_v4().simple().to_string().into();
    document
}

async fn is_finished(pair: &Pair, token: &str, case: &str) {
    assert_eq!(
        pair.carrier(&Label::Current).await.as_deref(),
        Some(token),
        "{case}"
    );
    pair.invariant_current_and_previous_log_in(case).await;
    pair.invariant_the_next_rotation_goes_through(case).await;
    acts_as_the_original(pair).await;
}

#[tokio::test]
async fn a_turn_that_a_template_began_is_finished_by_ours() {
    let pair = Pair::new().await;
    for turn in ["to the new clone", "to the original"] {
        for (is_set, rest) in [
            (false, &Step::ALL[..]),
            (false, &LATER[..]),
            (true, &LATER[..]),
            (true, &LATER[1..]),
            (true, &LATER[2..]),
        ] {
            let case = format!("{turn}, ours does {rest:?}");
            bring_to(&pair, usize::from(turn == "to the original")).await;
            if turn == "to the new clone" {
                forget_the_clone(&pair).await;
            }
            let token = pair.stage();
            let staged = dumped(&proposed_by_a_template(&pair).await);
            pair.put_pending(&token, &staged).await;
            if is_set {
                let set = set_by_a_template(&pair, &token).await;
                set.expect("the template's setSecret");
            }
            let outcome = pair.steps(&token, rest).await;
            outcome.unwrap_or_else(|error| panic!("{case}: {error}"));
            assert_eq!(
                pair.text(&Label::Current).await,
                Some(staged),
                "{case}: to the byte"
            );
            is_finished(&pair, &token, &case).await;
        }
    }
}

#[tokio::test]
async fn a_turn_that_ours_began_is_finished_by_a_template() {
    let pair = Pair::new().await;
    for turn in ["to the new clone", "to the original"] {
        for next in [Step::Set, Step::Test, Step::Finish] {
            let case = format!("{turn}, the template goes on with {next}");
            bring_to(&pair, usize::from(turn == "to the original")).await;
            if turn == "to the new clone" {
                forget_the_clone(&pair).await;
            }
            let token = gone_through(&pair, &before(next)).await;
            if next == Step::Set {
                let set = set_by_a_template(&pair, &token).await;
                set.expect("the template's setSecret");
            }
            assert!(logs_in(&pair, &token).await, "{case}: the template's test");
            promoted_by_a_template(&pair, &token).await;
            let again = pair.steps(&token, &Step::ALL).await;
            again.expect("a repetition by ours does nothing");
            is_finished(&pair, &token, &case).await;
        }
    }
}

async fn logs_in(pair: &Pair, version: &str) -> bool {
    let (document, database) = (document_of(pair, version).await, &pair.database);
    let (user, password) = (field(&document, "username"), field(&document, "password"));
    database.cluster().accepts(user, password, database.name()).await
}

/// AWSCURRENT's user of a world that only the template has rotated so far, turn after turn.
#[tokio::test]
async fn a_pair_that_a_template_made_goes_on_with_ours() {
    let pair = Pair::new().await;
    for turn in ["to the new clone", "to the original"] {
        let token = rotated_by_a_template(&pair).await;
        assert_eq!(pair.carrier(&Label::Current).await, Some(token), "{turn}");
    }
    for turn in ["to the clone", "to the original", "to the clone again"] {
        let rotated = pair.rotate().await;
        rotated.unwrap_or_else(|error| panic!("{turn}: {error}"));
        pair.invariant_current_and_previous_log_in(turn).await;
        acts_as_the_original(&pair).await;
    }
}

async fn rotated_by_a_template(pair: &Pair) -> String {
    let (token, document) = (pair.stage(), proposed_by_a_template(pair).await);
    pair.put_pending(&token, &dumped(&document)).await;
    set_by_a_template(pair, &token)
        .await
        .expect("the template's setSecret");
    promoted_by_a_template(pair, &token).await;
    // No rotation of Secrets Manager's ends here that would take the label off, unless the move has.
    if pair.carrier(&Label::Pending).await.is_some() {
        pair.clean_up(&token).await;
    }
    token
}
