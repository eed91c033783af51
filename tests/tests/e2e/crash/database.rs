//! Every exchange with the database: the process dies around it, or the connection does.
//!
//! The documents of these worlds say `ssl: false`, so that a proxy sees what goes by.

use std::sync::Arc;
use std::time::{Duration, Instant};

use keywheel_tests::net::{Act, Proxy, Rule, Side, Tls};
use keywheel_tests::pair::Pair;
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::refusal::is_code;
use keywheel_tests::world::{Setup, World};
use staging_labels::{Label, Step};

use super::aftermath::Aftermath;
use super::{Started, Subject, check_invariants, side_by_side};

/// Somebody says something, in bytes that occur there and nowhere before.
pub(crate) type Exchange = (Side, &'static str);

/// A login, from the start-up packet to the first question (PostgreSQL, "SASL Authentication", "Message Formats").
const LOGIN: [Exchange; 8] = [
    (Side::Client, "application_name"),
    (Side::Server, "SCRAM-SHA-256"),
    (Side::Client, "SCRAM-SHA-256"),
    (Side::Server, ",i=4096"),
    (Side::Client, "c=biws"),
    (Side::Server, "\0\0\0\u{c}v="),
    (Side::Client, "SELECT session_user"),
    (Side::Server, "pg_is_in_recovery"),
];
/// The change of a password. BEGIN and ALTER ROLE are one message, with one answer.
const CHANGE: [Exchange; 4] = [
    (Side::Client, "ALTER ROLE"),
    (Side::Server, "ALTER ROLE\0"),
    (Side::Client, "COMMIT\0"),
    (Side::Server, "COMMIT\0"),
];
/// The Terminate message.
const GOODBYE: [Exchange; 1] = [(Side::Client, "X\0\0\0\u{4}")];

/// The steps that talk to the database.
const STEPS: [Step; 3] = [Step::Set, Step::Test, Step::Finish];

/// What is exchanged in a step before its work is done.
fn exchanges(step: Step) -> Vec<Exchange> {
    let change: &[Exchange] = if step == Step::Set { &CHANGE } else { &[] };
    [&LOGIN[..], change].concat()
}

/// The same with the good-bye. After that the function answers, whatever becomes of it, so that it cannot be killed
/// for certain.
fn exchanges_to_the_end(step: Step) -> Vec<Exchange> {
    [&exchanges(step)[..], &GOODBYE].concat()
}

pub(crate) fn rule((from, bytes): Exchange, act: Act) -> Rule {
    Rule {
        from,
        bytes: bytes.into(),
        act,
    }
}

/// A world whose function reaches the database through a proxy, without TLS.
pub(crate) async fn behind_a_proxy(subject: Subject, timeout: Duration) -> (Started, Proxy) {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let proxy = Proxy::with_rules(database.cluster().port(), Tls::Through, Vec::new());
    let proxy = proxy.expect("a proxy starts");
    let mut setup = Setup::on(Server::Main).retries(2).timeout(timeout);
    if timeout == SHORT {
        // Too short for the switch.
        setup = setup.env("AWSCURRENT_MOVES", "finishSecret");
    }
    if subject == Subject::TwoUsers {
        let pair = Pair::through(setup, database, proxy.port()).await;
        return (Started::Two(pair), proxy);
    }
    let mut document = database.document_at("127.0.0.1", proxy.port());
    document["ssl"] = false.into();
    let world = setup.start_with_document(database, &document.to_string()).await;
    (Started::One(world), proxy)
}

/// Kills the function when what `rule` looks for goes by in `step`, and lets `aftermath` come of it.
pub(crate) async fn killed_at(
    world: &World,
    proxy: &Proxy,
    step: Step,
    aftermath: Aftermath,
    case: &str,
    rule: impl FnOnce(Act) -> Rule,
) {
    let kill = Act::Call(Arc::new(world.aws.kill_switch(world.function)));
    aftermath.of(world, step, case, || proxy.add(rule(kill))).await;
    assert_eq!(proxy.pending_rules(), 0, "{case}: it came to that");
}

/// Does `act` when what `rule` looks for goes by in `step`: every step goes through, without being delivered again.
pub(crate) async fn cut_at(
    world: &World,
    proxy: &Proxy,
    step: Step,
    case: &str,
    rule: impl FnOnce() -> Rule,
) {
    let (token, mut rule) = (world.stage(), Some(rule));
    for each in Step::ALL {
        if let Some(rule) = rule.take_if(|_| each == step) {
            proxy.add(rule());
        }
        let outcome = world.step(&token, each).await;
        outcome.unwrap_or_else(|error| panic!("{case}: {error}"));
        check_invariants(world, case).await;
    }
    assert_eq!(proxy.pending_rules(), 0, "{case}: it came to that");
    assert_eq!(world.carrier(&Label::Current).await, Some(token), "{case}");
    assert!(world.current_logs_in().await, "{case}");
}

/// Longer than anything takes.
pub(crate) const AMPLE: Duration = Duration::from_secs(30);

async fn a_kill_at_every_exchange(aftermath: Aftermath, steps: &[Step]) {
    side_by_side(steps.iter().copied(), move |step| async move {
        let (world, proxy) = behind_a_proxy(Subject::SingleUser, AMPLE).await;
        for exchange in exchanges(step) {
            let case = format!("killed at {exchange:?} of {step}");
            killed_at(&world, &proxy, step, aftermath, &case, |kill| {
                rule(exchange, kill)
            })
            .await;
        }
        world.invariant_the_next_rotation_goes_through("all kills").await;
    })
    .await;
}

#[tokio::test]
async fn killed_at_any_exchange_secrets_managers_own_retries_finish_the_rotation() {
    // The first login of a rotation is setSecret's.
    a_kill_at_every_exchange(Aftermath::Retried, &[Step::Set]).await;
}

#[tokio::test]
async fn killed_at_any_exchange_the_whole_rotation_delivered_again_finishes_it() {
    a_kill_at_every_exchange(Aftermath::Repeated, &[Step::Test, Step::Finish]).await;
}

#[tokio::test]
async fn killed_at_any_exchange_the_step_delivered_again_finishes_the_rotation() {
    a_kill_at_every_exchange(Aftermath::DeliveredAgain, &STEPS).await;
}

#[tokio::test]
async fn killed_at_any_exchange_and_abandoned_a_new_rotation_goes_through() {
    a_kill_at_every_exchange(Aftermath::Abandoned, &STEPS).await;
}

/// A connection that is cut once is made again by the function itself, in the same step.
async fn a_cut_at_every_exchange(act: &Act) {
    let act = act.clone();
    side_by_side(STEPS, move |step| {
        let act = act.clone();
        async move {
            let (world, proxy) = behind_a_proxy(Subject::SingleUser, AMPLE).await;
            for exchange in exchanges_to_the_end(step) {
                let case = format!("cut at {exchange:?} of {step}");
                cut_at(&world, &proxy, step, &case, || rule(exchange, act.clone())).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_connection_cut_before_any_exchange_is_made_again() {
    a_cut_at_every_exchange(&Act::CutBefore).await;
}

#[tokio::test]
async fn a_connection_cut_after_any_exchange_is_made_again() {
    a_cut_at_every_exchange(&Act::CutAfter).await;
}

#[tokio::test]
async fn the_first_connection_of_each_step_is_reset_under_tls_and_made_again() {
    side_by_side(STEPS, |step| async move {
        let database = TestDatabase::new(cluster(Server::Main)).await;
        let proxy = Proxy::resetting_first(database.cluster().port(), 1).expect("a proxy starts");
        let through = database.document_at("localhost", proxy.port()).to_string();
        let world = Setup::on(Server::Main)
            .start_with_document(database, &through)
            .await;
        let token = world.stage();
        for each in Step::ALL {
            // The step in question must be the first to connect: what setSecret does is done by hand before it.
            if each == step || step == Step::Set || each == Step::Create {
                let outcome = world.step(&token, each).await;
                outcome.unwrap_or_else(|error| panic!("{step}: {error}"));
            } else if each == Step::Set {
                world
                    .database
                    .set_password(&password_of(&world, &token).await)
                    .await;
            }
        }
        assert!(proxy.connections() >= 2, "{step}: one was reset, another made");
        check_invariants(&world, step.name()).await;
    })
    .await;
}

async fn password_of(world: &World, version: &str) -> String {
    let text = world.text_of(version).await.expect("the version has a value");
    let document: serde_json::Value = serde_json::from_str(&text).expect("the document is JSON");
    document["password"]
        .as_str()
        .expect("it has a password")
        .to_owned()
}

/// Delivers setSecret until it goes through. A session whose client has vanished without a word keeps its lock until
/// the time limit that it was given ends it.
async fn set_when_the_lock_is_gone(world: &World, token: &str, case: &str) {
    let long_enough = Instant::now() + AMPLE;
    while let Err(error) = world.step(token, Step::Set).await {
        // One user's lock is the role's own, two users' is one for the pair.
        let waited = ["RoleLocked", "RoleBusy"].contains(&error.error_type.as_str());
        assert!(waited, "{case}: {error}");
        assert!(Instant::now() < long_enough, "{case}: the lock stays: {error}");
    }
}

/// The server stalls in the middle of the change: the function says so in time, and the step delivered again does it.
#[tokio::test]
async fn a_server_that_falls_silent_during_the_change_is_an_error_and_the_step_again_succeeds() {
    side_by_side(exchanges_to_the_end(Step::Set), |exchange| async move {
        let (world, proxy) = behind_a_proxy(Subject::SingleUser, SHORT).await;
        silent_at(&world, &proxy, exchange).await;
    })
    .await;
}

/// The function's time limit where the server stalls.
pub(crate) const SHORT: Duration = Duration::from_secs(4);

/// The server falls silent at this exchange of setSecret.
pub(crate) async fn silent_at(world: &World, proxy: &Proxy, exchange: Exchange) {
    let case = format!("silent at {exchange:?}");
    let token = world.proposed().await;
    let before = world.labels().await;
    proxy.add(rule(exchange, Act::Stall));
    let outcome = world.step(&token, Step::Set).await;
    if exchange == GOODBYE[0] {
        outcome.expect("a good-bye that nobody hears is no failure");
    } else {
        let error = outcome.expect_err(&case);
        assert!(is_code(&error.error_type), "{case}: {error}");
        assert!(error.error_message.contains(&world.secret), "{case}: {error}");
        assert!(error.error_message.contains("no answer in"), "{case}: {error}");
    }
    assert_eq!(world.labels().await, before, "{case}");
    check_invariants(world, &case).await;
    set_when_the_lock_is_gone(world, &token, &case).await;
    let rest = world.steps(&token, &[Step::Test, Step::Finish]).await;
    rest.unwrap_or_else(|error| panic!("{case}: {error}"));
    assert!(world.current_logs_in().await, "{case}");
}
