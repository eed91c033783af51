//! Delivered twice, one after the other or at once; beside another pair's, and beside AWS's template.

mod template;

use keywheel_tests::pair::Pair;
use staging_labels::{Label, Step};

use super::forget_the_clone;
use crate::twins::neighbour::{Neighbour, rotate_at_once};
use crate::twins::{after, at_once, gone_through, twice_at_once_goes_through};

/// Rounds of what only goes wrong now and then: a turn that makes the clone, and one of each user.
const ROUNDS: usize = 10;

/// The second setSecret sends the same password once more, as another verifier: to find out that it need not would take a login
/// that fails the first time.
#[tokio::test]
async fn each_step_delivered_twice_is_as_good_as_once_in_every_turn() {
    let pair = Pair::new().await;
    for turn in ["to the new clone", "to the original", "to the clone"] {
        let token = pair.stage();
        for step in Step::ALL {
            let case = format!("{turn}, {step}");
            let once = pair.step(&token, step).await;
            once.unwrap_or_else(|error| panic!("{case}: {error}"));
            let (value, labels) = (pair.text_of(&token).await, pair.labels().await);
            let twice = pair.step(&token, step).await;
            twice.unwrap_or_else(|error| panic!("{case}, again: {error}"));
            assert_eq!(pair.text_of(&token).await, value, "{case}");
            assert_eq!(pair.labels().await, labels, "{case}");
            pair.invariant_nobody_is_locked_out(&case).await;
        }
        assert_eq!(pair.carrier(&Label::Current).await, Some(token), "{turn}");
        pair.invariant_current_and_previous_log_in(turn).await;
    }
}

#[tokio::test]
async fn each_step_delivered_twice_at_once_goes_through_twice_in_every_turn() {
    let pair = Pair::new().await;
    for _turn in ["to a new clone or to the original", "and the other way round"] {
        for step in Step::ALL {
            twice_at_once_goes_through(&pair, step).await;
            if pair.user(&Label::Current).await == pair.database.user() {
                forget_the_clone(&pair).await;
            }
        }
        pair.rotate().await.expect("a turn goes through");
    }
}

/// Where most goes wrong with the templates: "role already exists" in 8 of 20 (weakness 13).
#[tokio::test]
async fn two_set_secrets_at_once_make_one_clone_every_time() {
    let pair = Pair::new().await;
    for round in 0..ROUNDS {
        for turn in ["to the new clone", "to the original"] {
            let token = gone_through(&pair, &[Step::Create]).await;
            at_once(&pair, &token, Step::Set).await;
            let rest = pair.steps(&token, &after(Step::Set)).await;
            rest.unwrap_or_else(|error| panic!("{turn}, round {round}: {error}"));
            pair.invariant_current_and_previous_log_in(turn).await;
        }
        forget_the_clone(&pair).await;
    }
}

/// Two applications' users, one admin.
#[tokio::test]
async fn two_pairs_of_one_admin_do_not_disturb_each_other() {
    let pair = Pair::new().await;
    let mut neighbours = Vec::new();
    for number in 0..2 {
        neighbours.push(Neighbour::of_pair(&pair, number).await);
    }
    for _turn in ["to the new clones", "to the originals"] {
        rotate_at_once(&pair, &mut neighbours).await;
    }
    for neighbour in neighbours {
        neighbour.leave(&pair).await;
    }
}
