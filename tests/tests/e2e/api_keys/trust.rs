//! Whom the function trusts, and with what.

use std::time::Duration;

use keywheel_tests::scripted::{Kind, Trick, answer};
use staging_labels::{Label, Step};

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
        .refuses(&token, Step::Create, "ProviderDefinitionInvalid", &[&words[0]])
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
            .refuses(&token, step, "PendingNamesAnotherTarget", &["keywheel"])
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
            .refuses(&token, step, "PendingNamesAnotherTarget", &["`clientId`"])
            .await;
    }
    assert!(world.provider.calls().is_empty());
}

/// A description that leaves open which member is the key, for a secret with more than one credential in it.
fn with_an_open_key() -> Setup {
    let description = Kind::Overlap
        .description("", "")
        .replace("[secret]\nkey = \"apiKey\"\n", "");
    Setup::of(Kind::Overlap)
        .env("PROVIDER_DESCRIPTION", &description)
        .secret(&format!(
            r#"{{"apiKey": "{FIRST}", "password": "of-the-database-0123456789"}}"#
        ))
}

/// Who may tag a secret, and not write it, sends no other member of it to the provider, and overwrites none.
#[tokio::test]
async fn a_tag_makes_no_other_member_the_key() {
    for tag in ["keywheel:key", "keywheel:provider"] {
        let world = with_an_open_key().tag("keywheel:key", "password");
        let world = match tag {
            "keywheel:provider" => world.env("PROVIDER", "").tag(tag, "scripted"),
            _ => world,
        };
        let world = world.start().await;
        let token = world.secret().stage();
        let words = [tag, "remove the tag"];
        world.refuses(&token, Step::Create, "TagNotAllowed", &words).await;
        assert!(world.provider.calls().is_empty(), "{tag}: nothing was sent");
    }
    // What the function lists, a tag may choose; nothing else.
    let listed = with_an_open_key().parameters("scripted.key=apiKey|token");
    let world = listed.tag("keywheel:key", "password").start().await;
    let token = world.secret().stage();
    world
        .refuses(&token, Step::Create, "ParameterInvalid", &["apiKey, token"])
        .await;
    assert!(world.provider.calls().is_empty());
    let listed = with_an_open_key().parameters("scripted.key=apiKey|token");
    let world = listed.tag("keywheel:key", "apiKey").start().await;
    let text = world.rotate().await;
    assert!(text.contains("of-the-database-0123456789") && !text.contains(FIRST));
    world
        .invariant_current_works("by a tag that the function allows")
        .await;
}

/// A parameter with a pattern decides whose account it is: the secret's value or the function says it, not a tag alone.
#[tokio::test]
async fn a_tag_chooses_no_parameter_that_the_function_does_not_leave_to_tags() {
    let section = "[parameters.team]\npattern = \"[a-z]+\"\n";
    let setup = || {
        Setup::of(Kind::Overlap)
            .sections(section)
            .tag("keywheel:team", "theirs")
    };
    let world = setup().start().await;
    let token = world.secret().stage();
    world
        .refuses(
            &token,
            Step::Create,
            "TagNotAllowed",
            &["keywheel:team", "team=a|b"],
        )
        .await;
    assert!(world.provider.calls().is_empty());
    let world = setup().parameters("scripted.team=ours|theirs").start().await;
    world.rotate().await;
}

/// Stored as the key, the credential that issues keys would be every reader's.
#[tokio::test]
async fn the_admins_credential_is_not_taken_for_a_new_key() {
    for credential in [super::ADMIN, FIRST] {
        let world = Setup::of(Kind::Overlap).start().await;
        let token = world.secret().stage();
        let echo = answer(
            200,
            &format!(r#"{{"data": {{"key": "{credential}", "id": "k9"}}}}"#),
        );
        world.provider.play("POST /keys", 0, 1, Trick::Say(echo));
        let words = ["in the place of a new key"];
        world
            .refuses(&token, Step::Create, "ProviderAnswerUnusable", &words)
            .await;
        assert_eq!(
            world.secret().text(&Label::Pending).await,
            None,
            "nothing is stored"
        );
    }
}
