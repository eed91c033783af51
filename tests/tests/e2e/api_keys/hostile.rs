//! Providers that answer badly: a clear error, and nothing lost.

use std::time::Duration;

use keywheel_tests::scripted::{Kind, Trick, answer};
use staging_labels::{Label, Step};

use super::{FIRST, Setup, World};

/// An answer with more header lines.
fn with_headers(status: u16, lines: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} x\r\n{lines}content-length: 0\r\n\r\n").into_bytes()
}

/// createSecret is refused like that, whatever the provider did, and the next one goes through without an orphan.
async fn create_is_refused(trick: Trick, code: &str, words: &[&str]) {
    let world = Setup::of(Kind::Overlap)
        .timeout(Duration::from_secs(12))
        .start()
        .await;
    let token = world.secret().stage();
    world.provider.play("POST /keys", 0, 100, trick);
    let message = world.refuses(&token, Step::Create, code, words).await;
    assert!(message.contains("create at scripted (127.0.0.1)"), "{message}");
    assert_eq!(
        world.secret().text(&Label::Pending).await,
        None,
        "{code}: nothing is stored"
    );
    world.provider.behave();
    let rest = world.secret().steps(&token, &Step::ALL).await;
    rest.unwrap_or_else(|error| panic!("{code}: {error}\n{}", world.keys.log()));
    world.invariant_current_works(code).await;
    assert_eq!(
        world.provider.state(|state| state.live.len()),
        2,
        "{code}: made by hand, current"
    );
}

#[tokio::test]
async fn an_error_inside_a_success() {
    let world = Setup::of(Kind::Overlap).start().await;
    let description = Kind::Overlap.description("", "").replace(
        "value = \"/data/key\"",
        "value = \"/data/key\"\nerror = \"/errors\"",
    );
    drop(world);
    let world = Setup::of(Kind::Overlap)
        .env("PROVIDER_DESCRIPTION", &description)
        .start()
        .await;
    let token = world.secret().stage();
    let inside = answer(
        200,
        r#"{"errors":[{"message":"no room for another key"}],"data":{"key":"never-1234567890"}}"#,
    );
    world.provider.play("POST /keys", 0, 1, Trick::Say(inside));
    world
        .refuses(
            &token,
            Step::Create,
            "ProviderRefused",
            &["says, with status 200, that it failed", "no room for another key"],
        )
        .await;
}

#[tokio::test]
async fn a_success_without_a_body() {
    create_is_refused(
        Trick::SayAfter(with_headers(204, "")),
        "ProviderAnswerUnusable",
        &["has no body"],
    )
    .await;
}

#[tokio::test]
async fn a_success_without_the_key() {
    let nothing = answer(201, r#"{"data":{"id":"k9"}}"#);
    create_is_refused(
        Trick::SayAfter(nothing),
        "ProviderAnswerUnusable",
        &["no string at \"/data/key\""],
    )
    .await;
    let number = answer(201, r#"{"data":{"id":"k9","key":{}}}"#);
    create_is_refused(
        Trick::SayAfter(number),
        "ProviderAnswerUnusable",
        &["no string at \"/data/key\""],
    )
    .await;
}

#[tokio::test]
async fn a_failure_of_the_providers_own() {
    let failed = answer(500, r#"{"message":"database is down"}"#);
    create_is_refused(
        Trick::SayAfter(failed),
        "ProviderFailed",
        &["status 500", "database is down"],
    )
    .await;
}

#[tokio::test]
async fn throttling_that_asks_for_more_patience_than_there_is_time() {
    let throttled = with_headers(429, "retry-after: 3600\r\n");
    create_is_refused(
        Trick::Say(throttled),
        "ProviderThrottled",
        &["status 429", "3600 s"],
    )
    .await;
}

#[tokio::test]
async fn throttling_is_waited_for_as_long_as_the_provider_asks() {
    let world = World::new(Kind::Overlap).await;
    world.provider.play(
        "POST /keys",
        0,
        2,
        Trick::Say(with_headers(429, "retry-after: 1\r\n")),
    );
    world.rotate().await;
    assert_eq!(world.provider.left(), 0);
    let posts = world
        .provider
        .calls()
        .iter()
        .filter(|call| *call == "POST /keys")
        .count();
    assert_eq!(posts, 3);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_credential_stays() {
    let elsewhere = keywheel_tests::scripted::Provider::start(Kind::Overlap, "other").expect("another host");
    let location = format!(
        "location: {}/keys?x=secret-in-a-url-123456\r\n",
        elsewhere.url().replace("127.0.0.1", "localhost")
    );
    create_is_refused(
        Trick::Say(with_headers(307, &location)),
        "ProviderRedirected",
        &["(307) to localhost", "never sent on"],
    )
    .await;
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn a_hundred_megabytes() {
    create_is_refused(Trick::Endless, "ProviderAnswerUnusable", &["larger than 512 KiB"]).await;
}

/// The scripted description with a list of several pages.
async fn paged(next: &str) -> World {
    let list = "request = \"GET /keys\"";
    let description = Kind::Overlap
        .description("", "")
        .replace(list, &format!("{list}\nnext = {next}"));
    Setup::of(Kind::Overlap)
        .env("PROVIDER_DESCRIPTION", &description)
        .start()
        .await
}

#[tokio::test]
async fn a_list_that_leads_back_to_where_it_was_is_not_taken_for_a_whole_one() {
    for (next, there, second) in [
        (
            "{ cursor = \"/next\", query = \"after\" }",
            "t1",
            "/keys?after=t1",
        ),
        ("{ url = \"/next\" }", "/keys?page=2", "/keys?page=2"),
    ] {
        let world = paged(next).await;
        let page = answer(200, &format!(r#"{{"keys":[{{"id":"k9"}}],"next":"{there}"}}"#));
        world.provider.play("GET /keys", 0, 9, Trick::Say(page));
        let token = world.secret().stage();
        let words = [
            "list at scripted",
            "names a page as the next one that was read already",
        ];
        world
            .refuses(&token, Step::Create, "ProviderAnswerUnusable", &words)
            .await;
        let asked = world
            .provider
            .requests()
            .into_iter()
            .map(|request| request.target);
        let pages: Vec<_> = asked.filter(|target| target.starts_with("/keys")).collect();
        assert_eq!(pages, ["/keys", second]);
        world.provider.behave();
        let rest = world.secret().steps(&token, &Step::ALL).await;
        rest.expect("the list is whole now");
    }
}

#[tokio::test]
async fn a_next_page_at_another_host_is_not_asked_for() {
    let elsewhere = keywheel_tests::scripted::Provider::start(Kind::Overlap, "other").expect("another host");
    let world = paged("{ url = \"/next\" }").await;
    for there in [
        format!("{}/keys", elsewhere.url()),
        format!(
            "{}@{}/keys",
            world.provider.url(),
            elsewhere.url().trim_start_matches("http://")
        ),
        format!("//{}/keys", elsewhere.url().trim_start_matches("http://")),
        "/keys?x=1\\r\\nHost: evil.example".to_owned(),
    ] {
        let page = answer(200, &format!(r#"{{"keys":[],"next":"{there}"}}"#));
        world.provider.play("GET /keys", 0, 1, Trick::Say(page));
        let token = world.secret().stage();
        let message = world
            .refuses(
                &token,
                Step::Create,
                "ProviderAnswerUnusable",
                &["names a next page that is"],
            )
            .await;
        assert!(
            !message.contains("evil.example") && !message.contains(&elsewhere.url()),
            "{message}"
        );
        assert!(elsewhere.requests().is_empty(), "{there}");
        world.provider.behave();
        world
            .secret()
            .steps(&token, &Step::ALL)
            .await
            .expect("the list is whole now");
    }
}

#[tokio::test]
async fn a_provider_that_asks_for_a_pause_before_what_is_not_repeated_is_not_waited_for() {
    let world = World::new(Kind::Overlap).await;
    let token = world.secret().stage();
    // As long as that nobody could wait: then the error would be another one.
    let busy = with_headers(503, "retry-after: 3600\r\n");
    world.provider.play("POST /keys", 0, 1, Trick::SayAfter(busy));
    world
        .refuses(&token, Step::Create, "ProviderFailed", &["status 503"])
        .await;
    let calls = world.provider.calls();
    let posts = calls.iter().filter(|call| *call == "POST /keys").count();
    assert_eq!(posts, 1);
}

#[tokio::test]
async fn garbage() {
    create_is_refused(
        Trick::SayAfter(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()),
        "ProviderAnswerUnusable",
        &["not HTTP"],
    )
    .await;
    create_is_refused(
        Trick::SayAfter(answer(200, "<html>welcome</html>")),
        "ProviderAnswerUnusable",
        &["is a web page"],
    )
    .await;
}

#[tokio::test]
async fn nothing_at_all() {
    create_is_refused(
        Trick::Silence,
        "ProviderUnreachable",
        &["no answer in 3.0 s", "waiting for create"],
    )
    .await;
}

#[tokio::test]
async fn a_connection_that_ends_before_and_after_the_work() {
    create_is_refused(
        Trick::LoseAnswer,
        "ProviderUnreachable",
        &["lost before an answer came"],
    )
    .await;
    create_is_refused(
        Trick::LoseRequest,
        "ProviderUnreachable",
        &["lost before an answer came"],
    )
    .await;
}

#[tokio::test]
async fn nobody_listens() {
    let world = Setup::of(Kind::Overlap)
        .env("PROVIDER_PARAMETERS", "url=http://127.0.0.1:9")
        .timeout(Duration::from_secs(4))
        .start()
        .await;
    let token = world.secret().stage();
    world
        .refuses(
            &token,
            Step::Create,
            "ProviderUnreachable",
            &["connection was refused", "NAT gateway"],
        )
        .await;
}

#[tokio::test]
async fn a_key_with_a_line_break_is_revoked_at_once_and_one_with_quotes_is_kept_as_it_is() {
    let world = Setup::of(Kind::Overlap)
        .secret(&format!("{{\"apiKey\":\"{FIRST}\"}}"))
        .start()
        .await;
    world
        .provider
        .state(|state| "a\nb\"{}\"".clone_into(&mut state.pattern));
    let token = world.secret().stage();
    world
        .refuses(
            &token,
            Step::Create,
            "RequestUnfit",
            &["check at scripted", "header"],
        )
        .await;
    assert_eq!(
        world.provider.state(|state| state.values()),
        [FIRST],
        "it is revoked"
    );
    world
        .provider
        .state(|state| "quo\"te\\d '{}' {{ admin }}".clone_into(&mut state.pattern));
    world
        .secret()
        .steps(&token, &Step::ALL)
        .await
        .expect("quotes are no matter");
    world.invariant_current_works("quotes").await;
}

#[tokio::test]
async fn a_bare_string_cannot_hold_every_key() {
    let world = World::new(Kind::Overlap).await;
    world
        .provider
        .state(|state| "{\"looks\":\"like JSON {}\"}".clone_into(&mut state.pattern));
    let token = world.secret().stage();
    world
        .refuses(
            &token,
            Step::Create,
            "ProviderAnswerUnusable",
            &["bare string cannot hold", "JSON object"],
        )
        .await;
    assert_eq!(
        world.provider.state(|state| state.values()),
        [FIRST],
        "it is revoked"
    );
}

#[tokio::test]
async fn an_admins_credential_that_is_refused() {
    let world = World::new(Kind::Overlap).await;
    let token = world.secret().stage();
    for (status, words) in [(401, "replace the credential"), (403, "the right to do it")] {
        world.provider.play(
            "GET /keys",
            0,
            1,
            Trick::Say(answer(status, r#"{"error":{"message":"nope"}}"#)),
        );
        world
            .refuses(
                &token,
                Step::Create,
                "ProviderCredentialRefused",
                &[&format!("status {status}"), "nope", words],
            )
            .await;
    }
}

#[tokio::test]
async fn a_check_tells_healthy_dead_and_ask_again_apart() {
    let world = Setup::of(Kind::Overlap)
        .timeout(Duration::from_secs(8))
        .start()
        .await;
    let token = world.secret().stage();
    world
        .secret()
        .steps(&token, &[Step::Create, Step::Set])
        .await
        .expect("the key is made");
    world
        .provider
        .play("GET /whoami", 0, 3, Trick::Say(answer(503, "{}")));
    world.secret().step(&token, Step::Test).await.expect("it passes");
    world
        .provider
        .play("GET /whoami", 0, 1, Trick::Say(answer(404, "{}")));
    world
        .refuses(&token, Step::Test, "KeyCheckUnclear", &["status 404", "[check]"])
        .await;
    world
        .provider
        .play("GET /whoami", 0, 1, Trick::Say(answer(302, "")));
    world
        .refuses(&token, Step::Test, "ProviderRedirected", &["(302)"])
        .await;
    world
        .provider
        .play("GET /whoami", 0, 100, Trick::Say(answer(401, "{}")));
    world
        .refuses(&token, Step::Test, "KeyRefused", &["status 401"])
        .await;
    world.provider.behave();
    world
        .secret()
        .steps(&token, &[Step::Test, Step::Finish])
        .await
        .expect("and goes on");
}

#[tokio::test]
async fn a_narrow_key_is_healthy_if_the_description_says_so() {
    let description = Kind::Overlap.description("", "").replace(
        "request = \"GET /whoami\"",
        "request = \"GET /whoami\"\nhealthy = [200, 403]",
    );
    let world = Setup::of(Kind::Overlap)
        .env("PROVIDER_DESCRIPTION", &description)
        .start()
        .await;
    world
        .provider
        .play("GET /whoami", 0, 2, Trick::Say(answer(403, "{}")));
    world.rotate().await;
}
