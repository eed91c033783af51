//! What is asked of the target, in which order, and what is never asked.

use std::sync::Arc;

use rotation::Prospect;
use staging_labels::{Label, Step};

use super::Bench;

#[tokio::test]
async fn each_step_asks_the_target_in_a_fixed_order() {
    let bench = Bench::new().await;
    let token = bench.stage();
    for (step, action, asked) in [
        (Step::Create, "stage", &["read", "propose"][..]),
        (Step::Set, "apply", &["read", "read", "check_pair", "apply"]),
        (Step::Test, "verify", &["read", "read", "check_pair", "verify"]),
        (Step::Finish, "promote", &["read", "read", "check_pair", "verify"]),
    ] {
        assert_eq!(bench.run(&token, step).await.expect("it goes through"), action);
        assert_eq!(bench.target.taken(), asked, "{step}");
    }
    assert_eq!(bench.carrier(&Label::Current).await, Some(token));
    assert_eq!((bench.calls("PutSecretValue").len(), bench.writes()), (1, 2));
}

#[tokio::test]
async fn nothing_is_proposed_for_a_value_that_cannot_be_read() {
    let bench = Bench::new().await;
    let token = bench.stage();
    bench.refuse("read", Prospect::Permanent);
    let error = bench
        .run(&token, Step::Create)
        .await
        .expect_err("it cannot be read");
    assert_eq!(error.cause.code(), "Refused");
    assert_eq!(bench.target.taken(), ["read"]);
    assert_eq!(bench.writes(), 0);
}

#[tokio::test]
async fn nothing_is_stored_if_nothing_can_be_proposed() {
    let bench = Bench::new().await;
    let token = bench.stage();
    bench.refuse("propose", Prospect::Permanent);
    bench
        .run(&token, Step::Create)
        .await
        .expect_err("there is no proposal");
    assert_eq!(bench.target.taken(), ["read", "propose"]);
    assert_eq!(bench.writes(), 0);
}

#[tokio::test]
async fn a_pair_that_is_none_is_neither_applied_nor_verified() {
    let bench = Bench::new().await;
    let token = bench.gone_through(&[Step::Create]).await;
    bench.refuse("check_pair", Prospect::Permanent);
    for step in [Step::Set, Step::Test, Step::Finish] {
        bench.run(&token, step).await.expect_err("the pair is none");
        assert_eq!(bench.target.taken(), ["read", "read", "check_pair"], "{step}");
    }
    // A twin's value in createSecret is compared as well.
    bench
        .run(&token, Step::Create)
        .await
        .expect_err("the pair is none");
    assert_eq!(bench.target.taken(), ["read", "propose", "read", "check_pair"]);
    // Refused by Secrets Manager, which has another value already.
    assert_eq!(bench.calls("PutSecretValue"), ["ResourceExistsException"]);
    assert_eq!(bench.calls("UpdateSecretVersionStage").len(), 0);
}

#[tokio::test]
async fn nothing_is_promoted_that_was_not_verified_in_the_same_invocation() {
    let bench = Bench::new().await;
    let before = bench.labels().await;
    let token = bench.gone_through(&[Step::Create, Step::Set, Step::Test]).await;
    let staged = bench.labels().await;
    bench.refuse("verify", Prospect::Permanent);
    let error = bench
        .run(&token, Step::Finish)
        .await
        .expect_err("it does not log in any more");
    assert!(error.to_string().starts_with(&format!(
        "finishSecret failed for {}: the target refuses; ask it something else",
        bench.secret
    )));
    assert_eq!(bench.target.taken(), ["read", "read", "check_pair", "verify"]);
    assert_eq!(bench.writes(), 0);
    assert_eq!(bench.labels().await, staged);
    assert_eq!(
        staged.carrier(&Label::Current),
        before.carrier(&Label::Current),
        "AWSCURRENT never moved"
    );
}

#[tokio::test]
async fn the_label_moves_only_after_the_value_was_verified() {
    let bench = Bench::new().await;
    let token = bench.gone_through(&[Step::Create, Step::Set]).await;
    let aws = Arc::clone(&bench.aws);
    bench.during("verify", async move {
        let calls = aws.calls();
        assert!(
            !calls
                .iter()
                .any(|call| call.operation == "UpdateSecretVersionStage")
        );
    });
    bench.run(&token, Step::Finish).await.expect("it goes through");
    assert_eq!(bench.calls("UpdateSecretVersionStage"), ["OK"]);
}

#[tokio::test]
async fn a_poisoned_value_is_released_once_and_the_error_says_so() {
    let bench = Bench::new().await;
    let old = bench.carrier(&Label::Current).await;
    let token = bench.gone_through(&[Step::Create]).await;
    bench.refuse("apply", Prospect::PoisonedPending);
    let error = bench
        .run(&token, Step::Set)
        .await
        .expect_err("it is never accepted");
    assert!(error.released);
    let text = error.to_string();
    assert!(text.contains("AWSPENDING was taken off this version"), "{text}");
    assert_eq!(
        bench.target.taken(),
        ["read", "read", "check_pair", "apply"],
        "asked once"
    );
    assert_eq!(bench.calls("UpdateSecretVersionStage"), ["OK"], "released once");
    assert_eq!(bench.carrier(&Label::Pending).await, None);
    assert_eq!(bench.carrier(&Label::Current).await, old);

    bench.target.refuses.set(None);
    let next = bench.gone_through(&Step::ALL).await;
    assert_eq!(
        bench.carrier(&Label::Current).await,
        Some(next),
        "the next one goes through"
    );
}

#[tokio::test]
async fn a_poisoned_value_that_cannot_be_released_is_not_said_to_be() {
    let bench = Bench::new().await;
    let token = bench.gone_through(&[Step::Create]).await;
    bench.refuse("apply", Prospect::PoisonedPending);
    let denied = secrets_manager_local::Fault::error("AccessDeniedException", "no");
    bench
        .aws
        .faults()
        .inject(denied.on("UpdateSecretVersionStage").every());
    let error = bench
        .run(&token, Step::Set)
        .await
        .expect_err("it is never accepted");
    assert!(!error.released);
    let text = error.to_string();
    assert!(
        text.contains("the target refuses") && !text.contains("was taken off"),
        "{text}"
    );
    assert_eq!(bench.carrier(&Label::Pending).await, Some(token));
}

#[tokio::test]
async fn what_is_merely_wrong_is_not_released() {
    for prospect in [Prospect::Permanent, Prospect::Transient] {
        let bench = Bench::new().await;
        let token = bench.gone_through(&[Step::Create]).await;
        bench.refuse("apply", prospect);
        let error = bench.run(&token, Step::Set).await.expect_err("it is refused");
        assert!(!error.released);
        assert_eq!(
            bench.target.taken(),
            ["read", "read", "check_pair", "apply"],
            "{prospect:?}"
        );
        assert_eq!(bench.carrier(&Label::Pending).await, Some(token));
    }
}
