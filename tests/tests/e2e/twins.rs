//! Delivered twice, one after the other or at once; begun twice; abandoned and cancelled in the middle.

pub(crate) mod neighbour;

use keywheel_tests::postgres::Server;
use keywheel_tests::world::{FUNCTION, Setup, World};
use secrets_manager_local::{Fault, FunctionError, RotationOutcome};
use staging_labels::{Label, Step};
use std::time::Duration;
use uuid::Uuid;

/// Rounds of what only goes wrong now and then.
const ROUNDS: usize = 20;

/// The steps after `step`.
pub(crate) fn after(step: Step) -> Vec<Step> {
    Step::ALL.into_iter().filter(|&later| later > step).collect()
}

/// The steps before `step`.
pub(crate) fn before(step: Step) -> Vec<Step> {
    Step::ALL.into_iter().filter(|&earlier| earlier < step).collect()
}

/// A token that went through `steps`.
pub(crate) async fn gone_through(world: &World, steps: &[Step]) -> String {
    let token = world.stage();
    let outcome = world.steps(&token, steps).await;
    outcome.unwrap_or_else(|error| panic!("{steps:?}: {error}"));
    token
}

/// `step` twice at once: two invocations, two processes.
pub(crate) async fn at_once(world: &World, token: &str, step: Step) {
    let (one, other) = tokio::join!(world.step(token, step), world.step(token, step));
    let good = |outcome: Result<(), FunctionError>| outcome.unwrap_or_else(|error| panic!("{step}: {error}"));
    good(one);
    good(other);
}

#[tokio::test]
async fn each_step_delivered_twice_does_its_work_once() {
    let world = World::new().await;
    let token = world.stage();
    for step in Step::ALL {
        world.step(&token, step).await.expect("the first delivery");
        let (value, state) = (world.text_of(&token).await, world.snapshot().await);
        world.step(&token, step).await.expect("the second delivery");
        assert_eq!(world.text_of(&token).await, value, "{step}");
        assert_eq!(world.snapshot().await, state, "{step}");
    }
    assert_eq!(world.carrier(&Label::Current).await, Some(token));
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn each_step_delivered_twice_at_once_goes_through_twice() {
    let world = World::new().await;
    for step in Step::ALL {
        twice_at_once_goes_through(&world, step).await;
    }
}

/// A rotation, of which `step` is delivered twice at once.
pub(crate) async fn twice_at_once_goes_through(world: &World, step: Step) {
    let token = gone_through(world, &before(step)).await;
    at_once(world, &token, step).await;
    world.invariant_nobody_is_locked_out(step.name()).await;
    let rest = world.steps(&token, &after(step)).await;
    rest.unwrap_or_else(|error| panic!("after {step}: {error}"));
    assert_eq!(world.carrier(&Label::Current).await, Some(token), "{step}");
    assert!(world.current_logs_in().await, "{step}");
    world.invariant_nobody_is_locked_out(step.name()).await;
}

#[tokio::test]
async fn two_create_secrets_at_once_agree_on_one_value() {
    let world = World::new().await;
    for _ in 0..ROUNDS {
        world.aws.clear_calls();
        let token = world.stage();
        at_once(&world, &token, Step::Create).await;
        let calls = world.aws.calls();
        let puts = calls.iter().filter(|call| call.operation == "PutSecretValue");
        let stored = puts.filter(|call| call.outcome.as_deref() == Some("OK")).count();
        assert_eq!(stored, 1, "{calls:#?}");
        let rest = world.steps(&token, &after(Step::Create)).await;
        rest.expect("both agree on the value that is applied");
        assert!(world.current_logs_in().await);
    }
}

#[tokio::test]
async fn two_set_secrets_at_once_both_succeed_every_time() {
    let world = World::new().await;
    for round in 0..ROUNDS {
        let token = gone_through(&world, &[Step::Create]).await;
        at_once(&world, &token, Step::Set).await;
        let rest = world.steps(&token, &after(Step::Set)).await;
        rest.unwrap_or_else(|error| panic!("round {round}: {error}"));
        assert!(world.current_logs_in().await, "round {round}");
    }
}

#[tokio::test]
async fn two_finish_secrets_at_once_leave_the_old_version_as_previous() {
    let world = World::new().await;
    for _ in 0..ROUNDS {
        let old = world.carrier(&Label::Current).await;
        let token = gone_through(&world, &before(Step::Finish)).await;
        at_once(&world, &token, Step::Finish).await;
        assert_eq!(world.carrier(&Label::Current).await, Some(token));
        assert_eq!(world.carrier(&Label::Previous).await, old);
    }
}

#[tokio::test]
async fn a_whole_rotation_repeated_after_success_changes_nothing() {
    // With the switch each step but createSecret confirms by a login; in the classic order nobody logs in.
    let classic = Setup::on(Server::Main).env("AWSCURRENT_MOVES", "finishSecret");
    for (setup, logins) in [(Setup::on(Server::Main), 6), (classic, 0)] {
        repeated_after_success(&setup.start().await, logins).await;
    }
}

async fn repeated_after_success(world: &World, logins: usize) {
    let token = world.rotate().await.expect("the rotation succeeds");
    let (state, log, writes) = (world.snapshot().await, world.database.log(), world.writes());
    let seen = log.of_role(world.database.user());
    for step in [Step::ALL, Step::ALL].concat() {
        world.step(&token, step).await.expect("a repetition succeeds");
    }
    assert_eq!(world.snapshot().await, state);
    assert_eq!(world.writes(), writes, "nothing is written");
    let log = world.database.log().of_role(world.database.user()).since(&seen);
    assert_eq!((log.logins(), log.failed_logins()), (logins, 0));
}

/// How RotateSecret is refused, while `token`'s rotation is unfinished.
async fn is_refused(world: &World) {
    let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{FUNCTION}");
    let call = world.client.rotate_secret().secret_id(&world.secret);
    let answer = call.rotation_lambda_arn(arn).send().await;
    let error = answer
        .expect_err("a second rotation is refused")
        .into_service_error();
    assert!(error.is_invalid_request_exception(), "{error:?}");
    assert!(error.to_string().contains("InvalidRequestException"), "{error}");
    assert!(
        error
            .meta()
            .message()
            .unwrap_or_default()
            .contains("A previous rotation isn't complete"),
        "{error:?}"
    );
}

#[tokio::test]
async fn rotate_secret_is_refused_while_a_rotation_runs_and_does_not_disturb_it() {
    let world = World::new().await;
    let slow = Fault::delay(Duration::from_millis(300)).by_function(FUNCTION);
    world.aws.faults().inject(slow.every());
    let token = Uuid::new_v4().to_string();
    world.start_rotation(&token).await;
    let labels = world.labels().await;
    is_refused(&world).await;
    assert_eq!(world.labels().await, labels);
    world.outcome(&token).await.expect("the first rotation succeeds");
    assert_eq!(world.carrier(&Label::Current).await, Some(token));
    assert_eq!(world.aws.rotations(&world.secret).len(), 1);
    assert!(world.current_logs_in().await);
}

/// `step` is refused for a version that lost AWSPENDING. The first two steps ask DescribeSecret, which lists no version
/// without a label; the last two find it, if it has a value.
async fn is_abandoned(world: &World, token: &str, step: Step, has_value: bool) {
    let code = match step {
        Step::Test | Step::Finish if has_value => "RotationAbandoned",
        _ => "VersionUnknown",
    };
    let words = ["abandoned", "start a new rotation"];
    world.refuses(token, step, code, &words).await;
}

#[tokio::test]
async fn a_value_written_by_hand_abandons_the_rotation_before_the_database_is_touched() {
    let world = World::new().await;
    for done in [&[][..], &[Step::Create]] {
        let token = gone_through(&world, done).await;
        let by_hand = world.text(&Label::Current).await.expect("a value");
        let version = world.put(&by_hand, &[Label::Current]).await;
        let seen = world.database.log().of_role(world.database.user());
        for step in Step::ALL {
            is_abandoned(&world, &token, step, !done.is_empty()).await;
        }
        let log = world.database.log().of_role(world.database.user()).since(&seen);
        assert_eq!((log.logins(), log.failed_logins()), (0, 0), "nobody logs in");
        assert_eq!(world.carrier(&Label::Current).await, Some(version));
        world
            .invariant_the_next_rotation_goes_through("abandoned by hand")
            .await;
    }
}

#[tokio::test]
async fn a_value_written_by_hand_after_set_secret_is_healed_by_the_next_rotation() {
    let classic = Setup::on(Server::Main).env("AWSCURRENT_MOVES", "finishSecret");
    let world = classic.start().await;
    let token = gone_through(&world, &[Step::Create, Step::Set]).await;
    let by_hand = world.text(&Label::Current).await.expect("a value");
    world.put(&by_hand, &[Label::Current]).await;
    // In the classic order setSecret asks DescribeSecret only once it holds the role's lock: it finds the version first.
    let words = ["abandoned", "start a new rotation"];
    let steps = [Step::Set, Step::Test, Step::Finish];
    world
        .refuses_each(&token, &steps, "RotationAbandoned", &words)
        .await;
    assert!(
        !world.current_logs_in().await,
        "the hand-written value is the old one"
    );
    world
        .rotate()
        .await
        .expect("the next rotation finds the lost value");
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn a_rotation_that_runs_is_abandoned_by_a_value_written_by_hand() {
    let world = Setup::on(Server::Main).retries(2).start().await;
    let slow = Fault::delay(Duration::from_millis(400)).by_function(FUNCTION);
    world
        .aws
        .faults()
        .inject(slow.in_step(Step::Create.name()).every());
    let (token, verifier) = (Uuid::new_v4().to_string(), world.database.verifier().await);
    world.start_rotation(&token).await;
    let by_hand = world.text(&Label::Current).await.expect("a value");
    let version = world.put(&by_hand, &[Label::Current]).await;
    let run = world.aws.wait_for_rotation(&world.secret, &token).await;
    let outcome = run.expect("it was started").outcome;
    assert_eq!(outcome, Some(RotationOutcome::Abandoned));
    assert_eq!(world.carrier(&Label::Current).await, Some(version));
    assert_eq!(
        world.database.verifier().await,
        verifier,
        "the database is untouched"
    );
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn a_cancelled_rotation_stops_before_the_database_is_touched() {
    let world = World::new().await;
    for (done, refused) in [
        (&[][..], &[Step::Create][..]),
        (&[Step::Create], &[Step::Create, Step::Set]),
    ] {
        let token = gone_through(&world, done).await;
        world.cancel().await;
        let seen = world.database.log().of_role(world.database.user());
        for &step in refused {
            let words = ["the rotation was cancelled", "configure the rotation again"];
            world.refuses(&token, step, "RotationCancelled", &words).await;
        }
        let log = world.database.log().of_role(world.database.user()).since(&seen);
        assert_eq!((log.logins(), log.failed_logins()), (0, 0), "nobody logs in");
        world.cancel_and_clean_up().await;
        world.invariant_the_next_rotation_goes_through("cancelled").await;
    }
}

/// By then the database has the new password: finishing is what keeps AWSCURRENT working.
#[tokio::test]
async fn a_rotation_cancelled_after_set_secret_is_still_promoted() {
    let world = World::new().await;
    let token = gone_through(&world, &[Step::Create, Step::Set]).await;
    world.cancel().await;
    let rest = world.steps(&token, &[Step::Test, Step::Finish]).await;
    rest.expect("what is begun is finished");
    assert_eq!(world.carrier(&Label::Current).await, Some(token));
    assert!(world.current_logs_in().await);
    world
        .invariant_the_next_rotation_goes_through("cancelled late")
        .await;
}
