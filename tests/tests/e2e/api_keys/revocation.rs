//! A key counts as revoked when that is shown, and keys do not pile up where it is not.

use keywheel_tests::scripted::{Kind, Trick, answer};
use staging_labels::{Label, Step};

use super::{FIRST, SHOWS_ID, Setup, World, document_with_id};

/// A world whose definition has `from` replaced.
async fn with(from: &str, to: &str, sections: &str) -> World {
    let description = Kind::Overlap.description("", sections);
    assert!(description.contains(from), "{from}");
    let description = description.replace(from, to);
    Setup::of(Kind::Overlap)
        .secret(&document_with_id(FIRST, "k0"))
        .env("PROVIDER_DESCRIPTION", &description)
        .start()
        .await
}

/// How many keys are alive.
fn alive(world: &World) -> usize {
    world.provider.state(|state| state.live.len())
}

/// How many lines of the log have each of these words.
fn lines(world: &World, words: &[&str]) -> usize {
    let log = world.keys.log();
    let all = log
        .lines()
        .filter(|line| words.iter().all(|word| line.contains(word)));
    all.count()
}

/// How many warnings with this code there are, each of which is a metric too.
fn warned(world: &World, code: &str) -> usize {
    let code = format!("\"{code}\"");
    let warned = lines(world, &["\"level\":\"WARN\"", &code]);
    assert_eq!(
        lines(world, &["\"Warnings\":1", &code]),
        warned,
        "{}",
        world.keys.log()
    );
    warned
}

#[tokio::test]
async fn a_list_whose_names_stand_elsewhere_is_found_before_a_key_is_made() {
    let world = with("name = \"/name\"", "name = \"/nmae\"", "").await;
    let token = world.secret().stage();
    world
        .refuses(
            &token,
            Step::Create,
            "ProviderAnswerUnusable",
            &["list at scripted", "none has a name at \"/nmae\""],
        )
        .await;
    assert_eq!(alive(&world), 1);
}

#[tokio::test]
async fn a_new_key_that_is_not_listed_under_its_name_stops_the_first_rotation() {
    for (from, to, words) in [
        (
            "name = \"/name\"",
            "name = \"/made\"",
            "under its name, though its id is",
        ),
        (
            "request = \"GET /keys\"",
            "request = \"GET /keys-of-another-team\"",
            "not in the list",
        ),
    ] {
        let world = with(from, to, "").await;
        let other = answer(200, r#"{"keys": [{"id": "x1", "name": "another team's"}]}"#);
        world
            .provider
            .play("GET /keys-of-another-team", 0, usize::MAX, Trick::Say(other));
        let token = world.secret().stage();
        world
            .secret()
            .step(&token, Step::Create)
            .await
            .expect("a key is made");
        for _ in 0..2 {
            world
                .refuses(&token, Step::Set, "KeyNotListed", &[words, "[list]"])
                .await;
        }
        assert_eq!(alive(&world), 2, "however often it is tried again");
        assert_eq!(world.secret().carrier(&Label::Pending).await, Some(token));
    }
}

/// What a wrong path answers is what a key that is gone answers.
#[tokio::test]
async fn a_revocation_that_does_nothing_is_told_and_then_stops_before_a_key_is_made() {
    for when in ["next-rotation", "finish"] {
        let sections = format!("{SHOWS_ID}shown-within-seconds = 0\nwhen = \"{when}\"\n");
        let world = with("DELETE /keys/", "DELETE /nothing/", &sections).await;
        let mut rotations = 0;
        let error = loop {
            match world.secret().rotate().await {
                Ok(_) => rotations += 1,
                Err(error) => break error,
            }
            assert!(rotations < 6, "{when}: {} keys are alive", alive(&world));
        };
        assert_eq!(error.error_type, "RevocationNotShown", "{when}: {error}");
        for words in [
            "createSecret failed",
            "still listed",
            "no further key is made",
            "[revoke]",
        ] {
            assert!(error.error_message.contains(words), "{words}: {error}");
        }
        // At the rotation that displaces nothing, there is nothing to revoke.
        let (done, told) = if when == "finish" { (1, 1) } else { (3, 2) };
        assert_eq!(rotations, done, "{when}");
        assert_eq!(warned(&world, "RevocationNotShown"), told, "{when}");
        assert_eq!(alive(&world), 1 + done, "{when}");
        assert!(
            lines(&world, &["\"KeyState\":\"not shown\"", "\"Keys\":1"]) > told,
            "{when}"
        );
        world.invariant_current_works(when).await;
        // Somebody revokes them by hand: the repetition goes on.
        let token = world.secret().carrier(&Label::Pending).await;
        let current = world.current_key().await;
        world
            .provider
            .state(|state| state.live.retain(|key| key.value == current));
        if let Some(token) = token {
            let rest = world.secret().steps(&token, &Step::ALL).await;
            rest.unwrap_or_else(|error| panic!("{when}: {error}"));
        } else {
            world.rotate().await;
        }
    }
}

/// A provider's list may be behind.
#[tokio::test]
async fn a_key_that_is_listed_for_a_moment_after_it_was_revoked_is_looked_for_again() {
    let world = with("GET /keys", "GET /keys", SHOWS_ID).await;
    world.rotate().await;
    world.provider.state(|state| state.linger = 5);
    world.rotate().await;
    assert_eq!((alive(&world), warned(&world, "RevocationNotShown")), (2, 0));
    assert_eq!(
        lines(&world, &["\"key.state\":\"dead\"", "displaced key is revoked"]),
        1
    );
    for state in ["made", "stored", "current", "previous"] {
        assert_eq!(
            lines(&world, &[&format!("\"KeyState\":\"{state}\""), "\"Keys\":1"]),
            2,
            "{state}"
        );
    }
    assert_eq!(lines(&world, &["\"KeyState\":\"dead\"", "\"Keys\":1"]), 1);
}

/// One warning, and no more: by the next rotation it is shown.
#[tokio::test]
async fn a_list_that_is_behind_for_longer_than_the_definition_says_stops_nothing() {
    let world = with(
        "GET /keys",
        "GET /keys",
        &format!("{SHOWS_ID}shown-within-seconds = 0\n"),
    )
    .await;
    world.rotate().await;
    world.rotate().await;
    world.provider.state(|state| state.linger = 4);
    world.rotate().await;
    assert_eq!(warned(&world, "RevocationNotShown"), 1);
    for _ in 0..3 {
        world.rotate().await;
    }
    assert_eq!((alive(&world), warned(&world, "RevocationNotShown")), (2, 1));
}

/// Some providers list revoked keys for ever. That they are refused shows it.
#[tokio::test]
async fn a_key_that_is_listed_and_refused_is_dead() {
    let sections = format!("{SHOWS_ID}shown-within-seconds = 0\n");
    let world = with("GET /keys", "GET /keys", &sections).await;
    world.provider.state(|state| state.remembers = true);
    for _ in 0..5 {
        world.rotate().await;
    }
    assert_eq!((alive(&world), warned(&world, "RevocationNotShown")), (2, 0));
}

#[tokio::test]
async fn a_definition_may_say_that_a_revocation_cannot_be_shown() {
    let sections = format!("{SHOWS_ID}not-shown = \"the list is a day behind\"\n");
    let world = with("GET /keys", "GET /keys", &sections).await;
    world.provider.state(|state| state.remembers = true);
    for _ in 0..5 {
        world.rotate().await;
    }
    assert_eq!(warned(&world, "RevocationNotShown"), 0);
    assert!(
        lines(
            &world,
            &["\"key.state\":\"not shown\"", "the list is a day behind"]
        ) > 0
    );
}

/// The definition without a list.
fn without_a_list(revoke: &str) -> String {
    let whole = Kind::Overlap.description("", &format!("{SHOWS_ID}shown-within-seconds = 0\n"));
    let (before, rest) = whole.split_once("[list]").expect("it has a list");
    let (_, after) = rest.split_once("[revoke]").expect("and revokes");
    let before = before.replace(
        "[create]\n",
        "[create]\nrepeatable = true\nheaders = { Idempotency-Key = \"{{ version }}\" }\n",
    );
    let before = before.replace("key = \"apiKey\"\n", "key = \"apiKey\"\nid = \"apiKeyId\"\n");
    format!("{before}[revoke]{after}").replace("DELETE /keys/", revoke)
}

#[tokio::test]
async fn without_a_list_the_check_shows_that_a_key_is_dead() {
    for (revoke, rotations, left) in [("DELETE /keys/", 5, 2), ("DELETE /nothing/", 2, 3)] {
        let world = Setup::of(Kind::Overlap)
            .secret(&document_with_id(FIRST, "k0"))
            .env("PROVIDER_DESCRIPTION", &without_a_list(revoke))
            .start()
            .await;
        let mut done = 0;
        let mut code = String::new();
        while done < 5 && code.is_empty() {
            match world.secret().rotate().await {
                Ok(_) => done += 1,
                Err(error) => code = error.error_type,
            }
        }
        assert_eq!((done, alive(&world)), (rotations, left), "{revoke}: {code}");
        let works = revoke == "DELETE /keys/";
        assert_eq!(code.is_empty(), works, "{revoke}: {code}");
        assert!(works || code == "RevocationNotShown", "{code}");
        assert_eq!(warned(&world, "RevocationNotShown") == 0, works, "{revoke}");
    }
}

/// An admin's credential that may list and revoke keys, and not make any.
#[tokio::test]
async fn nothing_is_revoked_before_a_key_was_made() {
    for (kind, head) in [(403, ""), (401, ""), (400, ""), (403, "limit = 3\n")] {
        let setup = Setup::of(Kind::Overlap).head(head).sections(SHOWS_ID);
        let world = setup.secret(&document_with_id(FIRST, "k0")).start().await;
        world.rotate().await;
        world
            .provider
            .play("POST /keys", 0, 1, Trick::Say(answer(kind, "{}")));
        let token = world.secret().stage();
        let error = world.secret().step(&token, Step::Create).await;
        error.expect_err("the key is refused");
        assert!(world.provider.accepts(FIRST), "{kind} {head}: the previous key");
        let rest = world.secret().steps(&token, &Step::ALL).await;
        rest.expect("the credential was given the right");
        assert!(!world.provider.accepts(FIRST), "{kind} {head}: it is displaced");
        world.invariant_current_works(head).await;
    }
}

/// Where there is no room for a third key, the list shows that the credential works.
#[tokio::test]
async fn without_room_nothing_is_revoked_by_a_credential_that_does_not_work() {
    let setup = Setup::of(Kind::Overlap).head("limit = 2\n").sections(SHOWS_ID);
    let world = setup.secret(&document_with_id(FIRST, "k0")).start().await;
    world.rotate().await;
    world
        .provider
        .play("GET /keys", 0, 1, Trick::Say(answer(401, "{}")));
    let token = world.secret().stage();
    world
        .refuses(
            &token,
            Step::Create,
            "ProviderCredentialRefused",
            &["list at scripted"],
        )
        .await;
    assert!(world.provider.accepts(FIRST));
    let rest = world.secret().steps(&token, &Step::ALL).await;
    rest.expect("the credential works now");
    assert_eq!(alive(&world), 2);
}

#[tokio::test]
async fn a_first_key_whose_id_nobody_knows_is_told() {
    let description = Kind::Overlap.description("", "");
    let with_id = description.replace("key = \"apiKey\"", "key = \"apiKey\"\nid = \"apiKeyId\"");
    for (text, description, words) in [
        (
            format!("{{\"apiKey\": \"{FIRST}\"}}"),
            &with_id,
            "add its id to the secret's value now, as `apiKeyId`",
        ),
        (
            FIRST.to_owned(),
            &description,
            "store the secret as a JSON object",
        ),
    ] {
        let setup = Setup::of(Kind::Overlap).secret(&text);
        let world = setup.env("PROVIDER_DESCRIPTION", description).start().await;
        world.rotate().await;
        assert_eq!(warned(&world, "KeyLeftAlive"), 1, "{text}");
        assert_eq!(
            lines(&world, &["does not have its id", words]),
            1,
            "{}",
            world.keys.log()
        );
        world.rotate().await;
        assert_eq!(lines(&world, &["AWSPREVIOUS's key is alive", "by hand"]), 1);
        assert_eq!(warned(&world, "KeyLeftAlive"), 2, "{text}");
        assert!(world.provider.accepts(FIRST));
        world.rotate().await;
        assert_eq!(
            warned(&world, "KeyLeftAlive"),
            2,
            "{text}: nothing is left to be told"
        );
    }
    // With its id it is displaced like any other.
    let setup = Setup::of(Kind::Overlap).sections(SHOWS_ID);
    let world = setup.secret(&document_with_id(FIRST, "k0")).start().await;
    world.rotate().await;
    world.rotate().await;
    assert_eq!(warned(&world, "KeyLeftAlive"), 0);
    assert!(!world.provider.accepts(FIRST));
}

/// Where the new key ends the old one, that is looked at as well.
#[tokio::test]
async fn an_old_key_that_the_new_one_does_not_end_is_told() {
    for kind in [Kind::InPlace, Kind::Staged, Kind::Chosen] {
        let sections = "[retire]\nshown-within-seconds = 1\n";
        let world = Setup::of(kind).sections(sections).start().await;
        world.rotate().await;
        assert_eq!(warned(&world, "RevocationNotShown"), 0, "{kind:?}");
        assert_eq!(
            lines(&world, &["\"KeyState\":\"dead\"", "\"Keys\":1"]),
            1,
            "{kind:?}"
        );
        world.provider.state(|state| state.keeps = true);
        world.rotate().await;
        assert_eq!(warned(&world, "RevocationNotShown"), 1, "{kind:?}");
        world.invariant_current_works(&format!("{kind:?}")).await;
    }
}
