//! Whom the function trusts, and with what.

use std::time::Duration;

use keywheel_tests::scripted::Kind;
use staging_labels::Step;

use super::{FIRST, Setup, World};

#[tokio::test]
async fn plain_http_goes_to_the_machine_itself_alone() {
    for url in [
        "http://api.example.com",
        "http://10.0.0.1",
        "http://169.254.169.254",
    ] {
        let world = Setup::of(Kind::Overlap)
            .env("PROVIDER_PARAMETERS", &format!("url={url}"))
            .start()
            .await;
        let token = world.secret().stage();
        world
            .refuses(&token, Step::Create, "RequestUnfit", &["not https"])
            .await;
    }
}

#[tokio::test]
async fn metadata_services_and_the_machine_itself_are_not_asked() {
    for (url, why) in [
        ("https://169.254.169.254", "link-local"),
        ("https://[fd00:ec2::254]", "metadata"),
        ("https://[::ffff:169.254.170.2]", "link-local"),
        ("https://0.0.0.0", "no address"),
    ] {
        let setup = Setup::of(Kind::Overlap).env("PROVIDER_PARAMETERS", &format!("url={url}"));
        let world = setup.timeout(Duration::from_secs(5)).start().await;
        let token = world.secret().stage();
        world
            .refuses(
                &token,
                Step::Create,
                "ProviderAddressRefused",
                &[why, "no provider has such an address"],
            )
            .await;
    }
}

#[tokio::test]
async fn a_server_that_has_no_certificate_is_not_talked_to() {
    let world = Setup::of(Kind::Overlap)
        .timeout(Duration::from_secs(5))
        .start()
        .await;
    let url = world.provider.url().replace("http://", "https://");
    let other = Setup::of(Kind::Overlap)
        .env("PROVIDER_PARAMETERS", &format!("url={url}"))
        .timeout(Duration::from_secs(5))
        .start()
        .await;
    let token = other.secret().stage();
    let error = other
        .secret()
        .step(&token, Step::Create)
        .await
        .expect_err("there is no TLS");
    assert!(
        ["ProviderTlsFailed", "ProviderUnreachable"].contains(&error.error_type.as_str()),
        "{error}"
    );
    assert!(world.provider.requests().is_empty());
}

#[tokio::test]
async fn a_secret_cannot_change_what_the_function_sets() {
    let text = format!("{{\"apiKey\":\"{FIRST}\",\"keywheel\":{{\"url\":\"http://127.0.0.1:9\"}}}}");
    let world = Setup::of(Kind::Overlap).secret(&text).start().await;
    world.rotate().await;
    world.invariant_current_works("the function's own url").await;
    let world = Setup::of(Kind::Overlap)
        .secret(&text)
        .env("PROVIDER_PARAMETERS", "")
        .start()
        .await;
    let token = world.secret().stage();
    world
        .refuses(&token, Step::Create, "ParameterInvalid", &["`url`", "not given"])
        .await;
}

#[tokio::test]
async fn a_parameter_is_one_of_what_the_description_allows() {
    let description = Kind::Chosen.description("", "[parameters.team]\none-of = [\"blue\", \"green\"]\n");
    for (team, allowed) in [
        ("blue", true),
        ("red", false),
        ("blue/../green", false),
        ("", false),
    ] {
        let text = format!("{{\"apiKey\":\"{FIRST}\",\"keywheel\":{{\"team\":\"{team}\"}}}}");
        let world = Setup::of(Kind::Chosen)
            .secret(&text)
            .env("PROVIDER_DESCRIPTION", &description)
            .start()
            .await;
        if allowed {
            world.rotate().await;
        } else {
            let token = world.secret().stage();
            world
                .refuses(
                    &token,
                    Step::Create,
                    "ParameterInvalid",
                    &["`team`", "one of blue, green"],
                )
                .await;
        }
    }
}

#[tokio::test]
async fn the_admins_credential_is_fetched_only_if_description_and_function_name_it() {
    let world = Setup::of(Kind::Overlap)
        .env(
            "ADMIN_SECRETS",
            "another=arn:aws:secretsmanager:us-east-1:000000000000:secret:x-AbCdEf",
        )
        .start()
        .await;
    let token = world.secret().stage();
    world
        .refuses(
            &token,
            Step::Create,
            "AdminSecretNotNamed",
            &["scripted-admin", "ADMIN_SECRETS"],
        )
        .await;
    assert!(world.provider.calls().is_empty());

    // testSecret does without it.
    let world = World::new(Kind::Overlap).await;
    let token = world.secret().stage();
    world
        .secret()
        .steps(&token, &[Step::Create, Step::Set])
        .await
        .expect("the key is made");
    world.keys.aws.clear_calls();
    world
        .secret()
        .step(&token, Step::Test)
        .await
        .expect("the key works");
    let calls = world.keys.aws.calls();
    assert!(
        calls.iter().filter(|call| call.function.is_some()).count() <= 2,
        "{calls:#?}"
    );
}

#[tokio::test]
async fn a_description_that_cannot_be_used_is_told_with_line_and_key() {
    let description = Kind::Overlap
        .description("", "")
        .replace("{{ name }}", "{{ nmae }}");
    let world = Setup::of(Kind::Overlap)
        .env("PROVIDER_DESCRIPTION", &description)
        .start()
        .await;
    let token = world.secret().stage();
    let line = description
        .lines()
        .position(|line| line.contains("nmae"))
        .expect("it is there")
        + 1;
    let words = [format!("line {line}: create.json.name: unknown name \"nmae\"")];
    world
        .refuses(&token, Step::Create, "DescriptionInvalid", &[&words[0]])
        .await;
}

#[tokio::test]
async fn a_pending_value_of_another_account_is_refused_before_it_is_used() {
    let text = |team: &str| format!("{{\"apiKey\":\"{FIRST}\",\"keywheel\":{{\"team\":\"{team}\"}}}}");
    let description = Kind::Chosen.description("", "[parameters.team]\none-of = [\"blue\", \"green\"]\n");
    let world = Setup::of(Kind::Chosen)
        .secret(&text("blue"))
        .env("PROVIDER_DESCRIPTION", &description)
        .start()
        .await;
    let token = world.secret().stage();
    world.put_pending(&token, &text("green")).await;
    for step in [Step::Set, Step::Test, Step::Finish] {
        world
            .refuses(&token, step, "PendingNamesAnotherAccount", &["keywheel"])
            .await;
    }
    assert!(world.provider.calls().is_empty());
}

#[tokio::test]
async fn a_pending_value_that_differs_in_more_than_the_key_is_refused() {
    let text = |more: &str| format!("{{\"apiKey\":\"{FIRST}\",\"clientId\":\"{more}\"}}");
    let world = Setup::of(Kind::Chosen).secret(&text("one")).start().await;
    let token = world.secret().stage();
    world.put_pending(&token, &text("another")).await;
    for step in [Step::Set, Step::Test, Step::Finish] {
        world
            .refuses(&token, step, "PendingNamesAnotherAccount", &["`clientId`"])
            .await;
    }
    assert!(world.provider.calls().is_empty());
}
