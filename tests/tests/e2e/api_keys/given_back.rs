//! Class chosen: a value that the provider takes and then refuses, or does not take.

use std::sync::Arc;
use std::time::Duration;

use keywheel_tests::canary::Canaries;
use keywheel_tests::keys::FUNCTION;
use keywheel_tests::scripted::{ADMIN, Kind, Trick, answer};
use secrets_manager_local::Fault;
use staging_labels::{Label, Step};

use super::{FIRST, Setup, World};

/// A provider that keeps the next `garbled` values wrongly.
async fn world(garbled: usize, retries: usize) -> World {
    let setup = Setup::of(Kind::Chosen).retries(retries);
    let world = setup.timeout(Duration::from_secs(8)).start().await;
    world.provider.state(|state| state.garbled = garbled);
    world
}

#[tokio::test]
async fn a_value_that_the_provider_refuses_is_followed_by_the_one_that_worked() {
    let world = world(1, 0).await;
    let token = world.secret().stage();
    let create = world.secret().step(&token, Step::Create).await;
    create.expect("a value is chosen");
    let pending = world.key(&Label::Pending).await.expect("it is stored");
    let message = world
        .refuses(
            &token,
            Step::Set,
            "KeyGivenBack",
            &["uploaded again", "PASSWORD_LENGTH"],
        )
        .await;
    assert_eq!(world.current_key().await, FIRST);
    assert_eq!(world.secret().carrier(&Label::Pending).await, None);
    // The repetitions of the same rotation upload nothing.
    world.provider.forget();
    for step in [Step::Create, Step::Set] {
        world
            .refuses(&token, step, "VersionUnknown", &["abandoned"])
            .await;
    }
    assert_eq!(world.provider.calls(), [""; 0]);
    world.rotate().await;
    world.invariant_current_works("the next rotation").await;
    Canaries::default()
        .and("admin's credential", ADMIN)
        .and("first key", FIRST)
        .and("pending key", &pending)
        .absent_from("the log", &(world.keys.log() + &message));
}

#[tokio::test]
async fn a_value_that_cannot_be_put_back_is_told_apart_and_the_repetition_mends_it() {
    let world = world(2, 0).await;
    let token = world.secret().stage();
    let steps = world.secret().steps(&token, &Step::ALL).await;
    let error = steps.expect_err("neither value works");
    assert_eq!(error.error_type, "KeyNotGivenBack", "{error}");
    assert_eq!(
        world.secret().carrier(&Label::Pending).await.as_ref(),
        Some(&token)
    );
    let again = world.secret().steps(&token, &Step::ALL).await;
    again.expect("the provider keeps this one");
    world.invariant_current_works("the repetition").await;
}

/// Killed around the upload that gives back, or around the check after it.
#[tokio::test]
async fn killed_while_it_gives_back_it_goes_on_when_repeated() {
    for (shape, nth) in [
        ("PUT /secret", 0),
        ("GET /whoami", 0),
        ("GET /whoami", 1),
        ("PUT /secret", 1),
        ("GET /whoami", 2),
    ] {
        for before in [true, false] {
            let world = world(1, 2).await;
            let kill: Arc<dyn Fn() + Send + Sync> = Arc::new(world.keys.aws.kill_switch(FUNCTION));
            let trick = if before {
                Trick::Before(kill)
            } else {
                Trick::After(kill)
            };
            world.provider.play(shape, nth, 1, trick);
            let case = format!("{shape} {nth}, before: {before}");
            let _ = world.secret().rotate().await;
            assert_eq!(world.provider.left(), 0, "{case}: it came to that");
            world.invariant_current_works(&case).await;
            world.rotate().await;
            world.invariant_current_works(&format!("{case}, the next")).await;
        }
    }
}

/// A provider has no lock: a repair by hand during the upload is found after it.
#[tokio::test]
async fn a_repair_by_hand_during_the_upload_stands() {
    let world = world(0, 0).await;
    let token = world.secret().stage();
    let create = world.secret().step(&token, Step::Create).await;
    create.expect("a value is chosen");
    world.put_while("PUT /secret", "set-by-hand-meanwhile-77a1");
    let error = world
        .secret()
        .step(&token, Step::Set)
        .await
        .expect_err("it is over");
    assert_eq!(error.error_type, "VersionUnknown", "{error}");
    assert_eq!(world.current_key().await, "set-by-hand-meanwhile-77a1");
    world.invariant_current_works("the repair").await;
}

/// Secrets Manager does not say where the labels are: that is no reason to take the new value back.
#[tokio::test]
async fn a_look_that_is_denied_takes_nothing_back() {
    let mut uploads = Vec::new();
    for nth in 1..=4 {
        let world = world(0, 0).await;
        let token = world.secret().stage();
        let create = world.secret().step(&token, Step::Create).await;
        create.expect("a value is chosen");
        let denied = Fault::error("AccessDeniedException", "not authorized").by_function(FUNCTION);
        let denied = denied.on("DescribeSecret").in_step(Step::Set.name()).nth(nth);
        world.keys.aws.faults().inject(denied);
        if let Err(error) = world.secret().step(&token, Step::Set).await {
            assert_eq!(error.error_type, "PermissionDenied", "{error}");
            let calls = world.provider.calls();
            uploads.push(calls.iter().filter(|call| *call == "PUT /secret").count());
        }
        world.keys.aws.faults().clear();
        let again = world.secret().steps(&token, &Step::ALL).await;
        again.expect("it may look now");
        world.invariant_current_works("the retry").await;
    }
    assert_eq!(
        uploads.iter().max(),
        Some(&1),
        "before the upload and after it, never twice: {uploads:?}"
    );
}

/// An upload that the provider acknowledges and does not carry out: AWSCURRENT works, and nothing is put back.
#[tokio::test]
async fn a_value_that_still_works_is_left_alone() {
    let world = world(0, 0).await;
    let token = world.secret().stage();
    let create = world.secret().step(&token, Step::Create).await;
    create.expect("a value is chosen");
    // The upload is acknowledged, and not carried out.
    let done = keywheel_tests::scripted::answer(204, "");
    world.provider.play("PUT /secret", 0, 1, Trick::Say(done));
    world
        .refuses(&token, Step::Set, "KeyRefused", &["pending key"])
        .await;
    assert_eq!(
        world
            .provider
            .calls()
            .iter()
            .filter(|call| *call == "PUT /secret")
            .count(),
        1
    );
    assert_eq!(
        world.secret().carrier(&Label::Pending).await.as_ref(),
        Some(&token)
    );
}

/// A world of class chosen in which the key itself uploads its successor.
async fn by_the_key_itself() -> World {
    let description = Kind::Chosen.description("", "");
    let description = description.replace("admin = \"scripted-admin\"\n", "");
    let description = description.replace("{{ admin }}", "{{ current.value }}");
    let setup = Setup::of(Kind::Chosen).env("PROVIDER_DESCRIPTION", &description);
    setup.start().await
}

/// A rotation was cancelled after it had uploaded its value: an older version has the key, and the provider says of the current
/// one that the request is bad.
#[tokio::test]
async fn a_dead_key_that_is_called_a_bad_request_is_found_among_the_older_versions() {
    for status in [400, 401, 404, 422] {
        let world = by_the_key_itself().await;
        let token = world.secret().stage();
        let steps = [Step::Create, Step::Set];
        let uploaded = world.secret().steps(&token, &steps).await;
        uploaded.expect("the value is uploaded");
        world.cancel_and_clean_up().await;
        let refused = answer(status, "{\"message\": \"CSRF validation failed\"}");
        world.provider.play("PUT /secret", 0, 1, Trick::Say(refused));
        world.rotate().await;
        world.invariant_current_works(&status.to_string()).await;
        assert_eq!(world.provider.left(), 0, "{status}: it came to that");
    }
}

/// It is the value that the provider does not like. Nobody tries older keys, which could lock the account.
#[tokio::test]
async fn a_value_that_is_refused_while_the_current_key_works_is_not_uploaded_with_another() {
    let world = by_the_key_itself().await;
    world.rotate().await;
    let token = world.secret().stage();
    let created = world.secret().step(&token, Step::Create).await;
    created.expect("a value is chosen");
    world.provider.forget();
    let refused = answer(400, "{\"message\": \"too long\"}");
    world.provider.play("PUT /secret", 0, 1, Trick::Say(refused));
    world
        .refuses(&token, Step::Set, "ProviderRefused", &["set at scripted", "400"])
        .await;
    assert_eq!(world.provider.calls(), ["PUT /secret", "GET /whoami"]);
}
