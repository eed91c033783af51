//! An error says what is wrong: which expression, member or parameter, and whose fault it is. And at DEBUG each call is a line.

use std::time::Duration;

use keywheel_tests::canary::Canaries;
use keywheel_tests::scripted::{ADMIN, Kind, Trick, answer};
use serde_json::Value;
use staging_labels::Step;

use super::{FIRST, SHOWS_ID, Setup, World, document_with_id};

const PAGE: &str = "<!doctype html><html><title>Log in</title></html>";

/// What createSecret of class overlap says when the check of the current key is answered with this, again and again.
async fn check_is_answered(status: u16, body: &str, code: &str, words: &[&str]) -> String {
    let world = Setup::of(Kind::Overlap)
        .secret(&document_with_id(FIRST, "k0"))
        .sections(SHOWS_ID)
        .timeout(Duration::from_secs(6))
        .start()
        .await;
    world
        .provider
        .play("GET /whoami", 0, 100, Trick::Say(answer(status, body)));
    let token = world.secret().stage();
    world.refuses(&token, Step::Create, code, words).await
}

#[tokio::test]
async fn a_check_that_fails_at_the_provider_is_the_providers_matter() {
    for status in [500, 503] {
        let words = format!("status {status}");
        let said = check_is_answered(status, "{}", "ProviderFailed", &[&words]).await;
        assert!(!said.contains("[check]"), "{said}");
    }
}

#[tokio::test]
async fn a_web_page_says_nothing_of_a_key() {
    let said = check_is_answered(200, PAGE, "ProviderAnswerUnusable", &["is a web page"]).await;
    assert!(!said.contains("`id`"), "{said}");
    let said = check_is_answered(200, "welcome", "ProviderAnswerUnusable", &["is not JSON"]).await;
    assert!(!said.contains("`id`"), "{said}");
}

#[tokio::test]
async fn a_web_page_is_no_upload() {
    let world = World::new(Kind::Chosen).await;
    let token = world.secret().stage();
    world
        .secret()
        .step(&token, Step::Create)
        .await
        .expect("a value is chosen");
    world
        .provider
        .play("PUT /secret", 0, 1, Trick::Say(answer(200, PAGE)));
    world
        .refuses(
            &token,
            Step::Set,
            "ProviderAnswerUnusable",
            &["set", "is a web page"],
        )
        .await;
    world
        .secret()
        .steps(&token, &[Step::Set, Step::Test, Step::Finish])
        .await
        .expect("and goes on");
}

/// Class chosen whose calls are made with a token that the admin's credential gets.
fn minting() -> String {
    let minted = "[auth]\nbearer = \"{{ minted }}\"\n[auth.mint]\nrequest = \"POST /token\"\n\
                  form = { grant_type = \"client_credentials\", client_secret = \"{{ admin }}\" }\ntoken = \"/access_token\"\n";
    Kind::Chosen
        .description("", "")
        .replace("[auth]\nbearer = \"{{ admin }}\"\n", minted)
}

#[tokio::test]
async fn a_token_endpoint_that_answers_400_does_not_take_the_credential() {
    let world = Setup::of(Kind::Chosen)
        .env("PROVIDER_DESCRIPTION", &minting())
        .start()
        .await;
    let token = world.secret().stage();
    world
        .secret()
        .step(&token, Step::Create)
        .await
        .expect("a value is chosen");
    for (body, code, words) in [
        (
            r#"{"error":"invalid_client"}"#,
            "ProviderCredentialRefused",
            "replace the credential by which the token is asked for",
        ),
        ("{}", "ProviderCredentialRefused", "status 400"),
        (r#"{"error":"invalid_scope"}"#, "ProviderRefused", "invalid_scope"),
    ] {
        world
            .provider
            .play("POST /token", 0, 1, Trick::Say(answer(400, body)));
        world.refuses(&token, Step::Set, code, &["mint", words]).await;
    }
}

#[tokio::test]
async fn a_provider_that_is_silent_was_reached() {
    let world = Setup::of(Kind::Overlap).start().await;
    world.provider.play("POST /keys", 0, 1, Trick::Silence);
    let token = world.secret().stage();
    let words = ["no answer in 3.0 s", "timeout-seconds"];
    let said = world
        .refuses(&token, Step::Create, "ProviderUnreachable", &words)
        .await;
    assert!(!said.contains("NAT gateway"), "{said}");
}

#[tokio::test]
async fn a_name_without_an_address_is_not_the_networks_matter() {
    let world = Setup::of(Kind::Overlap)
        .env("PROVIDER_PARAMETERS", "url=https://nowhere.invalid")
        .timeout(Duration::from_secs(6))
        .start()
        .await;
    let token = world.secret().stage();
    let said = world
        .refuses(&token, Step::Create, "ProviderUnreachable", &["correct the host"])
        .await;
    assert!(!said.contains("NAT gateway"), "{said}");
}

#[tokio::test]
async fn what_a_secret_lacks_is_named() {
    let of_a_member = "[parameters.account]\nmember = \"accountId\"\npattern = \"[0-9]+\"\n";
    let description = Kind::Chosen.description("", of_a_member).replace(
        "request = \"GET /whoami\"",
        "request = \"GET /whoami\"\nheaders = { X-Account = \"{{ parameters.account }}\" }",
    );
    let world = Setup::of(Kind::Chosen)
        .env("PROVIDER_DESCRIPTION", &description)
        .secret(&format!("{{\"apiKey\":\"{FIRST}\"}}"))
        .start()
        .await;
    let token = world.secret().stage();
    let words = ["`account`", "the secret has no member `accountId`"];
    world
        .refuses(&token, Step::Create, "ParameterInvalid", &words)
        .await;

    let description = Kind::InPlace.description("", "").replace(
        "request = \"POST /self/roll\"",
        "request = \"POST /self/roll\"\nheaders = { X-Id = \"{{ current.id }}\" }",
    );
    let world = Setup::of(Kind::InPlace)
        .env("PROVIDER_DESCRIPTION", &description)
        .secret(&format!(
            "{{\"apiKey\":\"{FIRST}\",\"keywheel\":{{\"id\":\"apiKeyId\"}}}}"
        ))
        .start()
        .await;
    let token = world.secret().stage();
    let words = ["{{ current.id }}", "the secret has no member `apiKeyId`"];
    world.refuses(&token, Step::Create, "RequestUnfit", &words).await;
}

#[tokio::test]
async fn what_the_admin_secret_lacks_is_named() {
    let description = Kind::Chosen
        .description("", "")
        .replace("{{ admin }}", "{{ admin.tokn }}");
    let world = Setup::of(Kind::Chosen)
        .env("PROVIDER_DESCRIPTION", &description)
        .start()
        .await;
    let token = world.secret().stage();
    world
        .secret()
        .step(&token, Step::Create)
        .await
        .expect("a value is chosen");
    let words = ["is a bare string", "{{ admin.tokn }}"];
    world
        .refuses(&token, Step::Set, "AdminSecretUnusable", &words)
        .await;
    let update = world.keys.client.update_secret().secret_id("scripted/admin");
    let update = update.secret_string(format!("{{\"token\":\"{ADMIN}\"}}"));
    update.send().await.expect("it is stored");
    let words = ["the bearer uses {{ admin.tokn }}, which is not there"];
    world.refuses(&token, Step::Set, "RequestUnfit", &words).await;
}

#[tokio::test]
async fn an_admin_secret_that_is_an_object_is_not_sent_as_a_whole() {
    let world = World::new(Kind::Overlap).await;
    let update = world.keys.client.update_secret().secret_id("scripted/admin");
    let update = update.secret_string(format!("{{\"token\":\"{ADMIN}\"}}"));
    update.send().await.expect("it is stored");
    let token = world.secret().stage();
    let words = ["is a JSON object", "{{ admin }}"];
    world
        .refuses(&token, Step::Create, "AdminSecretUnusable", &words)
        .await;
    let sent = world.provider.requests();
    assert!(sent.iter().all(|request| !request.bearer().contains(ADMIN)));
}

#[tokio::test]
async fn a_parameter_that_there_is_not_is_refused_and_a_near_one_is_named() {
    let world = Setup::of(Kind::Overlap).parameters("ulr=x").start().await;
    let token = world.secret().stage();
    let words = ["PROVIDER_PARAMETERS", "`ulr`: `url` is near"];
    world
        .refuses(&token, Step::Create, "ConfigurationInvalid", &words)
        .await;
}

/// A third member, here the day on which the key expires.
#[tokio::test]
async fn what_the_answer_says_of_a_key_is_written_beside_it() {
    let description = Kind::Overlap.description("", "").replace(
        "id = \"/data/id\"",
        "id = \"/data/id\"\nwrite = { expiresAt = \"/data/expires\" }",
    );
    let world = Setup::of(Kind::Overlap)
        .env("PROVIDER_DESCRIPTION", &description)
        .secret(&format!(
            "{{\"apiKey\": \"{FIRST}\", \"expiresAt\": \"2026-01-01\", \"of\": 1}}"
        ))
        .start()
        .await;
    let body = r#"{"data":{"id":"k1","key":"made-by-hand-0b81f2c7d4","expires":"2027-02-28"}}"#;
    world
        .provider
        .play("POST /keys", 0, 1, Trick::Say(answer(201, body)));
    let token = world.secret().stage();
    world
        .secret()
        .step(&token, Step::Create)
        .await
        .expect("a key is made");
    let pending = world.secret().text(&staging_labels::Label::Pending).await;
    assert_eq!(
        pending.as_deref(),
        Some(r#"{"apiKey": "made-by-hand-0b81f2c7d4", "expiresAt": "2027-02-28", "of": 1}"#)
    );
    let error = world.secret().step(&token, Step::Test).await;
    let error = error.expect_err("the provider knows no such key");
    assert_eq!(
        error.error_type, "KeyRefused",
        "the pair is one of the same account: {error}"
    );
}

#[tokio::test]
async fn each_call_is_a_line_at_debug_without_what_was_filled_in() {
    let description = Kind::Overlap
        .description("", "")
        .replace("/keys/{{ key.id }}", "/keys/{{ current.value }}{{ key.id }}");
    let world = Setup::of(Kind::Overlap)
        .env("PROVIDER_DESCRIPTION", &description)
        .start()
        .await;
    for _ in 0..2 {
        world.rotate().await;
    }
    let token = world.secret().stage();
    // The revocation goes to a path that the provider does not know.
    let _ = world.secret().steps(&token, &[Step::Create, Step::Set]).await;
    let log = world.keys.log();
    let lines: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Value| line["http.method"].is_string())
        .collect();
    assert!(lines.iter().all(|line| line["level"] == "DEBUG"));
    let made = lines
        .iter()
        .find(|line| line["http.method"] == "POST")
        .expect("a key was made");
    assert_eq!(
        (&made["http.path"], &made["http.status"]),
        (&"/keys".into(), &201.into())
    );
    assert!(made["http.duration_ms"].is_u64() && made["http.bytes"].as_u64() > Some(20));
    let revoked = lines.iter().find(|line| line["http.method"] == "DELETE");
    let path = "/keys/{{ current.value }}{{ key.id }}";
    assert_eq!(revoked.expect("one was revoked")["http.path"], path);
    let canaries = world.provider.requests().iter().fold(
        Canaries::default()
            .and("admin's credential", ADMIN)
            .and("first key", FIRST),
        |canaries, request| match request.bearer() {
            bearer if bearer.len() > 10 => canaries.and("a bearer", bearer),
            _ => canaries,
        },
    );
    canaries.absent_from("the log", &log);
}

#[tokio::test]
async fn no_call_is_a_line_at_info() {
    let world = Setup::of(Kind::Overlap)
        .env("AWS_LAMBDA_LOG_LEVEL", "INFO")
        .start()
        .await;
    world.rotate().await;
    let log = world.keys.log();
    assert!(
        log.contains("finishSecret") && !log.contains("http.path"),
        "{log}"
    );
}

#[tokio::test]
async fn an_admin_secret_of_a_near_name_is_told() {
    let arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:scripted/admin";
    let world = Setup::of(Kind::Overlap)
        .env("ADMIN_SECRETS", &format!("scripted-amdin={arn}"))
        .start()
        .await;
    let token = world.secret().stage();
    let words = ["\"scripted-admin\"", "`scripted-amdin` is near"];
    world
        .refuses(&token, Step::Create, "AdminSecretNotNamed", &words)
        .await;
}
