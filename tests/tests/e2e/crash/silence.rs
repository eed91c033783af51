//! Secrets Manager accepts and never answers: the function says so itself, before Lambda ends it.

use std::time::Duration;

use keywheel_tests::postgres::Server;
use keywheel_tests::refusal;
use keywheel_tests::world::{FUNCTION, Setup};
use secrets_manager_local::Fault;
use staging_labels::Step;

use super::calls::{for_ever, operations};
use super::{check_invariants, side_by_side};

/// Time limits of the function: one below the limit of a single attempt, which is 4 s, and one above it.
const LIMITS: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(7)];

/// The step that makes the call. With so short a time limit setSecret does not hold a change open: finishSecret moves AWSCURRENT.
fn step_of(step: Step, operation: &str) -> Step {
    if operation == "UpdateSecretVersionStage" {
        Step::Finish
    } else {
        step
    }
}

#[tokio::test]
async fn secrets_manager_silent_for_ever_is_an_error_of_the_functions_own() {
    let all = operations().await;
    let cases: Vec<_> = LIMITS
        .iter()
        .flat_map(|limit| {
            all.iter()
                .map(|(step, operation)| (step_of(*step, operation), operation.clone(), *limit))
        })
        .collect();
    side_by_side(cases, |(step, operation, limit)| async move {
        let world = Setup::on(Server::Main).timeout(limit).start().await;
        let token = world.stage();
        for &earlier in Step::ALL.iter().filter(|&&earlier| earlier < step) {
            let outcome = world.step(&token, earlier).await;
            outcome.expect("an earlier step goes through");
        }
        let before = world.snapshot().await;
        let silent = Fault::new(for_ever()).by_function(FUNCTION).on(&operation);
        world.aws.faults().inject(silent.every());

        let error = world.step(&token, step).await.expect_err("nobody answered");
        let codes = ["DeadlineExceeded", "SecretsManagerUnreachable"];
        assert!(
            codes.contains(&error.error_type.as_str()),
            "{step} {operation} {limit:?}: {error}"
        );
        refusal::check(
            &error,
            step,
            &world.secret,
            &error.error_type,
            &[&operation, "endpoint"],
        );
        assert_eq!(world.snapshot().await, before, "{step} {operation}");
        check_invariants(&world, step.name()).await;
    })
    .await;
}

/// Time for the switch, and for little more: the change is open while nobody answers.
#[tokio::test]
async fn a_move_that_is_never_answered_is_rolled_back_in_time() {
    let setup = Setup::on(Server::Main).timeout(Duration::from_secs(13));
    let world = setup.start().await;
    let token = world.proposed().await;
    let before = world.snapshot().await;
    let silent = Fault::new(for_ever()).by_function(FUNCTION);
    let silent = silent.on("UpdateSecretVersionStage").every();
    let id = world.aws.faults().inject(silent);
    let words = ["UpdateSecretVersionStage", "rolled back", "retry the rotation"];
    world.refuses(&token, Step::Set, "MoveUnknown", &words).await;
    assert!(
        world.aws.faults().hits(id) > 0,
        "the change was held open for the move"
    );
    assert_eq!(world.snapshot().await, before);
    assert!(world.current_logs_in().await);

    world.aws.faults().clear();
    world.clean_up(&token).await;
    world.invariant_the_next_rotation_goes_through("silence").await;
}
