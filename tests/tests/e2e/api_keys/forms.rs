//! The forms of a secret: a bare string, one member of any object, an OAuth document.

use keywheel_tests::scripted::{CLIENT, Kind};
use serde_json::Value;
use staging_labels::Step;

use super::{FIRST, Setup};

#[tokio::test]
async fn of_an_object_only_the_key_changes_to_the_byte() {
    let text =
        format!("{{ \"site\" : \"\\u00fc\",\r\n\t\"apiKey\":\"{FIRST}\", \"n\": 1.10, \"x\": [ 1 ,2] }}\n");
    let world = Setup::of(Kind::Overlap).secret(&text).start().await;
    let rotated = world.rotate().await;
    let key: Value = serde_json::from_str(&rotated).expect("it is JSON");
    assert_eq!(
        rotated,
        text.replace(FIRST, key["apiKey"].as_str().expect("a key"))
    );
}

#[tokio::test]
async fn the_secret_may_say_which_member_is_the_key() {
    let text = format!("{{\"DD_API_KEY\":\"{FIRST}\",\"keywheel\":{{\"key\":\"DD_API_KEY\"}}}}");
    let world = Setup::of(Kind::Chosen).secret(&text).start().await;
    let rotated: Value = serde_json::from_str(&world.rotate().await).expect("it is JSON");
    assert!(
        world
            .provider
            .accepts(rotated["DD_API_KEY"].as_str().expect("a key"))
    );
}

#[tokio::test]
async fn the_id_is_added_to_a_document_that_has_none() {
    let text = format!("{{\"apiKey\":\"{FIRST}\",\"keywheel\":{{\"id\":\"apiKeyId\"}}}}");
    let world = Setup::of(Kind::Overlap).secret(&text).start().await;
    let rotated = world.rotate().await;
    assert!(rotated.ends_with(", \"apiKeyId\": \"k1\"}"), "{rotated}");
}

#[tokio::test]
async fn a_document_that_cannot_take_the_id_is_refused_before_a_key_is_made() {
    let text = format!("{{\"apiKey\":\"{FIRST}\",\"apiKeyId\":[0],\"keywheel\":{{\"id\":\"apiKeyId\"}}}}");
    let world = Setup::of(Kind::Overlap).secret(&text).start().await;
    let token = world.secret().stage();
    world
        .refuses(&token, Step::Create, "SecretFieldInvalid", &["apiKeyId"])
        .await;
    assert!(world.provider.calls().is_empty());
}

#[tokio::test]
async fn a_bare_string_names_its_provider_by_tags() {
    let world = Setup::of(Kind::Overlap)
        .env("PROVIDER", "grafana | scripted")
        .tag("keywheel:provider", "scripted")
        .start()
        .await;
    world.rotate().await;
    world.invariant_current_works("by a tag").await;
}

#[tokio::test]
async fn a_secret_of_nobody_is_refused_and_one_of_somebody_unknown_too() {
    let world = Setup::of(Kind::Overlap).env("PROVIDER", "").start().await;
    let token = world.secret().stage();
    world
        .refuses(
            &token,
            Step::Create,
            "ProviderUnknown",
            &["whose key it is", "keywheel:provider"],
        )
        .await;
    let text = format!("{{\"apiKey\":\"{FIRST}\",\"keywheel\":{{\"provider\":\"nobody\"}}}}");
    let setup = Setup::of(Kind::Overlap).secret(&text);
    let world = setup.env("PROVIDER", "").start().await;
    let token = world.secret().stage();
    world
        .refuses(
            &token,
            Step::Create,
            "ProviderUnknown",
            &["\"nobody\"", "scripted"],
        )
        .await;
    assert!(world.provider.calls().is_empty());
}

#[tokio::test]
async fn documents_that_are_none_are_refused_before_the_provider_is_asked() {
    for (text, code) in [
        ("[1]", "SecretNotJson"),
        ("\"quoted\"", "SecretNotJson"),
        ("{\"apiKey\":", "SecretNotJson"),
        ("{\"other\":\"x\"}", "SecretFieldMissing"),
        ("{\"apiKey\":7}", "SecretFieldInvalid"),
        ("{\"apiKey\":\"a\",\"apiKey\":\"b\"}", "SecretDuplicateKey"),
        (
            "{\"apiKey\":\"a\",\"keywheel\":{\"colour\":\"red\"}}",
            "ParameterInvalid",
        ),
    ] {
        let world = Setup::of(Kind::Overlap).secret(text).start().await;
        let token = world.secret().stage();
        let error = world.secret().step(&token, Step::Create).await.expect_err(text);
        assert_eq!(error.error_type, code, "{text}: {error}");
        assert!(world.provider.calls().is_empty(), "{text}");
    }
}

/// Client credentials, whose secret is chosen and uploaded, and tested by the grant.
fn oauth() -> Setup {
    let description = Kind::Chosen
        .description("", "")
        .replace("key = \"apiKey\"", "key = \"clientSecret\"")
        .replace(
            "request = \"GET /whoami\"\nauth = { bearer = \"{{ key.value }}\" }",
            "client-credentials = { request = \"POST /token\", client-id = \"{{ parameters.client_id }}\", scope = \"a b\" }\n\
             [parameters.client_id]\nmember = \"clientId\"\npattern = '[a-z0-9-]+'",
        );
    Setup::of(Kind::Chosen).env("PROVIDER_DESCRIPTION", &description)
}

#[tokio::test]
async fn an_oauth_document_is_rotated_and_tested_by_the_grant() {
    let text = format!("{{\"clientId\":\"{CLIENT}\",\"clientSecret\":\"{FIRST}\"}}");
    let world = oauth().secret(&text).start().await;
    let rotated: Value = serde_json::from_str(&world.rotate().await).expect("it is JSON");
    let secret = rotated["clientSecret"].as_str().expect("a secret");
    assert!(world.provider.accepts(secret) && rotated["clientId"] == CLIENT);
    let grant = world
        .provider
        .requests()
        .into_iter()
        .find(|request| request.shape() == "POST /token");
    assert_eq!(
        grant.expect("a grant was asked for").body,
        "grant_type=client_credentials&scope=a%20b"
    );
}

/// The document never decides where a secret is sent.
#[tokio::test]
async fn a_token_endpoint_in_the_document_must_be_the_descriptions() {
    let text = format!(
        "{{\"clientId\":\"{CLIENT}\",\"clientSecret\":\"{FIRST}\",\"tokenEndpoint\":\"https://evil.example/token\"}}"
    );
    let world = oauth().secret(&text).start().await;
    let token = world.secret().stage();
    world
        .refuses(
            &token,
            Step::Create,
            "KeyOfAnotherAccount",
            &["tokenEndpoint", "/token"],
        )
        .await;
    assert!(world.provider.calls().is_empty());
    let right = text.replace("https://evil.example", &world.provider.url());
    world.put(&right).await;
    world.rotate().await;
}
