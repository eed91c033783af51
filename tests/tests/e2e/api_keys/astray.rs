//! What must be left alone, though a value that somebody planted, a label that somebody moved, or a name that the provider
//! did not keep seems to ask for it.

use std::time::Duration;

use keywheel_tests::keys::FUNCTION;
use keywheel_tests::scripted::{Issued, Kind, Trick, answer};
use secrets_manager_local::{Effect, Fault};
use staging_labels::{Label, Step};

use super::{FIRST, SHOWS_ID, Setup, World, document_with_id};

fn issued(id: &str, value: &str) -> Issued {
    Issued {
        id: id.to_owned(),
        name: "made by hand".to_owned(),
        value: value.to_owned(),
        made: 0,
    }
}

/// Moves AWSCURRENT by hand.
async fn make_current(world: &World, token: &str) {
    let from = world.secret().carrier(&Label::Current).await.expect("a version");
    let call = world.keys.client.update_secret_version_stage();
    let call = call.secret_id(&world.arn).version_stage(Label::Current.as_str());
    let call = call.move_to_version_id(token).remove_from_version_id(from);
    call.send().await.expect("AWSCURRENT moves");
}

/// What is refused when it is stored once more was not made here: an admin's credential revokes no key that it names.
#[tokio::test]
async fn a_planted_value_names_no_key_that_is_revoked() {
    let setup = Setup::of(Kind::Overlap).secret(&document_with_id(FIRST, "k0"));
    let world = setup.start().await;
    world
        .provider
        .state(|state| state.live.push(issued("victim", "another-teams-key")));
    let token = world.secret().stage();
    world
        .put_pending(&token, &document_with_id("planted", "victim"))
        .await;
    let fault = Fault::error("AccessDeniedException", "not authorized")
        .by_function(FUNCTION)
        .on("PutSecretValue");
    let id = world.keys.aws.faults().inject(fault);
    let error = world.secret().step(&token, Step::Create).await;
    error.expect_err("the value is not stored");
    assert!(world.keys.aws.faults().hits(id) > 0, "it came to that");
    assert!(
        world.provider.accepts("another-teams-key"),
        "{:?}",
        world.provider.calls()
    );
}

/// The same without any malice: the pending key is the only one that the next steps have.
#[tokio::test]
async fn a_key_that_is_stored_already_is_not_revoked_when_it_cannot_be_stored_again() {
    let world = World::new(Kind::Overlap).await;
    let token = world.secret().stage();
    let made = world.secret().step(&token, Step::Create).await;
    made.expect("the key is made");
    let fault = Fault::error("AccessDeniedException", "not authorized")
        .by_function(FUNCTION)
        .on("PutSecretValue");
    world.keys.aws.faults().inject(fault);
    let _ = world.secret().step(&token, Step::Create).await;
    let secret = world.secret();
    let rest = secret.steps(&token, &[Step::Set, Step::Test, Step::Finish]).await;
    rest.expect("it works as it did");
}

/// Somebody moves AWSCURRENT to a key that does not work, and finishSecret is delivered once more.
#[tokio::test]
async fn a_finish_that_is_delivered_after_a_move_by_hand_leaves_the_key_that_works() {
    let world = Setup::of(Kind::Overlap)
        .secret(&document_with_id(FIRST, "k0"))
        .sections(&format!("{SHOWS_ID}when = \"finish\""))
        .start()
        .await;
    let token = world.secret().stage();
    let made = world.secret().steps(&token, &[Step::Create, Step::Set]).await;
    made.expect("the key is made");
    world
        .provider
        .state(|state| state.live.retain(|key| key.id == "k0"));
    make_current(&world, &token).await;
    let outcome = world.secret().step(&token, Step::Finish).await;
    outcome.expect("there is nothing left to do");
    assert!(world.provider.accepts(FIRST), "{:?}", world.provider.calls());
    assert!(
        world.keys.log().contains("what it displaced is kept"),
        "it is told"
    );
}

/// The same of class C, where the second key is somebody else's.
#[tokio::test]
async fn a_finish_that_is_delivered_after_a_move_by_hand_does_not_promote_a_strangers_key() {
    let world = World::new(Kind::Staged).await;
    let token = world.secret().stage();
    let made = world.secret().steps(&token, &[Step::Create, Step::Set]).await;
    made.expect("the key is staged");
    world
        .provider
        .state(|state| state.live[1] = issued("k9", "staged-by-hand"));
    make_current(&world, &token).await;
    let outcome = world.secret().step(&token, Step::Finish).await;
    outcome.expect("there is nothing left to do");
    assert!(world.provider.accepts(FIRST), "{:?}", world.provider.calls());
}

/// A provider that cuts names off takes the mark's end with them.
#[tokio::test]
async fn a_current_key_whose_name_was_cut_off_is_not_revoked() {
    // All but one character of the version are kept, and so few that Secrets Manager does not look for it.
    for longest in [70, 45] {
        let world = Setup::of(Kind::Overlap)
            .timeout(Duration::from_secs(3))
            .start()
            .await;
        world.provider.state(|state| state.longest_name = longest);
        let token = world.secret().stage();
        for _ in 0..3 {
            let made = world.secret().step(&token, Step::Create).await;
            made.unwrap_or_else(|error| panic!("{longest}: {error}"));
            world.invariant_current_works(&format!("{longest}")).await;
            // Keys whose names carry no version would pile up.
            world
                .refuses(
                    &token,
                    Step::Set,
                    "KeyNotListed",
                    &["not in the list", "shorten `name`"],
                )
                .await;
            assert_eq!(world.provider.state(|state| state.live.len()), 2, "{longest}");
        }
        world.invariant_current_works(&format!("{longest}")).await;
    }
}

/// Some providers show a key again: the one that a crash lost is found there under the secret's name, and put in by hand.
#[tokio::test]
async fn a_lost_key_that_somebody_took_over_by_hand_is_the_current_one() {
    let world = World::new(Kind::Overlap).await;
    let token = world.secret().stage();
    let fault = Fault::new(Effect::KillBefore).by_function(FUNCTION);
    world.keys.aws.faults().inject(fault.on("PutSecretValue"));
    let killed = world.secret().step(&token, Step::Create).await;
    killed.expect_err("the function was killed");
    world.keys.aws.faults().clear();
    let lost = world.provider.state(|state| state.live[1].value.clone());
    world.put(&lost).await;
    for _ in 0..2 {
        let token = world.secret().stage();
        let made = world.secret().step(&token, Step::Create).await;
        made.expect("a key is made");
        world.invariant_current_works("a lost key taken over").await;
        let secret = world.secret();
        let rest = secret.steps(&token, &[Step::Set, Step::Test, Step::Finish]).await;
        rest.expect("the rotation goes through");
    }
    assert!(!world.provider.accepts(&lost), "once it is known, it is revoked");
}

/// Nothing was ever stored but what stood in a template, and it cannot even be sent.
#[tokio::test]
async fn a_placeholder_that_fits_into_no_header_is_replaced() {
    let setup = Setup::of(Kind::Overlap).secret("{\"apiKey\": \"to be\\nreplaced\"}");
    let world = setup.start().await;
    world.rotate().await;
    world.invariant_current_works("a placeholder").await;
}

/// A typing error that was corrected stands in the previous version for as long as no rotation goes through.
#[tokio::test]
async fn a_wrong_id_in_the_previous_version_blocks_nothing() {
    let setup = Setup::of(Kind::Overlap).secret(&document_with_id(FIRST, "k9"));
    let world = setup.sections(SHOWS_ID).start().await;
    world
        .provider
        .state(|state| state.live.push(issued("k9", "second-by-hand")));
    world.put(&document_with_id("second-by-hand", "k9")).await;
    world.rotate().await;
    world.invariant_current_works("a corrected id").await;
    assert!(
        world.provider.accepts(FIRST),
        "nothing shows that it is the secret's"
    );
}

/// The secret was moved to another account, where the old id is somebody else's.
#[tokio::test]
async fn a_previous_key_of_another_account_is_left() {
    let description = Kind::Overlap.description(
        "",
        &format!("[parameters.team]\none-of = [\"blue\", \"green\"]\n{SHOWS_ID}"),
    );
    let of = |team: &str, key: &str, id: &str| {
        format!(
            "{{\"apiKey\": \"{key}\", \"apiKeyId\": \"{id}\", \"keywheel\": {{\"id\": \"apiKeyId\", \"team\": \"{team}\"}}}}"
        )
    };
    let setup = Setup::of(Kind::Overlap).secret(&of("blue", FIRST, "k0"));
    let world = setup.env("PROVIDER_DESCRIPTION", &description).start().await;
    world
        .provider
        .state(|state| state.live.push(issued("k9", "of-the-green")));
    world.put(&of("green", "of-the-green", "k9")).await;
    world.rotate().await;
    world.invariant_current_works("another account").await;
    assert!(world.provider.accepts(FIRST));
    world.rotate().await;
    assert!(
        !world.provider.accepts("of-the-green"),
        "that was the secret's own"
    );
}

/// OAuth's introspection says so with status 200.
#[tokio::test]
async fn a_key_of_which_the_provider_says_false_does_not_work() {
    let description = Kind::Overlap
        .description("", "")
        .replace("GET /whoami\"", "GET /whoami\"\nexpect = \"/ok\"");
    let setup = Setup::of(Kind::Overlap).env("PROVIDER_DESCRIPTION", &description);
    let world = setup.timeout(Duration::from_secs(6)).start().await;
    let token = world.secret().stage();
    let made = world.secret().steps(&token, &[Step::Create, Step::Set]).await;
    made.expect("the key is made");
    let dead = Trick::Say(answer(200, "{\"ok\": false}"));
    world.provider.play("GET /whoami", 0, 1000, dead);
    world
        .refuses(&token, Step::Test, "KeyRefused", &["pending key", "status 200"])
        .await;
}
