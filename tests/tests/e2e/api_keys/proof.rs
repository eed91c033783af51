//! What an admin's credential does is not the choice of a user who may write a secret.

use keywheel_tests::scripted::Kind;
use staging_labels::Step;

use super::{FIRST, Setup, World};

/// A description in which a secret chooses a team, for whom the admin then makes keys; the check sends it along.
fn with_team(parameter: &str) -> String {
    let team = format!("[parameters.team]\npattern = \"[a-z]+\"\n{parameter}");
    let description = Kind::Overlap.description("", &team);
    let description = description.replace(
        "name = \"{{ name }}\"",
        "name = \"{{ name }}\", team = \"{{ parameters.team }}\"",
    );
    description.replace(
        "GET /whoami\"",
        "GET /whoami\"\nquery = { team = \"{{ parameters.team }}\" }",
    )
}

fn document(key: &str, team: &str) -> String {
    format!("{{\"apiKey\": \"{key}\", \"keywheel\": {{\"team\": \"{team}\"}}}}")
}

async fn world(text: &str, description: &str, parameters: &str) -> World {
    let setup = Setup::of(Kind::Overlap).secret(text).parameters(parameters);
    setup.env("PROVIDER_DESCRIPTION", description).start().await
}

#[tokio::test]
async fn a_key_that_does_not_work_shows_nothing() {
    let world = world(&document("made-up", "blue"), &with_team(""), "").await;
    let token = world.secret().stage();
    let error = world.secret().step(&token, Step::Create).await;
    let error = error.expect_err("nothing shows that the team is right");
    assert_eq!(error.error_type, "KeyUnproven", "{error}");
    for words in ["team", "put a key that works into the secret", "scripted.team=…"] {
        assert!(error.error_message.contains(words), "{words}: {error}");
    }
    let calls = world.provider.calls();
    assert!(calls.iter().all(|call| call == "GET /whoami"), "{calls:?}");
}

#[tokio::test]
async fn a_key_that_works_shows_it_and_so_does_an_older_one() {
    let world = world(&document(FIRST, "blue"), &with_team(""), "").await;
    world.rotate().await;
    world.cancel_and_clean_up().await;
    world.put(&document("revoked-by-hand", "blue")).await;
    world.rotate().await;
    world.invariant_current_works("an older key showed it").await;
    // But not that of another team.
    world.cancel_and_clean_up().await;
    world.put(&document("revoked-by-hand", "green")).await;
    let token = world.secret().stage();
    let error = world.secret().step(&token, Step::Create).await;
    assert_eq!(
        error.expect_err("green is another team").error_type,
        "KeyUnproven"
    );
}

#[tokio::test]
async fn what_the_function_decides_needs_no_proof() {
    for (parameters, team, code) in [
        ("team=blue", "green", ""),
        ("team=blue|green", "green", ""),
        ("team=*", "red", ""),
        ("team=blue|green", "red", "ParameterInvalid"),
        ("team=*", "RED", "ParameterInvalid"),
    ] {
        let world = world(&document("made-up", team), &with_team(""), parameters).await;
        let token = world.secret().stage();
        let outcome = world.secret().step(&token, Step::Create).await;
        let found = outcome.err().map(|error| error.error_type).unwrap_or_default();
        assert_eq!(found, code, "{parameters} {team}");
    }
}

#[tokio::test]
async fn a_parameter_that_is_the_functions_alone_is_not_taken_from_a_secret() {
    let description = with_team("set-by = \"function\"\n");
    let alone = world(&document(FIRST, "blue"), &description, "").await;
    let token = alone.secret().stage();
    alone
        .refuses(
            &token,
            Step::Create,
            "ParameterInvalid",
            &[
                "`team`",
                "is not given",
                "PROVIDER_PARAMETERS has scripted.team=VALUE",
            ],
        )
        .await;
    let listed = world(&document(FIRST, "blue"), &description, "scripted.team=red|blue").await;
    listed.rotate().await;
    listed.invariant_current_works("one of a list").await;
}

/// The key works, and is not whose the secret says.
#[tokio::test]
async fn a_key_of_somebody_else_is_not_taken_for_the_secrets_own() {
    let whose = "[parameters.owner]\npattern = \"k[0-9]+\"\n[check.same]\nowner = \"/id\"\n";
    let description = Kind::Overlap.description("", whose);
    let description = description.replace(
        "name = \"{{ name }}\"",
        "name = \"{{ name }}\", owner = \"{{ parameters.owner }}\"",
    );
    let text = |owner: &str| format!("{{\"apiKey\": \"{FIRST}\", \"keywheel\": {{\"owner\": \"{owner}\"}}}}");
    let world = world(&text("k7"), &description, "").await;
    let token = world.secret().stage();
    world
        .refuses(
            &token,
            Step::Create,
            "KeyOfAnotherAccount",
            &["`owner`", "current key"],
        )
        .await;
    let calls = world.provider.calls();
    assert!(calls.iter().all(|call| call == "GET /whoami"), "{calls:?}");
}

#[tokio::test]
async fn a_function_of_one_provider_does_not_serve_another() {
    let text = format!("{{\"apiKey\": \"{FIRST}\", \"keywheel\": {{\"provider\": \"gitlab\"}}}}");
    let world = Setup::of(Kind::Overlap).secret(&text).start().await;
    let token = world.secret().stage();
    world
        .refuses(
            &token,
            Step::Create,
            "ParameterInvalid",
            &["`provider`", "PROVIDER"],
        )
        .await;
    assert!(world.provider.calls().is_empty());
}

/// `*` is for what the admin's credential is used for, not for where it is sent.
#[tokio::test]
async fn a_host_is_not_left_to_the_secret_by_a_star() {
    let text = format!("{{\"apiKey\": \"{FIRST}\", \"keywheel\": {{\"url\": \"http://127.0.0.1:9\"}}}}");
    let setup = Setup::of(Kind::Overlap).secret(&text);
    let world = setup.env("PROVIDER_PARAMETERS", "url=*").start().await;
    let token = world.secret().stage();
    let words = [
        "`url`",
        "decides where credentials are sent",
        "scripted.url=VALUE",
    ];
    world
        .refuses(&token, Step::Create, "ParameterInvalid", &words)
        .await;
}

/// What only the check uses needs no proof.
#[tokio::test]
async fn a_parameter_that_no_admin_uses_is_free() {
    let description = Kind::Overlap.description("", "[parameters.team]\npattern = \"[a-z]+\"\n");
    let description = description.replace(
        "GET /whoami\"",
        "GET /whoami\"\nquery = { team = \"{{ parameters.team }}\" }",
    );
    let world = world(&document("made-up", "blue"), &description, "").await;
    world.rotate().await;
    world.invariant_current_works("a placeholder").await;
}

/// Two members were mixed up: the text that is no team is a credential.
#[tokio::test]
async fn what_the_document_says_is_not_repeated_in_an_error() {
    let world = world(&document(FIRST, "SECRET-2f1c9b"), &with_team(""), "").await;
    let token = world.secret().stage();
    let message = world
        .refuses(&token, Step::Create, "ParameterInvalid", &["`team`", "not shown"])
        .await;
    assert!(!message.contains("2f1c9b") && !world.keys.log().contains("2f1c9b"));
}
