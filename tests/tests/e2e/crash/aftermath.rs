//! What happens after a process died in the middle of a rotation.

use keywheel_tests::world::World;
use secrets_manager_local::FunctionError;
use staging_labels::{Label, Step};

use super::check_invariants;

/// What Secrets Manager, or a person, does next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Aftermath {
    /// Secrets Manager repeats the whole rotation with the same token (fact 6).
    Retried,
    /// The same, delivered by hand: all steps once more, from the first.
    Repeated,
    /// The step that died is delivered again, and then the others.
    DeliveredAgain,
    /// Somebody cancels, cleans up, and starts a new rotation.
    Abandoned,
}

impl Aftermath {
    /// Rotates `world`, whose function is going to die in `step`, and lets this come of it. `arm` is called right
    /// before `step`, or before the rotation if Secrets Manager drives it. Afterwards the world is as good as new: its
    /// next rotation must go through, and is the next case's.
    pub(crate) async fn of(self, world: &World, step: Step, case: &str, arm: impl FnOnce()) {
        let case = format!("{case}, {self:?}");
        match self {
            Self::Retried => {
                arm();
                let token = world.rotate().await;
                let token = token.unwrap_or_else(|error| panic!("{case}: {error}"));
                assert_eq!(world.carrier(&Label::Current).await, Some(token), "{case}");
                check_invariants(world, &case).await;
            }
            Self::Repeated | Self::DeliveredAgain => {
                let token = die_in(world, step, &case, arm).await;
                let first = if matches!(self, Self::Repeated) {
                    Step::Create
                } else {
                    step
                };
                for &step in Step::ALL.iter().filter(|&&step| step >= first) {
                    succeeds(world.step(&token, step).await, &case);
                    check_invariants(world, &case).await;
                }
                assert_eq!(world.carrier(&Label::Current).await, Some(token), "{case}");
                check_invariants(world, &case).await;
            }
            Self::Abandoned => {
                die_in(world, step, &case, arm).await;
                // If setSecret was done, this takes the label off the value that logs in: the guide's advice, and
                // what the next rotation must heal.
                world.cancel_and_clean_up().await;
                world.invariant_one_current(&case).await;
                world.invariant_the_next_rotation_goes_through(&case).await;
            }
        }
    }
}

/// Delivers the steps up to the one in which the process dies; answers with the token.
async fn die_in(world: &World, step: Step, case: &str, arm: impl FnOnce()) -> String {
    let token = world.stage();
    for &earlier in Step::ALL.iter().filter(|&&earlier| earlier < step) {
        succeeds(world.step(&token, earlier).await, case);
    }
    arm();
    let error = world.step(&token, step).await;
    let error = error.expect_err(&format!("{case}: the process is killed"));
    assert_eq!(error.error_type, "Runtime.ExitError", "{case}: {error}");
    check_invariants(world, case).await;
    if !world.takes_turns() {
        world.invariant_current_or_previous_logs_in(case).await;
    }
    token
}

#[track_caller]
fn succeeds(outcome: Result<(), FunctionError>, case: &str) {
    outcome.unwrap_or_else(|error| panic!("{case}: {error}"));
}
