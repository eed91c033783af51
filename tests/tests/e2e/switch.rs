//! The switch: AWSCURRENT moves in setSecret while the change is open, and whatever fails, AWSCURRENT logs in.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use keywheel_tests::net::{Act, Side};
use keywheel_tests::postgres::{Cluster, Group, Options, Server, TestDatabase};
use keywheel_tests::world::{FUNCTION, Setup, World, pending_removal};
use secrets_manager_local::{Effect, Fault, PendingRemoval};
use staging_labels::{Label, Step};

use crate::crash::Subject;
use crate::crash::database::{AMPLE, behind_a_proxy, rule};
use crate::twins::{after, before};

const MOVE: &str = "UpdateSecretVersionStage";

/// What happens to the function's moves of labels.
fn at_the_move(effect: Effect) -> Fault {
    Fault::new(effect).by_function(FUNCTION).on(MOVE)
}

fn denied() -> Fault {
    Fault::error(
        "AccessDeniedException",
        "User: u is not authorized to perform the action",
    )
    .by_function(FUNCTION)
    .on(MOVE)
}

async fn old_password_logs_in(world: &World) -> bool {
    world.database.accepts(world.database.password()).await
}

#[tokio::test]
async fn awscurrent_moves_in_set_secret_together_with_the_password() {
    for server in Server::ALL {
        let world = Setup::on(server).start().await;
        let token = world.proposed().await;
        world
            .step(&token, Step::Set)
            .await
            .expect("setSecret goes through");
        assert_eq!(
            world.carrier(&Label::Current).await.as_ref(),
            Some(&token),
            "{server:?}"
        );
        let stays = pending_removal() != PendingRemoval::WithMove;
        assert_eq!(
            world.carrier(&Label::Pending).await.as_ref(),
            stays.then_some(&token),
            "{server:?}"
        );
        assert!(world.current_logs_in().await, "{server:?}");
        assert!(!old_password_logs_in(&world).await, "{server:?}");

        let steps = [Step::Test, Step::Finish, Step::Create, Step::Set];
        world.steps(&token, &steps).await.expect("the others confirm");
        assert!(world.log().contains("\"switch\""), "{server:?}");
        assert!(world.log().contains("\"confirm\""), "{server:?}");
        world.invariant_the_next_rotation_goes_through("a switch").await;
    }
}

#[tokio::test]
async fn in_the_classic_order_awscurrent_moves_in_finish_secret() {
    let classic = Setup::on(Server::Main).env("AWSCURRENT_MOVES", "finishSecret");
    let world = classic.start().await;
    let before = world.carrier(&Label::Current).await;
    let token = world.proposed().await;
    world
        .steps(&token, &[Step::Set, Step::Test])
        .await
        .expect("the value is applied");
    assert_eq!(world.carrier(&Label::Current).await, before);
    world.step(&token, Step::Finish).await.expect("it is promoted");
    assert_eq!(world.carrier(&Label::Current).await, Some(token));
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn another_order_is_a_setting_that_cannot_be_used() {
    let world = Setup::on(Server::Main)
        .env("AWSCURRENT_MOVES", "testSecret")
        .start()
        .await;
    let token = world.stage();
    let words = ["AWSCURRENT_MOVES", "testSecret", "setSecret or finishSecret"];
    world
        .refuses(&token, Step::Create, "ConfigurationInvalid", &words)
        .await;
}

#[tokio::test]
async fn a_move_that_is_denied_for_good_locks_nobody_out() {
    let world = Setup::on(Server::Main).retries(2).start().await;
    let before = world.database.verifier().await;
    let id = world.aws.faults().inject(denied().every());
    let error = world.rotate().await.expect_err("the label may not move");
    assert_eq!(error.error_type, "PermissionDenied", "{error}");
    assert!(world.current_logs_in().await);
    assert_eq!(
        world.database.verifier().await,
        before,
        "the change was rolled back"
    );

    world.aws.faults().remove(id);
    let pending = world.carrier(&Label::Pending).await.expect("it is still pending");
    world.clean_up(&pending).await;
    world.invariant_the_next_rotation_goes_through("a denial").await;
}

#[tokio::test]
async fn a_test_that_says_no_changes_nothing() {
    let world = Setup::on(Server::Main)
        .env("TEST_SQL", "SELECT false")
        .start()
        .await;
    let token = world.proposed().await;
    let before = world.snapshot().await;
    for _ in 0..3 {
        world
            .refuses(&token, Step::Set, "TestSqlFailed", &["its answer is false"])
            .await;
        assert_eq!(world.snapshot().await, before);
    }
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn killed_between_the_move_and_the_commit_the_next_step_confirms() {
    for retried in [Step::Create, Step::Set, Step::Test, Step::Finish] {
        let world = World::new().await;
        let token = world.proposed().await;
        world.aws.faults().inject(at_the_move(Effect::KillAfter));
        let error = world.step(&token, Step::Set).await.expect_err("it is killed");
        assert_eq!(error.error_type, "Runtime.ExitError", "{error}");
        assert_eq!(world.carrier(&Label::Current).await.as_ref(), Some(&token));
        assert!(
            world.logs_in(&Label::Previous).await,
            "a killed function has not committed"
        );

        for &step in Step::ALL.iter().filter(|&&step| step >= retried) {
            let outcome = world.step(&token, step).await;
            outcome.unwrap_or_else(|error| panic!("{step}: {error}"));
        }
        assert!(world.current_logs_in().await, "{retried}");
        world.invariant_the_next_rotation_goes_through("a kill").await;
    }
}

#[tokio::test]
async fn a_confirmation_overwrites_no_repair_by_hand() {
    let world = World::new().await;
    let token = world.proposed().await;
    world.aws.faults().inject(at_the_move(Effect::KillAfter));
    world.step(&token, Step::Set).await.expect_err("it is killed");
    // Somebody locks the role out on purpose: neither label's value logs in.
    world.database.set_password("set by hand").await;
    let verifier = world.database.verifier().await;
    let words = ["AWSCURRENT is refused", "AWSPREVIOUS"];
    world
        .refuses_each(&token, &[Step::Test, Step::Finish], "CurrentRefused", &words)
        .await;
    assert_eq!(world.database.verifier().await, verifier);
}

#[tokio::test]
async fn an_answer_that_is_lost_is_read_from_the_labels() {
    for effect in [Effect::DropAnswer, Effect::DropRequest, Effect::Throttle] {
        let world = World::new().await;
        world.aws.faults().inject(at_the_move(effect.clone()));
        let token = world.rotate().await;
        let token = token.unwrap_or_else(|error| panic!("{effect:?}: {error}"));
        assert_eq!(world.carrier(&Label::Current).await, Some(token), "{effect:?}");
        assert!(world.current_logs_in().await, "{effect:?}");
    }
}

#[tokio::test]
async fn answers_that_are_lost_and_reads_that_are_behind_still_agree_in_the_end() {
    let world = World::new().await;
    let token = world.proposed().await;
    world.aws.faults().inject(at_the_move(Effect::DropAnswer));
    let behind = Fault::new(Effect::StaleRead)
        .by_function(FUNCTION)
        .on("DescribeSecret");
    // The first DescribeSecret is the step's own; the second is the first look at where AWSCURRENT is.
    world.aws.faults().inject(behind.nth(2));
    world.step(&token, Step::Set).await.expect("two answers agree");
    assert_eq!(world.carrier(&Label::Current).await, Some(token));
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn requests_that_are_lost_for_good_roll_the_change_back() {
    let world = World::new().await;
    let token = world.proposed().await;
    let before = world.snapshot().await;
    world
        .aws
        .faults()
        .inject(at_the_move(Effect::DropRequest).every());
    let words = ["rolled back", "retry the rotation"];
    world.refuses(&token, Step::Set, "MoveUnknown", &words).await;
    assert_eq!(world.snapshot().await, before);
    assert!(world.current_logs_in().await);
    world.aws.faults().clear();
    let steps = [Step::Set, Step::Test, Step::Finish];
    world
        .steps(&token, &steps)
        .await
        .expect("and later it goes through");
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn labels_that_cannot_be_read_roll_the_change_back_and_the_retry_confirms() {
    let world = World::new().await;
    let token = world.proposed().await;
    world.aws.faults().inject(at_the_move(Effect::DropAnswer).every());
    let read = Fault::error("InternalServiceError", "oops")
        .by_function(FUNCTION)
        .on("DescribeSecret");
    world.aws.faults().inject(read.clone().every());
    // The step's own read comes first, so its error is another one: the labels are unreadable only from the move on.
    let error = world
        .step(&token, Step::Set)
        .await
        .expect_err("nothing can be read");
    assert_eq!(error.error_type, "SecretsManagerFailed", "{error}");
    world.aws.faults().clear();

    world.aws.faults().inject(at_the_move(Effect::DropAnswer).every());
    // The SDK repeats a failed read: all that follow the first.
    for nth in 2..=12 {
        world.aws.faults().inject(read.clone().nth(nth));
    }
    let error = world.step(&token, Step::Set).await;
    let error = error.expect_err("nobody knows where AWSCURRENT is");
    assert_eq!(error.error_type, "MoveUnknown", "{error}");
    assert!(error.error_message.contains("rolled back"), "{error}");
    assert_eq!(
        world.carrier(&Label::Current).await.as_ref(),
        Some(&token),
        "it had moved"
    );
    assert!(world.logs_in(&Label::Previous).await);
    world.aws.faults().clear();
    world.step(&token, Step::Set).await.expect("it confirms");
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn what_a_template_of_aws_has_set_is_tested_and_promoted() {
    let world = World::new().await;
    let token = world.proposed().await;
    let password = world.password(&Label::Pending).await;
    world.database.set_password(&password).await;
    world
        .steps(&token, &[Step::Test, Step::Finish])
        .await
        .expect("it goes on from there");
    assert_eq!(world.carrier(&Label::Current).await, Some(token));
    assert!(world.current_logs_in().await);
    world
        .invariant_the_next_rotation_goes_through("a hand-over")
        .await;
}

#[tokio::test]
async fn what_a_template_of_aws_has_set_is_promoted_by_set_secret_too() {
    let world = World::new().await;
    let token = world.proposed().await;
    let password = world.password(&Label::Pending).await;
    world.database.set_password(&password).await;
    world
        .step(&token, Step::Set)
        .await
        .expect("the new value is in use, the old one is not");
    assert_eq!(world.carrier(&Label::Current).await, Some(token));
    assert!(world.current_logs_in().await);
}

/// A function that is updated in mid-rotation has its next step done by other code. Of what a version of Keywheel may do otherwise than the
/// next, the order is the most.
#[tokio::test]
async fn a_rotation_that_one_order_begins_the_other_ends() {
    const CLASSIC: &str = "in-the-classic-order";
    for (begins, ends) in [(FUNCTION, CLASSIC), (CLASSIC, FUNCTION)] {
        for cut in [Step::Set, Step::Test, Step::Finish] {
            let setup = Setup::on(Server::Main).also(CLASSIC);
            let world = setup.also_env("AWSCURRENT_MOVES", "finishSecret").start().await;
            let token = world.stage();
            // The step at the cut is delivered to both: Secrets Manager retries it, and meets the new code.
            let rest = after(cut).into_iter().map(|step| (ends, step));
            let at = [(begins, cut), (ends, cut)];
            let steps = before(cut)
                .into_iter()
                .map(|step| (begins, step))
                .chain(at)
                .chain(rest);
            for (function, step) in steps {
                let outcome = world.step_by(function, &token, step).await;
                outcome.unwrap_or_else(|error| panic!("{begins} until {cut}, {step} by {function}: {error}"));
                world
                    .invariant_a_labelled_secret_logs_in(&format!("{begins} until {cut}, {step}"))
                    .await;
            }
            assert_eq!(
                world.carrier(&Label::Current).await,
                Some(token),
                "{begins} until {cut}"
            );
            assert!(world.current_logs_in().await, "{begins} until {cut}");
            world
                .invariant_the_next_rotation_goes_through("a hand-over")
                .await;
        }
    }
}

#[tokio::test]
async fn after_the_change_of_another_a_test_that_says_no_only_warns() {
    let world = Setup::on(Server::Main)
        .env("TEST_SQL", "SELECT false")
        .start()
        .await;
    let token = world.proposed().await;
    let password = world.password(&Label::Pending).await;
    world.database.set_password(&password).await;
    let steps = [Step::Test, Step::Finish];
    world
        .steps(&token, &steps)
        .await
        .expect("going on is the way out");
    assert_eq!(world.carrier(&Label::Current).await, Some(token));
    assert!(world.current_logs_in().await);
    assert!(world.log().contains("its answer is false"), "and it is told");
}

#[tokio::test]
async fn the_test_of_a_test_rotation_says_no() {
    let world = Setup::on(Server::Main)
        .env("TEST_SQL", "SELECT false")
        .start()
        .await;
    let token = world.stage();
    let document = world.text(&Label::Current).await.expect("it has a value");
    world.put_pending(&token, &document).await;
    world
        .refuses(&token, Step::Test, "TestSqlFailed", &["its answer is false"])
        .await;
}

#[tokio::test]
async fn a_server_that_asks_for_clear_text_is_rotated_in_the_classic_order() {
    let world = World::new().await;
    world.database.join(Group::ClearText).await;
    let before = world.carrier(&Label::Current).await;
    let token = world.proposed().await;
    world
        .step(&token, Step::Set)
        .await
        .expect("setSecret goes through");
    assert_eq!(
        world.carrier(&Label::Current).await,
        before,
        "finishSecret moves it"
    );
    assert!(world.log().contains("SCRAM or MD5"), "the log says why");
    world
        .steps(&token, &[Step::Test, Step::Finish])
        .await
        .expect("and does");
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn md5_is_a_check_by_the_server_itself() {
    let world = World::new().await;
    world.database.join(Group::Md5).await;
    let token = world.proposed().await;
    world
        .step(&token, Step::Set)
        .await
        .expect("setSecret goes through");
    assert_eq!(world.carrier(&Label::Current).await, Some(token));
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn with_little_time_the_change_is_not_held_open() {
    let world = Setup::on(Server::Main)
        .timeout(Duration::from_secs(8))
        .start()
        .await;
    let before = world.carrier(&Label::Current).await;
    let token = world.proposed().await;
    world
        .step(&token, Step::Set)
        .await
        .expect("setSecret goes through");
    assert_eq!(world.carrier(&Label::Current).await, before);
    assert!(world.log().contains("too little of the function's time"));
    world
        .steps(&token, &[Step::Test, Step::Finish])
        .await
        .expect("and the rest");
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn a_role_with_one_connection_confirms_once_its_session_is_closed() {
    let world = World::new().await;
    let role = world.database.role();
    world
        .database
        .sql(&format!("ALTER ROLE {role} CONNECTION LIMIT 1"))
        .await;
    let token = world.rotate().await.expect("the rotation succeeds");
    assert_eq!(world.carrier(&Label::Current).await, Some(token));
}

#[tokio::test]
async fn limits_of_transactions_and_a_weaker_commit_do_not_disturb_it() {
    for server in [Server::Main, Server::EighteenTls] {
        let world = Setup::on(server).start().await;
        let role = world.database.role();
        let mut settings = vec![
            "synchronous_commit = off",
            "idle_in_transaction_session_timeout = 100",
        ];
        if server == Server::EighteenTls {
            settings.push("transaction_timeout = 100");
        }
        for setting in settings {
            world
                .database
                .sql(&format!("ALTER ROLE {role} SET {setting}"))
                .await;
        }
        world.aws.faults().inject(at_the_move(Effect::DelayMs(600)));
        let token = world.rotate().await.expect("the rotation succeeds");
        assert_eq!(world.carrier(&Label::Current).await, Some(token), "{server:?}");
        assert!(world.current_logs_in().await, "{server:?}");
    }
}

#[tokio::test]
async fn two_at_once_make_one_rotation() {
    let world = World::new().await;
    let token = world.proposed().await;
    world.aws.faults().inject(at_the_move(Effect::DelayMs(700)));
    let both = tokio::join!(world.step(&token, Step::Set), world.step(&token, Step::Set));
    for outcome in [both.0, both.1] {
        outcome.expect("each goes through: the second finds it done");
    }
    assert_eq!(world.carrier(&Label::Current).await, Some(token));
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn a_secret_that_is_repaired_meanwhile_keeps_the_repair() {
    let world = World::new().await;
    let token = world.proposed().await;
    world.aws.faults().inject(at_the_move(Effect::DelayMs(700)));
    let by_hand = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let document = world.text(&Label::Current).await.expect("it has a value");
        world.put(&document, &[Label::Current]).await
    };
    let (outcome, version) = tokio::join!(world.step(&token, Step::Set), by_hand);
    let error = outcome.expect_err("AWSCURRENT is somebody else's now");
    assert!(!error.error_type.is_empty(), "{error}");
    assert_eq!(world.carrier(&Label::Current).await, Some(version));
    assert!(world.current_logs_in().await, "the change was rolled back");
}

/// What a server says once it has committed.
const COMMITTED: (Side, &str) = (Side::Server, "COMMIT\0");

/// Somebody sets another password in the very moment after the commit.
fn overwrite(world: &World) -> Act {
    let (cluster, role) = (world.database.cluster(), world.database.role());
    Act::Call(Arc::new(move || {
        let statement = format!("ALTER ROLE {role} PASSWORD 'by somebody else'");
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime
                .expect("a runtime starts")
                .block_on(cluster.sql(&statement));
        };
        std::thread::spawn(run).join().expect("the password is set");
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_that_is_refused_after_the_commit_is_put_back_with_its_label() {
    let (world, proxy) = behind_a_proxy(Subject::SingleUser, AMPLE).await;
    let before = world.carrier(&Label::Current).await;
    let token = world.proposed().await;
    proxy.add(rule(COMMITTED, overwrite(&world)));
    let error = world.step(&token, Step::Set).await.expect_err("it is refused");
    assert_eq!(error.error_type, "PendingRefusedGivenBack", "{error}");
    assert!(error.error_message.contains("28P01"), "{error}");
    assert!(
        error.error_message.contains("AWSPENDING was taken off"),
        "{error}"
    );
    assert_eq!(world.carrier(&Label::Current).await, before);
    assert_eq!(world.carrier(&Label::Pending).await, None);
    assert!(world.current_logs_in().await, "the old password is set again");
    world.invariant_the_next_rotation_goes_through("a way back").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_password_whose_label_may_not_go_back_is_an_error_that_names_both() {
    let (world, proxy) = behind_a_proxy(Subject::SingleUser, AMPLE).await;
    let token = world.proposed().await;
    proxy.add(rule(COMMITTED, overwrite(&world)));
    world.aws.faults().inject(denied().nth(2));
    let error = world.step(&token, Step::Set).await.expect_err("it is refused");
    assert_eq!(error.error_type, "CurrentRefused", "{error}");
    assert!(error.error_message.contains("28P01"), "{error}");
    assert!(error.error_message.contains("could not be moved back"), "{error}");
    assert_eq!(world.carrier(&Label::Current).await, Some(token));
    assert!(
        world.database.accepts("by somebody else").await,
        "and nothing else was set"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_never_arrives_is_found_out_and_made_again_in_the_same_step() {
    let (world, proxy) = behind_a_proxy(Subject::SingleUser, AMPLE).await;
    let token = world.proposed().await;
    proxy.add(rule((Side::Client, "COMMIT\0"), Act::CutBefore));
    world.step(&token, Step::Set).await.expect("it is confirmed");
    assert_eq!(world.carrier(&Label::Current).await, Some(token));
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn a_commit_that_waits_for_a_standby_without_end_is_cancelled_and_done() {
    static SERVER: OnceLock<Cluster> = OnceLock::new();
    let start = || Cluster::start(&Options::new(Server::Main)).expect("the server starts");
    let cluster = SERVER.get_or_init(start);
    let world = Setup::on(Server::Main)
        .start_with(TestDatabase::new(cluster).await)
        .await;
    let token = world.proposed().await;
    cluster
        .sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        .await;
    cluster.sql("SELECT pg_reload_conf()").await;
    let outcome = world.step(&token, Step::Set).await;
    cluster.sql("ALTER SYSTEM RESET synchronous_standby_names").await;
    cluster.sql("SELECT pg_reload_conf()").await;
    outcome.expect("it is done on this server");
    assert!(world.log().contains("it is cancelled"), "the log tells");
    assert_eq!(world.carrier(&Label::Current).await, Some(token));
    assert!(world.current_logs_in().await);
}
