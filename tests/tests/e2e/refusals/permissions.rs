//! IAM and KMS say no.

use keywheel_tests::world::{FUNCTION, World};
use secrets_manager_local::Fault;
use staging_labels::Step;

/// Each call of the usual case, in each step that makes it.
const CALLS: [(Step, &[&str]); 4] = [
    (
        Step::Create,
        &["DescribeSecret", "GetSecretValue", "PutSecretValue"],
    ),
    (
        Step::Set,
        &["DescribeSecret", "GetSecretValue", "UpdateSecretVersionStage"],
    ),
    (Step::Test, &["GetSecretValue"]),
    (Step::Finish, &["GetSecretValue"]),
];

/// In every step every one of its calls is refused with `error`, until it is allowed and the step goes through.
async fn denied(error: (&str, &str), operations: &[&str], code: &str, words: fn(&str) -> Vec<String>) {
    let world = World::new().await;
    let token = world.stage();
    for (step, calls) in CALLS {
        for call in calls.iter().filter(|call| operations.contains(call)) {
            let fault = Fault::error(error.0, error.1).on(call).by_function(FUNCTION);
            let id = world.aws.faults().inject(fault.every());
            let words = words(call);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            world.refuses(&token, step, code, &words).await;
            assert!(world.aws.faults().hits(id) > 0, "{step} calls {call}");
            world.aws.faults().clear();
        }
        world.step(&token, step).await.expect("it is allowed now");
    }
    assert!(world.current_logs_in().await);
}

#[tokio::test]
async fn a_permission_that_is_missing_is_named() {
    let all = [
        "DescribeSecret",
        "GetSecretValue",
        "PutSecretValue",
        "UpdateSecretVersionStage",
    ];
    let words =
        "User: arn:aws:sts::000000000000:assumed-role/rotate/f is not authorized to perform the action";
    let named = |call: &str| {
        vec![
            format!("{call} on "),
            format!("allow secretsmanager:{call} on this secret"),
        ]
    };
    denied(("AccessDeniedException", words), &all, "PermissionDenied", named).await;
}

#[tokio::test]
async fn a_key_that_may_not_be_used_is_told_from_a_secret_that_may_not_be_read() {
    let named = |call: &str| vec![call.to_owned(), "kms:Decrypt".to_owned(), "key".to_owned()];
    denied(
        ("AccessDeniedException", "Access to KMS is not allowed"),
        &["GetSecretValue", "PutSecretValue"],
        "KmsDenied",
        named,
    )
    .await;
}

#[tokio::test]
async fn a_key_that_is_disabled_or_gone_is_named() {
    let named = |call: &str| vec![call.to_owned(), "kms:Decrypt".to_owned()];
    let said = "Secrets Manager can't decrypt the protected secret text using the provided KMS key.";
    denied(
        ("DecryptionFailure", said),
        &["GetSecretValue"],
        "KmsDenied",
        named,
    )
    .await;
    let said = "Secrets Manager can't encrypt the protected secret text using the provided KMS key.";
    denied(
        ("EncryptionFailure", said),
        &["PutSecretValue"],
        "KmsDenied",
        named,
    )
    .await;
}

#[tokio::test]
async fn credentials_that_have_run_out_are_a_missing_permission() {
    let named = |call: &str| vec![call.to_owned(), "expired".to_owned()];
    denied(
        (
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
        &["GetSecretValue"],
        "PermissionDenied",
        named,
    )
    .await;
}

#[tokio::test]
async fn versions_that_may_not_be_listed_are_said_to_have_been_left_out() {
    let world = World::new().await;
    let token = world.proposed().await;
    world.database.set_password("changed by hand").await;
    let denied = Fault::error("AccessDeniedException", "not authorized to list").on("ListSecretVersionIds");
    world.aws.faults().inject(denied.every());
    let words = [
        "the current version: ",
        "the pending version: ",
        "secretsmanager:ListSecretVersionIds",
    ];
    world.refuses(&token, Step::Set, "LoginRefused", &words).await;
}
