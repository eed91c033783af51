//! Every call to Secrets Manager, as recorded: the process dies before and after it, or the call itself goes wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use keywheel_tests::postgres::Server;
use keywheel_tests::world::{FUNCTION, Setup, World};
use secrets_manager_local::{Effect, Fault};
use staging_labels::{Label, Step};
use tokio::sync::OnceCell;

use super::aftermath::Aftermath;
use super::{Started, Subject, bring_to, check_invariants, side_by_side};

/// One call of a rotation: the n-th of its operation in its step.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    function: &'static str,
    pub(crate) step: Step,
    pub(crate) operation: String,
    /// About the superuser secret, not the one that is rotated.
    pub(crate) admins: bool,
    /// Of those that are alike in all of this: reads that go out together come in in any order.
    pub(crate) nth: u32,
}

impl Call {
    /// `effect`, when it comes to this call in that world.
    pub(crate) fn fault(&self, effect: Effect, world: &Started) -> Fault {
        let secret = match world {
            Started::Two(pair) if self.admins => &pair.admin_secret,
            _ => &world.secret,
        };
        Fault::new(effect)
            .by_function(self.function)
            .in_step(self.step.name())
            .on(&self.operation)
            .for_secret(secret)
            .nth(self.nth)
    }

    pub(crate) fn reads(&self) -> bool {
        self.operation.starts_with("Get") || self.operation.starts_with("Describe")
    }
}

/// The calls of a rotation that goes well, in the order in which they came in; recorded once.
pub(crate) async fn recorded(subject: Subject) -> Vec<Call> {
    static CALLS: [OnceCell<Vec<Call>>; 2] = [const { OnceCell::const_new() }; 2];
    let calls = &CALLS[subject as usize];
    calls.get_or_init(|| record(subject)).await.clone()
}

async fn record(subject: Subject) -> Vec<Call> {
    let world = subject.start(Setup::on(Server::Main)).await;
    world.rotate().await.expect("the rotation succeeds");
    let mut counts = BTreeMap::new();
    let calls = world.aws.calls();
    let of_the_function = calls.into_iter().filter(|call| call.function.is_some());
    let calls: Vec<_> = of_the_function
        .map(|call| {
            let step: Step = call.step.as_deref().unwrap_or_default().parse().expect("a step");
            let admins = call.secret_id.is_some() && call.secret_id != call.rotating;
            let nth: &mut u32 = counts.entry((step, call.operation.clone(), admins)).or_default();
            *nth += 1;
            Call {
                function: subject.function(),
                step,
                operation: call.operation,
                admins,
                nth: *nth,
            }
        })
        .collect();
    // A rotation cannot do with less: a read and a write, a read before the login in three steps, and the promotion.
    assert!(calls.len() >= 6, "{calls:?}");
    let has_some = |step: &Step| calls.iter().any(|call| call.step == *step);
    assert!(Step::ALL.iter().all(has_some), "{calls:?}");
    calls
}

/// The recorded calls of each step, for a world each.
async fn by_step(subject: Subject, concerned: fn(&Call) -> bool) -> Vec<Vec<Call>> {
    let calls: Vec<_> = recorded(subject).await.into_iter().filter(concerned).collect();
    assert!(!calls.is_empty());
    let of = |step| calls.iter().filter(|call| call.step == step).cloned().collect();
    Step::ALL
        .map(of)
        .into_iter()
        .filter(|calls: &Vec<_>| !calls.is_empty())
        .collect()
}

/// Kills the function before and after each of these calls: of two users, before in the one's turn and after in the other's, and the
/// other way round unless Secrets Manager drives: what is after a read is before the next call.
pub(crate) async fn a_kill_at_every_call(
    subject: Subject,
    aftermath: Aftermath,
    concerned: fn(&Call) -> bool,
) {
    side_by_side(by_step(subject, concerned).await, move |calls| async move {
        let world = subject.start(Setup::on(Server::Main).retries(2)).await;
        let kills = [Effect::KillBefore, Effect::KillAfter];
        let cases = calls
            .iter()
            .flat_map(|call| kills.clone().map(|effect| (call, effect)));
        let rounds = match aftermath {
            Aftermath::Retried => 1,
            _ => subject.users(),
        };
        let rounds = (0..rounds).flat_map(|round| cases.clone().enumerate().map(move |case| (round, case)));
        for (round, (number, (call, effect))) in rounds {
            let turn = (number + round) % 2;
            bring_to(&world, turn).await;
            let case = format!("{effect:?} {call:?}, turn {turn}");
            let mut id = None;
            let arm = || id = Some(world.aws.faults().inject(call.fault(effect, &world)));
            aftermath.of(&world, call.step, &case, arm).await;
            let id = id.expect("the fault was injected");
            assert_eq!(
                world.aws.faults().hits(id),
                1,
                "{case}: the process was killed once"
            );
        }
        world.invariant_the_next_rotation_goes_through("all kills").await;
    })
    .await;
}

#[tokio::test]
async fn killed_at_any_call_secrets_managers_own_retries_finish_the_rotation() {
    a_kill_at_every_call(Subject::SingleUser, Aftermath::Retried, |_| true).await;
}

#[tokio::test]
async fn killed_at_any_call_the_step_delivered_again_finishes_the_rotation() {
    a_kill_at_every_call(Subject::SingleUser, Aftermath::DeliveredAgain, |_| true).await;
}

#[tokio::test]
async fn killed_at_any_call_and_abandoned_a_new_rotation_goes_through() {
    a_kill_at_every_call(Subject::SingleUser, Aftermath::Abandoned, |_| true).await;
}

/// Rotations, without any retry by Secrets Manager, each of which meets `effect` at another call.
pub(crate) async fn goes_through_whatever_call_meets(
    subject: Subject,
    effect: Effect,
    concerned: fn(&Call) -> bool,
) {
    side_by_side(by_step(subject, concerned).await, move |calls| {
        let effect = effect.clone();
        async move {
            let world = subject.start(Setup::on(Server::Main)).await;
            for call in calls {
                let case = format!("{effect:?} {call:?}");
                let id = world.aws.faults().inject(call.fault(effect.clone(), &world));
                let token = world.rotate().await;
                let token = token.unwrap_or_else(|error| panic!("{case}: {error}"));
                assert_eq!(world.aws.faults().hits(id), 1, "{case}");
                assert_eq!(world.carrier(&Label::Current).await, Some(token), "{case}");
                assert!(world.current_logs_in().await, "{case}");
                check_invariants(&world, &case).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_is_lost_is_asked_for_again() {
    goes_through_whatever_call_meets(Subject::SingleUser, Effect::DropAnswer, |_| true).await;
}

#[tokio::test]
async fn a_request_that_is_lost_is_sent_again() {
    goes_through_whatever_call_meets(Subject::SingleUser, Effect::DropRequest, |_| true).await;
}

#[tokio::test]
async fn a_call_that_is_throttled_is_made_again() {
    goes_through_whatever_call_meets(Subject::SingleUser, Effect::Throttle, |_| true).await;
}

#[tokio::test]
async fn a_call_that_is_slow_is_waited_for() {
    goes_through_whatever_call_meets(Subject::SingleUser, Effect::DelayMs(300), |_| true).await;
}

#[tokio::test]
async fn a_read_that_is_a_moment_behind_is_repeated() {
    goes_through_whatever_call_meets(Subject::SingleUser, Effect::StaleRead, Call::reads).await;
}

#[tokio::test]
async fn a_step_whose_reads_are_all_a_moment_behind_waits_for_the_last_write() {
    all_reads_of_a_step_are_a_moment_behind(Subject::SingleUser).await;
}

pub(crate) async fn all_reads_of_a_step_are_a_moment_behind(subject: Subject) {
    let world = subject.start(Setup::on(Server::Main)).await;
    for reads in by_step(subject, Call::reads).await {
        let step = reads[0].step;
        let stale = Fault::new(Effect::StaleRead)
            .by_function(subject.function())
            .in_step(step.name());
        let rounds = u32::try_from(reads.len()).expect("a few calls");
        let id = world.aws.faults().inject(stale.next(rounds));
        let outcome = world.rotate().await;
        outcome.unwrap_or_else(|error| panic!("{step}: {error}"));
        assert_eq!(world.aws.faults().hits(id), rounds, "{step}");
        check_invariants(&world, step.name()).await;
    }
}

#[tokio::test]
async fn two_throttled_attempts_in_a_row_are_survived_by_every_operation() {
    let world = World::new().await;
    for operation in [
        "DescribeSecret",
        "GetSecretValue",
        "PutSecretValue",
        "UpdateSecretVersionStage",
    ] {
        let throttled = Fault::new(Effect::Throttle).by_function(FUNCTION).on(operation);
        let id = world.aws.faults().inject(throttled.next(2));
        let outcome = world.rotate().await;
        outcome.unwrap_or_else(|error| panic!("{operation}: {error}"));
        assert_eq!(world.aws.faults().hits(id), 2, "{operation}");
        assert!(world.current_logs_in().await, "{operation}");
    }
}

/// The operations of each step.
pub(super) async fn operations() -> Vec<(Step, String)> {
    let calls = recorded(Subject::SingleUser).await;
    let firsts = calls.into_iter().filter(|call| call.nth == 1);
    firsts.map(|call| (call.step, call.operation)).collect()
}

/// Throttling that does not end is reported as that, by the function itself, and changes nothing.
#[tokio::test]
async fn throttling_without_end_is_an_error_that_says_so() {
    side_by_side(operations().await, |(step, operation)| async move {
        let world = World::new().await;
        let token = world.stage();
        for &earlier in Step::ALL.iter().filter(|&&earlier| earlier < step) {
            let outcome = world.step(&token, earlier).await;
            outcome.expect("an earlier step goes through");
        }
        let throttled = Fault::new(Effect::Throttle).by_function(FUNCTION).on(&operation);
        world.aws.faults().inject(throttled.every());
        let words = [operation.as_str(), "throttled", "rotate fewer"];
        world.refuses(&token, step, "Throttled", &words).await;
        check_invariants(&world, &operation).await;
    })
    .await;
}

/// A world whose AWSCURRENT moves in finishSecret.
async fn classic() -> World {
    let setup = Setup::on(Server::Main).env("AWSCURRENT_MOVES", "finishSecret");
    setup.start().await
}

#[tokio::test]
async fn an_answer_lost_at_the_promotion_is_success() {
    let world = classic().await;
    let token = world.proposed().await;
    let applied = world.steps(&token, &[Step::Set, Step::Test]).await;
    applied.expect("the value is applied");
    world.aws.clear_calls();
    let lost = Fault::new(Effect::DropAnswer).on("UpdateSecretVersionStage");
    world.aws.faults().inject(lost.by_function(FUNCTION));

    let finished = world.step(&token, Step::Finish).await;
    finished.expect("what was done is success, though the answer was lost");
    assert_eq!(world.carrier(&Label::Current).await, Some(token.clone()));
    let calls = world.aws.calls();
    let outcomes: Vec<_> = calls
        .iter()
        .filter(|call| call.function.is_some() && call.operation == "UpdateSecretVersionStage")
        .filter_map(|call| call.outcome.as_deref())
        .collect();
    assert_eq!(outcomes, ["dropped", "InvalidParameterException"], "{calls:#?}");
    world.step(&token, Step::Finish).await.expect("and again");
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn every_answer_lost_at_the_promotion_is_an_error_first_and_success_when_delivered_again() {
    let world = classic().await;
    let token = world.proposed().await;
    let applied = world.steps(&token, &[Step::Set, Step::Test]).await;
    applied.expect("the value is applied");
    let lost = Fault::new(Effect::DropAnswer).on("UpdateSecretVersionStage");
    let id = world.aws.faults().inject(lost.by_function(FUNCTION).every());

    let error = world
        .step(&token, Step::Finish)
        .await
        .expect_err("no answer ever came");
    keywheel_tests::refusal::check(
        &error,
        Step::Finish,
        &world.secret,
        "SecretsManagerUnreachable",
        &["UpdateSecretVersionStage", "interface endpoint"],
    );
    check_invariants(&world, "every answer lost").await;
    world.aws.faults().remove(id);
    world
        .step(&token, Step::Finish)
        .await
        .expect("it is done already");
    assert_eq!(world.carrier(&Label::Current).await, Some(token));
    world
        .invariant_the_next_rotation_goes_through("every answer lost")
        .await;
}

/// A delay that no time limit outlasts.
pub(super) fn for_ever() -> Effect {
    Effect::DelayMs(u64::try_from(Duration::from_hours(1).as_millis()).expect("an hour fits"))
}
