//! A step that hangs in a slow provider, while somebody repairs the secret by hand, or the next rotation begins.

use std::sync::Arc;
use std::time::Duration;

use keywheel_tests::scripted::{Kind, Trick, answer};
use staging_labels::{Label, Step};
use uuid::Uuid;

use super::{FIRST, SHOWS_ID, Setup, World, document_with_id};

/// What a step is told whose rotation is over.
const OVER: [&str; 3] = ["RotationAbandoned", "CurrentMoved", "VersionUnknown"];

/// Another text of the same key, as somebody writes it who corrects another member.
fn corrected() -> String {
    format!("{{\"apiKey\": \"{FIRST}\", \"corrected\": true}}")
}

async fn overlap() -> World {
    let text = format!("{{\"apiKey\": \"{FIRST}\"}}");
    Setup::of(Kind::Overlap).secret(&text).start().await
}

/// createSecret, during which the secret is written by hand, ends with an error, and stores nothing.
async fn create_is_abandoned(world: &World, shape: &str) -> Vec<String> {
    world.put_while(shape, &corrected());
    let token = world.secret().stage();
    let error = world.secret().step(&token, Step::Create).await.expect_err(shape);
    assert!(OVER.contains(&error.error_type.as_str()), "{shape}: {error}");
    assert_eq!(world.secret().current().await, corrected(), "{shape}");
    assert_eq!(world.secret().carrier(&Label::Pending).await, None, "{shape}");
    world.invariant_current_works(shape).await;
    assert_eq!(world.provider.left(), 0, "{shape}: it came to that");
    world.provider.calls()
}

#[tokio::test]
async fn nothing_is_made_or_revoked_once_the_secret_was_written_by_hand() {
    for shape in ["GET /whoami", "GET /keys"] {
        let calls = create_is_abandoned(&overlap().await, shape).await;
        assert!(calls.iter().all(|call| call.starts_with("GET ")), "{calls:?}");
    }
}

#[tokio::test]
async fn a_key_that_was_made_for_a_rotation_that_is_over_is_revoked_at_once() {
    let world = overlap().await;
    create_is_abandoned(&world, "POST /keys").await;
    assert_eq!(world.provider.state(|state| state.values()), [FIRST]);
    world.rotate().await;
    world.invariant_current_works("the next rotation").await;
}

/// Its old key is dead, and the new one is known to nobody else: somebody who repaired the secret made another.
#[tokio::test]
async fn an_admin_does_not_replace_a_key_that_somebody_has_just_repaired() {
    let text = format!("{{\"apiKey\": \"{FIRST}\"}}");
    let world = Setup::of(Kind::InPlace).secret(&text).start().await;
    world
        .provider
        .play("POST /self/roll", 0, 1, Trick::Say(answer(401, "{}")));
    let lost = world.provider.state(|state| std::mem::take(&mut state.live));
    world.put_while("GET /whoami", &corrected());
    let token = world.secret().stage();
    let error = world.secret().step(&token, Step::Create).await;
    let error = error.expect_err("the secret was repaired");
    assert!(OVER.contains(&error.error_type.as_str()), "{error}");
    assert!(!world.provider.calls().contains(&"POST /roll".to_owned()));
    world.provider.state(|state| state.live = lost);
    world.rotate().await;
    world.invariant_current_works("the next rotation").await;
}

/// finishSecret hangs after AWSCURRENT has moved, and the next rotation is under way: that one's key is not its to judge, nor
/// what it rests on.
#[tokio::test]
async fn a_finish_that_hangs_revokes_nothing_once_the_next_rotation_has_begun() {
    let text = document_with_id(FIRST, "k0");
    let world = Setup::of(Kind::Overlap)
        .secret(&text)
        .sections(&format!("{SHOWS_ID}when = \"finish\""))
        .start()
        .await;
    let token = world.secret().stage();
    let steps = world
        .secret()
        .steps(&token, &[Step::Create, Step::Set, Step::Test])
        .await;
    steps.expect("the key is made");
    let (client, arn) = (world.keys.client.clone(), world.arn.clone());
    let runtime = tokio::runtime::Handle::current();
    let next = Uuid::new_v4().to_string();
    let other = next.clone();
    let begin = move || {
        let call = client
            .put_secret_value()
            .secret_id(&arn)
            .client_request_token(&other);
        let call = call
            .secret_string("{\"apiKey\": \"of the next rotation\"}")
            .version_stages("AWSPENDING");
        runtime
            .block_on(call.send())
            .expect("the next rotation has begun");
    };
    world
        .provider
        .play("GET /keys", 0, 1, Trick::Meanwhile(Arc::new(begin)));
    let outcome = world.secret().step(&token, Step::Finish).await;
    outcome.expect("the rotation itself is done");
    assert_eq!(world.secret().carrier(&Label::Pending).await, Some(next));
    assert_eq!(world.provider.left(), 0, "it came to that");
    assert!(world.provider.accepts(FIRST), "the next rotation revokes it");
    assert_eq!(world.provider.state(|state| state.revocations), 0);
}

/// Versions are told apart by when they were made, which Secrets Manager says in milliseconds.
async fn a_millisecond_goes_by() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}

/// Class C, after AWSCURRENT was moved back by hand: to promote would end the very key that is current.
#[tokio::test]
async fn a_staged_key_that_somebody_went_back_from_is_not_promoted() {
    let text = format!("{{\"apiKey\": \"{FIRST}\"}}");
    for by_label in [true, false] {
        let world = Setup::of(Kind::Staged).secret(&text).start().await;
        // A promotion that failed leaves both alive.
        world
            .provider
            .play("POST /promote", 0, 1, Trick::Say(answer(403, "{}")));
        a_millisecond_goes_by().await;
        let token = world.secret().stage();
        let error = world.secret().steps(&token, &Step::ALL).await;
        assert_eq!(
            error.expect_err("the promotion is refused").error_type,
            "ProviderCredentialRefused"
        );
        let secret = world.secret();
        if by_label {
            let back = secret.carrier(&Label::Previous).await.expect("the first version");
            let call = world
                .keys
                .client
                .update_secret_version_stage()
                .secret_id(&world.arn);
            let call = call.version_stage("AWSCURRENT").move_to_version_id(back);
            call.remove_from_version_id(&token)
                .send()
                .await
                .expect("AWSCURRENT moves back");
        } else {
            world.put(&corrected()).await;
        }
        world.cancel_and_clean_up().await;
        world.invariant_current_works("the way back").await;
        world.rotate().await;
        world.invariant_current_works("the next rotation").await;
        let promotions = world.provider.state(|state| state.promotions);
        assert_eq!(promotions, 1, "the new key's alone; by label: {by_label}");
    }
}

/// A document that was written again has the same key, whose promotion is still outstanding.
#[tokio::test]
async fn a_staged_key_whose_document_was_written_anew_is_promoted_all_the_same() {
    let text = format!("{{\"apiKey\": \"{FIRST}\"}}");
    let world = Setup::of(Kind::Staged).secret(&text).start().await;
    world
        .provider
        .play("POST /promote", 0, 1, Trick::Say(answer(403, "{}")));
    a_millisecond_goes_by().await;
    let token = world.secret().stage();
    let error = world.secret().steps(&token, &Step::ALL).await;
    error.expect_err("the promotion is refused");
    let again = world
        .secret()
        .current()
        .await
        .replace('}', ", \"corrected\": true}");
    world.put(&again).await;
    world.cancel_and_clean_up().await;
    world.rotate().await;
    world.invariant_current_works("the next rotation").await;
    assert_eq!(world.provider.state(|state| state.promotions), 2);
    assert_eq!(world.provider.state(|state| state.live.len()), 1);
}

#[tokio::test]
async fn a_second_key_beside_one_that_never_had_a_predecessor_is_not_removed() {
    let world = World::new(Kind::Staged).await;
    // Somebody staged it by hand, and put that one into the secret: to remove the second key would end it.
    world.provider.state(|state| {
        let mut first = state.live[0].clone();
        "the-first-one".clone_into(&mut first.value);
        state.live.insert(0, first);
    });
    let token = world.secret().stage();
    world
        .refuses(
            &token,
            Step::Create,
            "SecondKeyUnclear",
            &["has a second key already", "promote it if it is the second"],
        )
        .await;
    assert!(!world.provider.calls().contains(&"DELETE /secondary".to_owned()));
}

/// The usual way of a secret that a template made: a placeholder first, which never was a key.
#[tokio::test]
async fn a_second_key_that_was_put_over_a_placeholder_is_not_removed() {
    let world = Setup::of(Kind::Staged).secret("to-be-replaced").start().await;
    world.provider.state(|state| {
        let mut first = state.live[0].clone();
        "the-first-one".clone_into(&mut first.value);
        state.live.insert(0, first);
    });
    a_millisecond_goes_by().await;
    world.put(FIRST).await;
    let token = world.secret().stage();
    world
        .refuses(
            &token,
            Step::Create,
            "SecondKeyUnclear",
            &["has a second key already"],
        )
        .await;
}

/// Class C, promoted by an admin in setSecret, and abandoned after it: what is staged beside a dead current key is promoted.
#[tokio::test]
async fn a_staged_key_is_promoted_though_the_current_one_was_dead_before() {
    let description = Kind::Staged.description("admin = \"scripted-admin\"\n", "");
    let description = description.replace("{{ current.value }}", "{{ admin }}");
    let description = description.replace("POST /promote\"", "POST /promote\"\nwhen = \"set\"");
    let setup = Setup::of(Kind::Staged).env("PROVIDER_DESCRIPTION", &description);
    let world = setup.start().await;
    let token = world.secret().stage();
    let made = world.secret().steps(&token, &[Step::Create, Step::Set]).await;
    made.expect("the key is promoted");
    world.cancel_and_clean_up().await;
    assert!(!world.provider.accepts(FIRST));
    world.rotate().await;
    assert_eq!(
        world.provider.state(|state| state.live.len()),
        1,
        "it is the first"
    );
    let token = world.secret().stage();
    let made = world.secret().step(&token, Step::Create).await;
    made.expect("another is staged");
    world.invariant_current_works("a second key is staged").await;
    // A promotion whose answer was lost is no error.
    for _ in 0..2 {
        let set = world.secret().step(&token, Step::Set).await;
        set.expect("it is promoted");
    }
    let rest = world.secret().steps(&token, &[Step::Test, Step::Finish]).await;
    rest.expect("it works");
    world.invariant_current_works("promoted twice").await;
}

/// createSecret finds it stored, and would never make another.
#[tokio::test]
async fn a_staged_key_that_was_removed_by_hand_does_not_block_for_ever() {
    for (minutes, is_given_up) in [(50, false), (61, true)] {
        let setup = Setup::of(Kind::Staged).age(Duration::from_secs(minutes * 60));
        let world = setup.timeout(Duration::from_secs(6)).start().await;
        let token = world.secret().stage();
        let secret = world.secret();
        let made = secret.steps(&token, &[Step::Create, Step::Set]).await;
        made.expect("the key is staged");
        world.provider.state(|state| state.live.truncate(1));
        let error = secret.step(&token, Step::Test).await.expect_err("it is refused");
        assert_eq!(error.error_type, "KeyRefused", "{error}");
        let pending = secret.carrier(&Label::Pending).await;
        assert_eq!(pending.is_none(), is_given_up, "{minutes} minutes: {error}");
        if is_given_up {
            world.rotate().await;
        }
        world.invariant_current_works("a key that was removed").await;
    }
}

/// Two keys live, and the provider says of each which it is.
#[tokio::test]
async fn an_outstanding_promotion_is_found_where_keys_are_compared_by_id() {
    let text = document_with_id(FIRST, "k0");
    let description = Kind::Staged.description("", "[check.same]\nid = \"/id\"\n");
    let description = description.replace("value = \"/secondary\"", "value = \"/secondary\"\nid = \"/id\"");
    let setup = Setup::of(Kind::Staged)
        .secret(&text)
        .env("PROVIDER_DESCRIPTION", &description);
    let world = setup.start().await;
    world
        .provider
        .play("POST /promote", 0, 1, Trick::Say(answer(403, "{}")));
    a_millisecond_goes_by().await;
    let token = world.secret().stage();
    let error = world.secret().steps(&token, &Step::ALL).await;
    error.expect_err("the promotion is refused");
    world.cancel_and_clean_up().await;
    world.rotate().await;
    world.invariant_current_works("the next rotation").await;
    assert_eq!(world.provider.state(|state| state.promotions), 2);
}
