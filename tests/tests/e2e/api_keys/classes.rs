//! A whole rotation of each class, repeated, delivered twice, and by twins.

use std::time::Duration;

use keywheel_tests::keys::FUNCTION;
use keywheel_tests::scripted::{Issued, Kind, Trick, answer};
use rotate_api_key::Marks;
use serde_json::json;
use staging_labels::{Label, Step};

use super::{FIRST, SHOWS_ID, Setup, World};

#[tokio::test]
async fn every_class_rotates_again_and_again_and_its_keys_work() {
    for kind in Kind::ALL {
        let world = World::new(kind).await;
        let mut seen = vec![FIRST.to_owned()];
        for _ in 0..3 {
            let text = world.rotate().await;
            assert!(!seen.contains(&text), "{kind:?}: a new key");
            seen.push(text);
            world.invariant_current_works(&format!("{kind:?}")).await;
        }
    }
}

#[tokio::test]
async fn two_keys_live_and_the_displaced_one_dies_at_the_next_rotation() {
    let world = Setup::of(Kind::Overlap)
        .secret(&document(FIRST, r#""apiKeyId": "k0""#))
        .head("")
        .start()
        .await;
    // The description has no id member: the list's names alone tell. The key made by hand has another name, and stays.
    world.rotate().await;
    world.rotate().await;
    let names: Vec<_> = world
        .provider
        .state(|state| state.live.iter().map(|key| key.name.clone()).collect());
    assert_eq!(names.len(), 3, "{names:?}");
    world.rotate().await;
    assert_eq!(
        world.provider.state(|state| state.live.len()),
        3,
        "made by hand, previous, current"
    );
    assert_eq!(world.provider.state(|state| state.revocations), 1);
    world.invariant_current_works("three rotations").await;
}

fn document(key: &str, more: &str) -> String {
    format!("{{\"apiKey\": \"{key}\", {more}}}")
}

/// The description with the id's member; `[secret]` is in it already.
fn with_id(setup: Setup) -> Setup {
    setup.tag("keywheel:unused", "x").secret(&document(
        FIRST,
        r#""apiKeyId": "k0", "keywheel": {"id": "apiKeyId"}"#,
    ))
}

#[tokio::test]
async fn a_key_made_by_hand_is_revoked_too_if_the_document_says_its_id() {
    let world = with_id(Setup::of(Kind::Overlap)).sections(SHOWS_ID).start().await;
    world.rotate().await;
    assert!(world.provider.accepts(FIRST), "it overlaps for a whole interval");
    let text = world.rotate().await;
    assert!(
        !world.provider.accepts(FIRST),
        "and is revoked at the next rotation"
    );
    assert_eq!(world.provider.state(|state| state.live.len()), 2);
    assert!(
        text.contains(r#""apiKeyId": "k2""#) && text.contains(r#""keywheel": {"id": "apiKeyId"}"#),
        "{text}"
    );
}

#[tokio::test]
async fn a_displaced_key_is_revoked_at_finish_if_asked() {
    let world = with_id(Setup::of(Kind::Overlap))
        .sections(&format!("{SHOWS_ID}when = \"finish\""))
        .start()
        .await;
    world.rotate().await;
    assert!(!world.provider.accepts(FIRST));
    assert_eq!(world.provider.state(|state| state.live.len()), 1);
    world.rotate().await;
    assert_eq!(world.provider.state(|state| state.live.len()), 1);
}

#[tokio::test]
async fn a_revocation_that_fails_at_finish_is_told_and_made_when_finish_is_delivered_again() {
    let world = with_id(Setup::of(Kind::Overlap))
        .sections(&format!("{SHOWS_ID}when = \"finish\""))
        .start()
        .await;
    let token = world.secret().stage();
    world
        .secret()
        .steps(&token, &[Step::Create, Step::Set, Step::Test])
        .await
        .expect("the key is made");
    world
        .provider
        .play("DELETE /keys/*", 0, 1, Trick::Say(answer(403, "{}")));
    let error = world
        .secret()
        .step(&token, Step::Finish)
        .await
        .expect_err("the revocation is refused");
    assert_eq!(error.error_type, "ProviderCredentialRefused", "{error}");
    assert_eq!(
        world.secret().carrier(&Label::Current).await.as_ref(),
        Some(&token),
        "AWSCURRENT has moved"
    );
    assert!(world.provider.accepts(FIRST));
    world
        .secret()
        .step(&token, Step::Finish)
        .await
        .expect("it is delivered again");
    assert!(!world.provider.accepts(FIRST));
    world.invariant_current_works("finish delivered again").await;
}

#[tokio::test]
async fn a_key_that_keywheel_did_not_make_is_left_if_the_description_says_so() {
    let world = with_id(Setup::of(Kind::Overlap))
        .sections("[retire]\nadopted = false")
        .start()
        .await;
    world.rotate().await;
    world.rotate().await;
    assert!(world.provider.accepts(FIRST));
    assert!(
        world.keys.log().contains("\\\"made by hand\\\" is left"),
        "{}",
        world.keys.log()
    );
}

#[tokio::test]
async fn a_key_of_another_secret_is_not_revoked_whoever_names_it() {
    let world = with_id(Setup::of(Kind::Overlap)).start().await;
    let of_another = "x-keywheel-0123456789ab-6f3c9a52-7c1e-4d57-9b1a-0c5f4a7d9e21";
    world
        .provider
        .state(|state| of_another.clone_into(&mut state.live[0].name));
    world.rotate().await;
    world.rotate().await;
    assert!(world.provider.accepts(FIRST));
}

#[tokio::test]
async fn a_limit_on_keys_is_respected_before_anything_is_changed() {
    let world = Setup::of(Kind::Overlap).head("limit = 2\n").start().await;
    world.rotate().await;
    let token = world.secret().stage();
    // The key made by hand is not ours to revoke: there is no room.
    let before = world.provider.state(|state| state.values());
    world
        .refuses(
            &token,
            Step::Create,
            "KeyLimitReached",
            &["2 keys", "revoke a key that nothing uses"],
        )
        .await;
    assert_eq!(world.provider.state(|state| state.values()), before);
    world
        .provider
        .state(|state| state.live.retain(|key| key.name != "made by hand"));
    let rest = world.secret().steps(&token, &Step::ALL).await;
    rest.expect("there is room now");
}

#[tokio::test]
async fn a_displaced_key_lives_as_long_as_the_description_says() {
    let world = with_id(Setup::of(Kind::Overlap))
        .sections(&format!("{SHOWS_ID}least-overlap-hours = 24"))
        .start()
        .await;
    world.rotate().await;
    let token = world.secret().stage();
    world
        .refuses(
            &token,
            Step::Create,
            "OverlapTooShort",
            &["24 hours", "rotate less often"],
        )
        .await;
    assert!(world.provider.accepts(FIRST));
}

/// A value that somebody copied into a version of its own is in use, though its key carries another version's name.
#[tokio::test]
async fn a_key_whose_value_was_written_anew_by_hand_stays() {
    let world = World::new(Kind::Overlap).await;
    let first = world.rotate().await;
    world.rotate().await;
    world.cancel_and_clean_up().await;
    world.put(&first).await;
    world.rotate().await;
    assert!(world.provider.accepts(&first), "it was current until now");
    world.invariant_current_works("a rollback by hand").await;
}

#[tokio::test]
async fn every_step_may_be_delivered_twice() {
    for kind in Kind::ALL {
        let world = World::new(kind).await;
        world.rotate().await;
        let token = world.secret().stage();
        for step in Step::ALL {
            for _ in 0..2 {
                let outcome = world.secret().step(&token, step).await;
                outcome.unwrap_or_else(|error| panic!("{kind:?} {step}: {error}"));
                world
                    .invariant_a_labelled_key_works(&format!("{kind:?} {step}"))
                    .await;
            }
        }
        let outcome = world.secret().steps(&token, &Step::ALL).await;
        outcome.unwrap_or_else(|error| panic!("{kind:?}, all again: {error}"));
        world.invariant_current_works(&format!("{kind:?}")).await;
        assert!(world.provider.state(|state| state.live.len()) <= 3, "{kind:?}");
        if kind == Kind::Staged {
            assert_eq!(
                world.provider.state(|state| state.promotions),
                2,
                "each promoted exactly once"
            );
        }
    }
}

#[tokio::test]
async fn twins_of_create_secret_agree_on_one_key_and_the_other_dies() {
    for round in 0..4 {
        let world = World::new(Kind::Overlap).await;
        let token = world.secret().stage();
        let (one, other) = (world.secret(), world.secret());
        let both = tokio::join!(one.step(&token, Step::Create), other.step(&token, Step::Create));
        assert!(both.0.is_ok() && both.1.is_ok(), "{round}: {both:?}");
        let staged = world.key(&Label::Pending).await.expect("a value is stored");
        assert!(world.provider.accepts(&staged), "{round}: the stored one lives");
        let rest = world
            .secret()
            .steps(&token, &[Step::Set, Step::Test, Step::Finish])
            .await;
        rest.unwrap_or_else(|error| panic!("{round}: {error}"));
        world.rotate().await;
        let live = world.provider.state(|state| state.live.len());
        assert_eq!(live, 3, "{round}: made by hand, previous, current");
    }
}

#[tokio::test]
async fn a_trial_of_test_secret_alone_changes_nothing() {
    for kind in Kind::ALL {
        let world = World::new(kind).await;
        let token = world.secret().stage();
        world.put_pending(&token, FIRST).await;
        let outcome = world.secret().step(&token, Step::Test).await;
        outcome.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        let (calls, words): (&[&str], _) = match kind {
            Kind::Overlap => (&["GET /whoami", "GET /keys"], "check, list; these were written"),
            Kind::InPlace => (
                &["GET /whoami", "GET /admin"],
                "check, admin-check; these were written",
            ),
            Kind::Staged | Kind::Chosen => (&["GET /whoami"], "check; these were written"),
        };
        assert_eq!(world.provider.calls(), calls, "{kind:?}");
        let written = match kind {
            Kind::Overlap => "allowed: create, revoke",
            Kind::InPlace => "allowed: roll, recover",
            Kind::Staged => "allowed: stage, unstage, promote",
            Kind::Chosen => "allowed: set",
        };
        for words in [words, written] {
            assert!(world.keys.log().contains(words), "{kind:?}: {words}");
        }
    }
}

/// What would stop a rotation stops the test rotation.
#[tokio::test]
async fn a_test_rotation_finds_an_admin_secret_that_does_not_do() {
    for (kind, call) in [(Kind::Overlap, "GET /keys"), (Kind::InPlace, "GET /admin")] {
        let world = World::new(kind).await;
        world.provider.play(call, 0, 1, Trick::Say(answer(401, "{}")));
        let token = world.secret().stage();
        world.put_pending(&token, FIRST).await;
        world
            .refuses(&token, Step::Test, "ProviderCredentialRefused", &["401"])
            .await;
    }
    for kind in [Kind::Overlap, Kind::InPlace, Kind::Chosen] {
        let description = kind
            .description("", "")
            .replace("{{ admin }}", "{{ admin.token }}");
        let setup = Setup::of(kind).env("PROVIDER_DESCRIPTION", &description);
        let world = setup.start().await;
        let token = world.secret().stage();
        world.put_pending(&token, FIRST).await;
        world
            .refuses(
                &token,
                Step::Test,
                "AdminSecretUnusable",
                &["bare string", "admin.token"],
            )
            .await;
    }
}

/// Its own key replaces itself, so that nobody notices until an answer is lost.
#[tokio::test]
async fn a_key_is_not_put_at_risk_that_the_admin_could_not_replace() {
    let world = World::new(Kind::InPlace).await;
    for status in [401, 403] {
        world
            .provider
            .play("GET /admin", 0, 1, Trick::Say(answer(status, "{}")));
        let token = world.secret().stage();
        world
            .refuses(
                &token,
                Step::Create,
                "ProviderCredentialRefused",
                &["admin-check at scripted", "the admin secret"],
            )
            .await;
        assert!(!world.provider.calls().contains(&"POST /self/roll".to_owned()));
        world.cancel_and_clean_up().await;
    }
    world.rotate().await;
    world
        .invariant_current_works("the admin's credential works again")
        .await;
}

#[tokio::test]
async fn a_class_b_without_a_way_back_is_refused_when_it_is_configured() {
    let whole = Kind::InPlace.description("", "");
    let description = whole
        .split("[admin-check]")
        .next()
        .expect("what stands before it");
    let description = description.replace("admin = \"scripted-admin\"\n", "");
    let error = rotate_api_key::Description::load("b.toml", &description)
        .unwrap_err()
        .to_string();
    assert!(error.contains("a lost answer would lose the only key"), "{error}");
}

#[tokio::test]
async fn class_e_is_refused_with_one_sentence() {
    let none = "provider = 'scripted'\ntitle = 'Anthropic'\nclass = 'none'\nreason = 'it has no API that issues a key'";
    let world = Setup::of(Kind::Overlap)
        .env("PROVIDER_DESCRIPTION", none)
        .start()
        .await;
    let token = world.secret().stage();
    world
        .refuses(
            &token,
            Step::Create,
            "ProviderCannotRotate",
            &["Anthropic: it has no API that issues a key"],
        )
        .await;
    assert!(world.provider.calls().is_empty());
}

#[tokio::test]
async fn a_key_that_takes_a_while_to_be_honoured_is_waited_for_and_one_that_never_is_is_told() {
    let world = World::new(Kind::Overlap).await;
    world.provider.state(|state| state.slow = 3);
    world.rotate().await;

    let world = Setup::of(Kind::Overlap)
        .head("")
        .timeout(Duration::from_secs(6))
        .start()
        .await;
    world.provider.state(|state| state.slow = 1000);
    let token = world.secret().stage();
    world
        .secret()
        .steps(&token, &[Step::Create, Step::Set])
        .await
        .expect("the key is made");
    world
        .refuses(
            &token,
            Step::Test,
            "KeyRefused",
            &["pending key", "status 401", "settle-seconds"],
        )
        .await;
    assert_eq!(
        world.secret().carrier(&Label::Pending).await,
        Some(token),
        "it may be honoured yet"
    );
}

/// What is certain never to work does not block: AWSPENDING is taken off, and the next rotation begins again.
#[tokio::test]
async fn a_pending_key_that_was_revoked_by_hand_does_not_block() {
    // A young one may only be missing in a list that is behind.
    let world = World::new(Kind::Overlap).await;
    let token = world.secret().stage();
    world
        .secret()
        .steps(&token, &[Step::Create, Step::Set])
        .await
        .expect("the key is made");
    world.provider.state(|state| state.live.truncate(1));
    world
        .refuses(&token, Step::Test, "KeyRefused", &["pending key", "status 401"])
        .await;
    assert_eq!(world.secret().carrier(&Label::Pending).await, Some(token));

    let setup = Setup::of(Kind::Overlap).age(Duration::from_secs(601));
    let world = setup.start().await;
    let token = world.secret().stage();
    world
        .secret()
        .steps(&token, &[Step::Create, Step::Set])
        .await
        .expect("the key is made");
    world.provider.state(|state| state.live.truncate(1));
    world
        .refuses(
            &token,
            Step::Test,
            "KeyRefused",
            &["no such key", "AWSPENDING was taken off"],
        )
        .await;
    world.rotate().await;
    world.invariant_current_works("a new rotation").await;
}

/// An admin's second key beside a live one would be one that nobody revokes.
#[tokio::test]
async fn a_live_key_of_class_b_that_may_not_replace_itself_is_not_recovered() {
    let world = World::new(Kind::InPlace).await;
    let token = world.secret().stage();
    for status in [401, 403] {
        world
            .provider
            .play("POST /self/roll", 0, 1, Trick::Say(answer(status, "{}")));
        world
            .refuses(
                &token,
                Step::Create,
                "ProviderCredentialRefused",
                &["roll at scripted"],
            )
            .await;
    }
    assert!(!world.provider.calls().contains(&"POST /roll".to_owned()));
}

#[tokio::test]
async fn a_dead_current_key_of_class_b_is_recovered_by_the_admin() {
    let world = World::new(Kind::InPlace).await;
    world.provider.state(|state| state.live.clear());
    world.rotate().await;
    world.invariant_current_works("a recovery").await;
    assert!(world.provider.calls().contains(&"POST /roll".to_owned()));
}

/// The provider has no list that could tell.
#[tokio::test]
async fn without_a_list_a_pending_key_that_was_revoked_by_hand_is_given_up_when_it_is_old() {
    let whole = Kind::Overlap.description("", "");
    let (before, rest) = whole.split_once("[list]").expect("it has a list");
    let (_, after) = rest.split_once("[revoke]").expect("and revokes");
    let before = before.replace(
        "[create]\n",
        "[create]\nrepeatable = true\nheaders = { Idempotency-Key = \"{{ version }}\" }\n",
    );
    let before = before.replace("key = \"apiKey\"\n", "key = \"apiKey\"\nid = \"apiKeyId\"\n");
    let description = format!("{before}[revoke]{after}");
    for (minutes, is_given_up) in [(50, false), (61, true)] {
        let world = Setup::of(Kind::Overlap)
            .age(Duration::from_secs(minutes * 60))
            .secret(&document(FIRST, r#""apiKeyId": "k0""#))
            .env("PROVIDER_DESCRIPTION", &description)
            .start()
            .await;
        let token = world.secret().stage();
        let made = world.secret().steps(&token, &[Step::Create, Step::Set]).await;
        made.expect("the key is made");
        world.provider.state(|state| state.live.truncate(1));
        let error = world.secret().step(&token, Step::Test).await;
        assert_eq!(error.expect_err("it is refused").error_type, "KeyRefused");
        let pending = world.secret().carrier(&Label::Pending).await;
        assert_eq!(pending.is_none(), is_given_up, "{minutes} minutes");
        world.invariant_current_works("a lost pending key").await;
    }
}

/// Its old key is dead: what may only be slow must not be given up.
#[tokio::test]
async fn a_key_of_class_b_that_is_not_honoured_is_given_up_only_when_it_is_old() {
    for (minutes, is_given_up) in [(50, false), (61, true)] {
        let setup = Setup::of(Kind::InPlace).age(Duration::from_secs(minutes * 60));
        let world = setup.timeout(Duration::from_secs(6)).start().await;
        let token = world.secret().stage();
        let secret = world.secret();
        let made = secret.steps(&token, &[Step::Create, Step::Set]).await;
        made.expect("the key is made");
        let lost = world.provider.state(|state| std::mem::take(&mut state.live));
        let error = secret.step(&token, Step::Test).await.expect_err("it is refused");
        assert_eq!(error.error_type, "KeyRefused", "{error}");
        let pending = secret.carrier(&Label::Pending).await;
        assert_eq!(pending.is_none(), is_given_up, "{minutes} minutes: {error}");
        if is_given_up {
            world.rotate().await;
        } else {
            world.provider.state(|state| state.live = lost);
            let rest = secret.steps(&token, &Step::ALL).await;
            rest.expect("it was only slow");
        }
        world.invariant_current_works("a slow key").await;
    }
}

/// A list without names, of the secret's own keys.
fn exclusive(sections: &str) -> String {
    let description = Kind::Overlap
        .description("", sections)
        .replace("name = \"/name\"\n", "exclusive = true\ncreated = \"/made\"\n");
    description.replace("key = \"apiKey\"", "key = \"apiKey\"\nid = \"apiKeyId\"")
}

/// Rotations were off for so long that both keys are out of date, and the provider has room for two.
#[tokio::test]
async fn two_keys_that_have_expired_do_not_take_the_room_of_a_new_one() {
    let description = format!("limit = 2\n{}", exclusive(""));
    let world = Setup::of(Kind::Overlap)
        .secret(&document(FIRST, r#""apiKeyId": "k0""#))
        .env("PROVIDER_DESCRIPTION", &description)
        .start()
        .await;
    world.rotate().await;
    world.provider.state(|state| state.expired = state.values());
    world.rotate().await;
    world.invariant_current_works("expired keys").await;
    let ids: Vec<_> = world
        .provider
        .state(|state| state.live.iter().map(|key| key.id.clone()).collect());
    assert_eq!(ids, ["k1", "k2"]);
    world.rotate().await;
    world.invariant_current_works("the next rotation").await;
}

/// A list without names tells by a key's age alone whether a crash lost it.
#[tokio::test]
async fn of_an_exclusive_list_only_a_key_that_is_younger_than_the_current_one_is_taken_for_lost() {
    let world = Setup::of(Kind::Overlap)
        .secret(&document(FIRST, r#""apiKeyId": "k0""#))
        .env("PROVIDER_DESCRIPTION", &exclusive("[retire]\nwhen = \"finish\""))
        .start()
        .await;
    let extra = |id: &str, made| Issued {
        id: id.to_owned(),
        name: String::new(),
        value: format!("{id}-somebodys"),
        made,
    };
    world.provider.state(|state| {
        state.live.push(extra("kept-in-a-vault", 1_700_000_000));
        state.live.push(extra("lost", 4_000_000_000));
    });
    world.rotate().await;
    let ids: Vec<_> = world
        .provider
        .state(|state| state.live.iter().map(|key| key.id.clone()).collect());
    assert_eq!(ids, ["kept-in-a-vault", "k1"]);
    world.invariant_current_works("an exclusive list").await;
}

/// What applications fell back to must not go as well.
#[tokio::test]
async fn a_displaced_key_stays_as_long_as_the_current_one_does_not_work() {
    let world = World::new(Kind::Overlap).await;
    let first = world.rotate().await;
    let second = world.rotate().await;
    world
        .provider
        .state(|state| state.live.retain(|key| key.value != second));
    world.rotate().await;
    assert!(world.provider.accepts(&first), "the only one that worked");
    world.invariant_current_works("a dead current key").await;
    world.rotate().await;
    assert!(!world.provider.accepts(&first), "it is not forgotten");
}

/// A writer of documents may name any id: without a proof a key that Keywheel did not make stays.
#[tokio::test]
async fn an_id_that_nothing_shows_to_be_the_keys_own_is_not_revoked() {
    for sections in ["[retire]\n", SHOWS_ID] {
        let world = with_id(Setup::of(Kind::Overlap)).sections(sections).start().await;
        let victim = Issued {
            id: "victim".to_owned(),
            name: "another team's".to_owned(),
            value: "another-teams-key".to_owned(),
            made: 0,
        };
        world.provider.state(|state| state.live.push(victim));
        // The key is the writer's own, and works; the id is not.
        let text = world.secret().current().await.replace("\"k0\"", "\"victim\"");
        let rotated = if sections == SHOWS_ID {
            world.put(&text).await;
            let token = world.secret().stage();
            world
                .refuses(
                    &token,
                    Step::Create,
                    "KeyOfAnotherAccount",
                    &["`id`", "current key"],
                )
                .await;
            continue;
        } else {
            world.put(&text).await;
            world.rotate().await;
            world.rotate().await
        };
        assert!(world.provider.accepts("another-teams-key"), "{rotated}");
    }
}

/// Not every provider answers a dead key with 401.
#[tokio::test]
async fn a_dead_key_of_class_b_is_recovered_whatever_the_refusal_is_called() {
    for status in [400, 404] {
        let world = World::new(Kind::InPlace).await;
        world.provider.state(|state| state.live.clear());
        world
            .provider
            .play("POST /self/roll", 0, 1, Trick::Say(answer(status, "{}")));
        world.rotate().await;
        world.invariant_current_works("a recovery").await;
    }
}

/// An event that somebody wrote by hand may have the secret's name; Secrets Manager's have its ARN.
#[tokio::test]
async fn a_key_made_for_an_event_with_the_secrets_name_is_known_again() {
    let world = World::new(Kind::Overlap).await;
    let token = world.secret().stage();
    let payload = json!({"Step": "createSecret", "SecretId": "scripted/key", "ClientRequestToken": token});
    let payload = payload.to_string().into_bytes();
    let invocation = world.keys.aws.invoke(FUNCTION, payload).await;
    let error = invocation.expect("the function is there").error;
    assert!(error.is_none(), "{error:?}");
    let name = world.provider.state(|state| state.live[1].name.clone());
    let marks = Marks::of(&world.arn);
    let version = marks.version_in(&name).expect("it has the ARN's mark");
    assert_eq!(version.as_str(), token);
}
