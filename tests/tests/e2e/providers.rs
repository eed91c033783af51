//! `rotate-api-key` against providers that are real, or recorded.

mod iam;
mod killed;
mod oauth;
mod shipped;
mod unleash;
mod unseen;

use keywheel_tests::canary::Canaries;
use keywheel_tests::keys::{FUNCTION, Keys, Secret, shipped_at};
use keywheel_tests::process;
use keywheel_tests::refusal;
use secrets_manager_local::{CallRecord, Effect, Fault, FunctionError};
use staging_labels::Step;

/// The steps after createSecret.
const REST: [Step; 3] = [Step::Set, Step::Test, Step::Finish];

/// Kills the function in createSecret: before its value is stored, or right after.
fn kill_at_the_store(keys: &Keys, effect: Effect) {
    let fault = Fault::new(effect).by_function(FUNCTION).on("PutSecretValue");
    keys.aws.faults().inject(fault);
}

/// Delivers createSecret, in which the function is killed.
async fn dies_in_create(secret: &Secret<'_>, token: &str) {
    let error = secret.step(token, Step::Create).await;
    let error = error.expect_err("the function was killed");
    assert_eq!(error.error_type, "Runtime.ExitError", "{error}");
}

/// Delivers `step`, which must be refused with `code` and a message that has all of `words`, and must neither move a label nor
/// write a value.
async fn refuses(keys: &Keys, secret: &Secret<'_>, step: (&str, Step), code: &str, words: &[&str]) {
    let (token, step) = step;
    let before = (
        secret.labels().await.to_string(),
        secret.current().await,
        writes(keys),
    );
    let error: FunctionError = secret.step(token, step).await.expect_err("the step is refused");
    refusal::check(&error, step, secret.arn(), code, words);
    let after = (
        secret.labels().await.to_string(),
        secret.current().await,
        writes(keys),
    );
    assert_eq!(before, after, "{code} changes nothing");
}

/// How many writes of the function were carried out.
fn writes(keys: &Keys) -> usize {
    let is_one = |call: &&CallRecord| {
        call.function.is_some()
            && ["PutSecretValue", "UpdateSecretVersionStage"].contains(&call.operation.as_str())
            && call.outcome.as_deref() == Some("OK")
    };
    keys.aws.calls().iter().filter(is_one).count()
}

/// Fails if a canary is in anything that the function wrote or answered, or that is known of its process.
fn assert_silence(keys: &Keys, secret: &Secret<'_>, canaries: &Canaries) {
    let processes = process::with_environment("AWS_ENDPOINT_URL", &keys.aws.url());
    let visible: Vec<_> = processes.into_iter().map(process::visible).collect();
    for (place, text) in [
        ("the function's output", keys.log()),
        ("the function's process", visible.concat()),
        (
            "the record of rotations",
            format!("{:?}", keys.aws.rotations(secret.arn())),
        ),
        ("the record of calls", format!("{:?}", keys.aws.calls())),
        (
            "the record of events",
            format!("{:?}", keys.aws.events(secret.arn())),
        ),
    ] {
        canaries.absent_from(place, &text);
    }
    assert!(keys.log().contains("rotation.step"), "the log was looked at");
}
