//! No key, admin credential or minted token is in any log or error, at any level, whatever goes wrong.

use std::time::Duration;

use keywheel_tests::canary::Canaries;
use keywheel_tests::scripted::{ADMIN, Kind, Trick, answer};
use staging_labels::Step;

use super::{FIRST, Setup, World};

/// Looks for all credentials that there ever were in all that the function wrote, and in `more`.
fn assert_silence(world: &World, seen: &[String], more: &str) {
    let mut canaries = Canaries::default()
        .and("admin's credential", ADMIN)
        .and("first key", FIRST);
    for key in seen {
        canaries = canaries.and("a key", key);
    }
    canaries.absent_from("the log", &world.keys.log());
    canaries.absent_from("an error", more);
}

#[tokio::test]
async fn whole_rotations_of_every_class_are_silent() {
    for kind in Kind::ALL {
        let world = World::new(kind).await;
        let mut seen = Vec::new();
        for _ in 0..2 {
            world.rotate().await;
            seen.extend(world.provider.state(|state| state.values()));
        }
        assert!(world.keys.log().contains("finishSecret"), "the function logs");
        assert_silence(&world, &seen, "");
    }
}

#[tokio::test]
async fn a_minted_token_is_silent_and_used() {
    let minted = "[auth]\nbearer = \"{{ minted }}\"\n[auth.mint]\nrequest = \"POST /token\"\nform = { grant_type = \"client_credentials\" }\n\
                  auth = { basic = { username = \"client-17\", password = \"{{ current.value }}\" } }\ntoken = \"/access_token\"\n";
    let description = Kind::Chosen
        .description("", "")
        .replace("[auth]\nbearer = \"{{ admin }}\"\n", minted);
    let description = description.replace("admin = \"scripted-admin\"\n", "");
    let world = Setup::of(Kind::Chosen)
        .env("PROVIDER_DESCRIPTION", &description)
        .timeout(Duration::from_secs(6))
        .start()
        .await;
    let token = world.secret().stage();
    let error = world
        .secret()
        .steps(&token, &Step::ALL)
        .await
        .expect_err("the provider takes no such token");
    assert_eq!(error.error_type, "ProviderCredentialRefused", "{error}");
    let set = world
        .provider
        .requests()
        .into_iter()
        .find(|request| request.shape() == "PUT /secret");
    assert_eq!(set.expect("it came to that").bearer(), "minted-token-5f1d2e3c4b");
    assert_silence(
        &world,
        &["minted-token-5f1d2e3c4b".to_owned()],
        &error.to_string(),
    );
}

/// A provider that repeats what it was sent, or gives away what it made, in its errors.
#[tokio::test]
async fn a_talkative_provider_is_not_repeated() {
    const MADE: &str = "Zq7-made-by-the-provider-81f4d";
    let told = [
        format!("{{\"message\":\"key {FIRST} exists, admin {ADMIN}, new one {MADE}\"}}"),
        format!("{{\"errors\":[{{\"detail\":\"{MADE}\"}}],\"data\":{{\"key\":\"{MADE}\"}}}}"),
        format!("{MADE} {ADMIN}"),
        format!("{{\"data\":{{\"key\":7,\"value\":\"{MADE}\"}}}}"),
    ];
    let world = Setup::of(Kind::Overlap)
        .timeout(Duration::from_secs(10))
        .start()
        .await;
    let token = world.secret().stage();
    for body in &told {
        for status in [200, 400, 401, 500] {
            world
                .provider
                .play("POST /keys", 0, 1, Trick::Say(answer(status, body)));
            let error = world
                .secret()
                .step(&token, Step::Create)
                .await
                .expect_err("nothing could be used");
            world.provider.behave();
            assert_silence(&world, &[MADE.to_owned()], &error.to_string());
        }
    }
    for kind in [
        Trick::Say(format!("HTTP/1.1 {ADMIN}\r\n\r\n").into_bytes()),
        Trick::Say(MADE.as_bytes().to_vec()),
    ] {
        world.provider.play("POST /keys", 0, 1, kind);
        let error = world
            .secret()
            .step(&token, Step::Create)
            .await
            .expect_err("it is no HTTP");
        assert_silence(&world, &[MADE.to_owned()], &error.to_string());
    }
    let location = format!("HTTP/1.1 302 x\r\nlocation: /login?key={ADMIN}\r\ncontent-length: 0\r\n\r\n");
    world
        .provider
        .play("POST /keys", 0, 1, Trick::Say(location.into_bytes()));
    let error = world
        .secret()
        .step(&token, Step::Create)
        .await
        .expect_err("it is a redirect");
    assert!(
        error.error_message.contains("another path of 127.0.0.1"),
        "{error}"
    );
    assert_silence(&world, &[MADE.to_owned()], &error.to_string());
}

/// Only what the provider was told is looked for in its words, however short it is.
#[tokio::test]
async fn the_members_of_an_admin_secret_that_are_no_credentials_do_not_hide_the_providers_words() {
    const WORDS: &str = "the plan is limited: eu keys for team 443 are created by prod only";
    let description = Kind::Overlap
        .description("", "")
        .replace("{{ admin }}", "{{ admin.token }}");
    for (admin, words) in [
        (
            format!(r#"{{"token": "{ADMIN}", "env": "is", "team": 443, "region": "eu", "stage": "prod"}}"#),
            WORDS,
        ),
        // Nothing that has been told is shown, and a gap does not tell a short one.
        (
            r#"{"token": "eu", "env": "is"}"#.to_owned(),
            "(hidden) plan (hidden) limited(hidden) (hidden) keys (hidden) team",
        ),
    ] {
        let world = Setup::of(Kind::Overlap)
            .env("PROVIDER_DESCRIPTION", &description)
            .start()
            .await;
        let client = &world.keys.client;
        let put = client.put_secret_value().secret_id("scripted/admin");
        put.secret_string(&admin).send().await.expect("it is stored");
        let body = format!(r#"{{"message": "{WORDS}"}}"#);
        let said = Trick::Say(answer(402, &body));
        world.provider.play("POST /keys", 0, 1, said);
        world
            .provider
            .play("GET /keys", 0, 9, Trick::Say(answer(402, &body)));
        let token = world.secret().stage();
        let error = world.secret().step(&token, Step::Create).await;
        let text = error.expect_err("it is refused").error_message;
        assert!(text.contains(words), "{text}");
        assert_silence(&world, &[], &text);
    }
}

/// A key that is its own id stands in a path.
#[tokio::test]
async fn a_key_in_a_path_is_in_no_error() {
    let description = Kind::Overlap
        .description("", "")
        .replace("/keys/{{ key.id }}", "/keys/{{ current.value }}{{ key.id }}");
    let world = Setup::of(Kind::Overlap)
        .env("PROVIDER_DESCRIPTION", &description)
        .start()
        .await;
    world.rotate().await;
    world.rotate().await;
    world
        .provider
        .play("DELETE /keys/*", 0, 10, Trick::Say(answer(400, "{}")));
    let token = world.secret().stage();
    let error = world
        .secret()
        .steps(&token, &[Step::Create, Step::Set])
        .await
        .expect_err("the revocation is refused");
    assert_silence(
        &world,
        &world.provider.state(|state| state.values()),
        &error.to_string(),
    );
}
