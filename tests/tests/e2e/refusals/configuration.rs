//! A function that is set up wrongly: every invocation says so, and the function starts all the same.

use std::path::Path;

use keywheel_tests::functions::function_path;
use keywheel_tests::refusal::check;
use keywheel_tests::world::{FUNCTION, World};
use secrets_manager_local::Function;
use serde_json::json;
use staging_labels::Step;

const BOOLEANS: [&str; 6] = [
    "EXCLUDE_NUMBERS",
    "EXCLUDE_PUNCTUATION",
    "EXCLUDE_UPPERCASE",
    "EXCLUDE_LOWERCASE",
    "INCLUDE_SPACE",
    "REQUIRE_EACH_INCLUDED_TYPE",
];

/// Hosts the function once more, with these variables on top of good ones, and answers with its name.
fn host(world: &World, number: usize, variables: &[(&str, &str)]) -> String {
    let name = format!("{FUNCTION}-{number}");
    let mut function = Function::new(&name, function_path(FUNCTION))
        .env("PGSSLROOTCERT", world.database.cluster().authority_path());
    for (variable, value) in variables {
        function = function.env(variable, value);
    }
    world.aws.add_function(function);
    name
}

/// Every step of a function with these variables is refused, at a cold and at a warm start, and without a call.
async fn misconfigured(world: &World, number: usize, variables: &[(&str, &str)], code: &str, words: &[&str]) {
    let function = host(world, number, variables);
    let token = world.stage();
    let before = world.snapshot().await;
    world.aws.clear_calls();
    for step in Step::ALL {
        let event = json!({"Step": step.name(), "SecretId": world.secret, "ClientRequestToken": token});
        let invocation = world.aws.invoke(&function, event.to_string()).await;
        let error = invocation.expect("the function is there").error;
        let error = error.unwrap_or_else(|| panic!("{step} is refused with {variables:?}"));
        check(&error, step, &world.secret, code, words);
    }
    let calls = world.aws.calls();
    assert!(
        calls.iter().all(|call| call.function.is_none()),
        "no call is made: {calls:?}"
    );
    assert_eq!(world.snapshot().await, before, "{variables:?}");
    world.clean_up(&token).await;
}

#[tokio::test]
async fn a_boolean_that_is_neither_true_nor_false_is_refused_by_every_invocation() {
    let world = World::new().await;
    for (number, name) in BOOLEANS.iter().enumerate() {
        let words = [*name, "true, 1, y, yes, false, 0, n, no"];
        misconfigured(&world, number, &[(name, "maybe")], "ConfigurationInvalid", &words).await;
    }
    misconfigured(
        &world,
        99,
        &[("EXCLUDE_NUMBERS", "")],
        "ConfigurationInvalid",
        &["EXCLUDE_NUMBERS"],
    )
    .await;
}

#[tokio::test]
async fn a_setting_that_means_nothing_is_refused_by_every_invocation() {
    let world = World::new().await;
    let bad_pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let settings = [
        ("PASSWORD_LENGTH", "0", "1 to 4096"),
        ("PASSWORD_LENGTH", "4097", "1 to 4096"),
        ("PASSWORD_LENGTH", "long", "1 to 4096"),
        ("PGPORT", "0", "1 to 65535"),
        ("PGPORT", "70000", "1 to 65535"),
        ("PGPORT", "postgresql", "1 to 65535"),
        ("PGSSLMODE", "on", "verify-full, verify-ca or disable"),
        ("PASSWORD_SENT_AS", "plain", "verifier, md5 or cleartext"),
        ("PGSSLROOTCERT", bad_pem, "X.509"),
    ];
    for (number, (name, value, words)) in settings.into_iter().enumerate() {
        misconfigured(
            &world,
            number,
            &[(name, value)],
            "ConfigurationInvalid",
            &[name, words],
        )
        .await;
    }
}

#[tokio::test]
async fn a_file_of_roots_that_cannot_be_used_is_refused_by_every_invocation() {
    let world = World::new().await;
    let directory = tempfile::tempdir().expect("a directory can be made");
    let file = |name: &str, content: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).expect("a file can be written");
        path.display().to_string()
    };
    let shown = |path: &Path| path.display().to_string();
    let files = [
        (shown(&directory.path().join("nowhere.pem")), "cannot be read"),
        (shown(directory.path()), "cannot be read"),
        (file("empty.pem", b""), "no certificate"),
        (file("text.pem", b"not a certificate"), "no certificate"),
        (file("binary.pem", &[0xff; 64]), "no certificate"),
    ];
    for (number, (path, words)) in files.iter().enumerate() {
        misconfigured(
            &world,
            number,
            &[("PGSSLROOTCERT", path)],
            "ConfigurationInvalid",
            &["PGSSLROOTCERT", words],
        )
        .await;
    }
}

#[tokio::test]
async fn a_policy_that_nothing_can_satisfy_is_refused_by_every_invocation() {
    let world = World::new().await;
    let policies: [(&[(&str, &str)], &str); 3] = [
        (
            &[
                ("EXCLUDE_NUMBERS", "true"),
                ("EXCLUDE_PUNCTUATION", "true"),
                ("EXCLUDE_UPPERCASE", "true"),
                ("EXCLUDE_LOWERCASE", "true"),
            ],
            "no character",
        ),
        (&[("EXCLUDE_CHARACTERS", "0123456789")], "requires a number"),
        (&[("PASSWORD_LENGTH", "3")], "length 3"),
    ];
    for (number, (variables, words)) in policies.into_iter().enumerate() {
        misconfigured(&world, number, variables, "PasswordPolicyImpossible", &[words]).await;
    }
}

/// createSecret of a function with these variables is refused, and writes nothing.
async fn refused_in_create_secret(
    world: &World,
    number: usize,
    variables: &[(&str, &str)],
    code: &str,
    words: &[&str],
) {
    let function = host(world, number, variables);
    let token = world.stage();
    let event = json!({"Step": "createSecret", "SecretId": world.secret, "ClientRequestToken": token});
    let invocation = world.aws.invoke(&function, event.to_string()).await;
    let error = invocation
        .expect("the function is there")
        .error
        .expect("it is refused");
    check(&error, Step::Create, &world.secret, code, words);
    assert_eq!(world.text_of(&token).await, None, "nothing is written");
    world.clean_up(&token).await;
}

#[tokio::test]
async fn a_setting_that_a_document_may_overrule_is_refused_in_create_secret() {
    let world = World::new().await;
    let variables = [("TLS_SERVER_NAME", "not a name")];
    let words = ["not a name", "TLS_SERVER_NAME"];
    refused_in_create_secret(&world, 0, &variables, "TlsNameInvalid", &words).await;
}

/// Any certificate that a public authority has signed, for whatever name, would do.
#[tokio::test]
async fn an_authority_alone_is_not_enough_where_it_is_a_public_one() {
    let world = World::new().await;
    let mut document = world.database.document();
    document["sslmode"] = "verify-ca".into();
    world.write_by_hand(&document.to_string()).await;
    for (number, roots) in ["", "system"].into_iter().enumerate() {
        let variables = [("PGSSLROOTCERT", roots)];
        let words = ["verify-ca needs PGSSLROOTCERT", "verify-full"];
        refused_in_create_secret(&world, number, &variables, "ConfigurationInvalid", &words).await;
    }
}
