//! Somebody else moves the labels meanwhile, or what is read is a moment behind.

use rotation::Prospect;
use secrets_manager_local::{Effect, Fault};
use staging_labels::{Label, Step};

use super::Bench;

/// Moves AWSCURRENT from `from` to `to` while the value is verified.
fn moved_during_verify(bench: &Bench, from: &str, to: &str) {
    let call = bench
        .client
        .update_secret_version_stage()
        .secret_id(&bench.secret);
    let call = call.version_stage("AWSCURRENT").move_to_version_id(to);
    let call = call.remove_from_version_id(from);
    bench.during("verify", async move {
        call.send().await.expect("the label moves");
    });
}

#[tokio::test]
async fn a_twin_that_promoted_first_is_success() {
    let bench = Bench::new().await;
    let old = bench.carrier(&Label::Current).await.expect("a current version");
    let token = bench.gone_through(&[Step::Create, Step::Set]).await;
    moved_during_verify(&bench, &old, &token);
    let action = bench.run(&token, Step::Finish).await;
    assert_eq!(action.expect("what is done is success"), "promote");
    assert_eq!(
        bench.calls("UpdateSecretVersionStage"),
        ["OK", "InvalidParameterException"]
    );
    assert_eq!(bench.carrier(&Label::Current).await, Some(token));
}

#[tokio::test]
async fn a_label_that_moved_elsewhere_is_read_again_and_the_value_verified_again() {
    let bench = Bench::new().await;
    let third = bench.put("another", &["BLUE"]).await;
    let old = bench.carrier(&Label::Current).await.expect("a current version");
    let token = bench.gone_through(&[Step::Create, Step::Set]).await;
    moved_during_verify(&bench, &old, &third);
    bench
        .run(&token, Step::Finish)
        .await
        .expect("the swap is tried again");
    let verified = ["read", "read", "check_pair", "verify"];
    assert_eq!(
        bench.target.taken(),
        [verified, verified].concat(),
        "from the new reading"
    );
    assert_eq!(
        bench.calls("UpdateSecretVersionStage"),
        ["OK", "InvalidParameterException", "OK"]
    );
    assert_eq!(bench.carrier(&Label::Current).await, Some(token));
    assert_eq!(bench.carrier(&Label::Previous).await, Some(third));
}

#[tokio::test]
async fn a_swap_that_never_succeeds_is_given_up_and_verified_each_time() {
    let bench = Bench::new().await;
    let third = bench.put("another", &["BLUE"]).await;
    let old = bench.carrier(&Label::Current).await.expect("a current version");
    let token = bench.gone_through(&[Step::Create, Step::Set]).await;
    moved_during_verify(&bench, &old, &third);
    // The first call is the one that moves the label; after it somebody is always faster.
    for nth in 2..=5 {
        let faster = Fault::error("InvalidParameterException", "somebody was faster");
        let faster = faster.on("UpdateSecretVersionStage").nth(nth);
        bench.aws.faults().inject(faster);
    }
    let error = bench
        .run(&token, Step::Finish)
        .await
        .expect_err("it never succeeds");
    assert_eq!(error.cause.code(), "PromoteConflict");
    let text = error.to_string();
    assert!(
        text.starts_with(&format!(
            "finishSecret failed for {}: AWSCURRENT is no longer",
            bench.secret
        )),
        "{text}"
    );
    let verified = bench.target.taken();
    assert_eq!(verified.iter().filter(|method| **method == "verify").count(), 4);
    assert_eq!(bench.carrier(&Label::Current).await, Some(third));
    assert_eq!(bench.carrier(&Label::Pending).await, Some(token));
}

#[tokio::test]
async fn a_reading_that_is_behind_for_two_rounds_is_made_again() {
    let bench = Bench::new().await;
    let token = bench.stage();
    bench.aws.clear_calls();
    let stale = Fault::new(Effect::StaleRead).on("DescribeSecret");
    bench.aws.faults().inject(stale.next(2));
    bench
        .run(&token, Step::Create)
        .await
        .expect("the third reading is right");
    assert_eq!(bench.calls("DescribeSecret").len(), 3);
    assert_eq!(bench.target.taken(), ["read", "propose"], "asked only then");
}

#[tokio::test]
async fn a_reading_that_stays_behind_is_believed_in_the_end() {
    let bench = Bench::new().await;
    let token = bench.stage();
    bench.aws.clear_calls();
    let stale = Fault::new(Effect::StaleRead).on("DescribeSecret");
    bench.aws.faults().inject(stale.every());
    let error = bench
        .run(&token, Step::Create)
        .await
        .expect_err("it was never seen");
    assert_eq!(error.cause.code(), "VersionUnknown");
    assert_eq!(
        bench.calls("DescribeSecret").len(),
        4,
        "once, and three times more"
    );
    assert_eq!(bench.target.taken().len(), 0, "nothing was asked");
    assert_eq!(bench.writes(), 0);
}

#[tokio::test]
async fn a_pending_value_that_is_not_there_yet_is_waited_for() {
    for step in [Step::Set, Step::Test, Step::Finish] {
        let bench = Bench::new().await;
        let token = bench.gone_through(&[Step::Create]).await;
        let stale = Fault::new(Effect::StaleRead).on("GetSecretValue");
        bench.aws.faults().inject(stale.next(4));
        bench
            .run(&token, step)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
    }
}

#[tokio::test]
async fn a_stale_cause_of_the_targets_own_is_tried_again_from_the_reading() {
    let bench = Bench::new().await;
    let token = bench.gone_through(&[Step::Create]).await;
    bench.refuse("verify", Prospect::Stale);
    bench.run(&token, Step::Test).await.expect_err("it stays so");
    let calls = bench.target.taken();
    assert_eq!(calls.iter().filter(|method| **method == "verify").count(), 4);
    assert_eq!(calls.iter().filter(|method| **method == "read").count(), 8);
}
