//! A secret that somebody pastes into the wrong environment variable is not repeated: neither as it is, nor in the middle of
//! something that looks right. What the message does show is the variable's name.

use std::collections::BTreeSet;

use keywheel_tests::canary::Canaries;
use keywheel_tests::keys::{self, Keys, function};
use keywheel_tests::postgres::Server;
use keywheel_tests::variables;
use keywheel_tests::world::{ALTERNATING, FUNCTION, Setup};
use serde_json::json;
use uuid::Uuid;

/// Where a name is what an error is about: it is shown, and is no place for a secret.
const NAMES: [&str; 14] = [
    "ADMIN_IAM_HOSTS",
    "ADMIN_IAM_USERNAME",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_RDS",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "OWNER_ROLE",
    "PGDATABASE",
    "PGHOST",
    "RUNBOOK_URL",
    "SECRETS_MANAGER_ENDPOINT",
    "TLS_SERVER_NAME",
    "ASSUME_ROLE_ARN",
    "PROVIDER",
    "PROVIDER_PATH",
];

/// The variables of some functions in which a secret could be pasted, each once.
fn variables(functions: &[&str]) -> BTreeSet<&'static str> {
    let all = variables::all().into_iter();
    let of = all.filter(|(_, of)| functions.iter().any(|function| of.contains(function)));
    of.map(|(name, _)| name)
        .filter(|name| !NAMES.contains(name))
        .collect()
}

/// What a person might paste: a bare secret, a key in a PEM, JSON, a URL.
fn pasted(secret: &str) -> Vec<String> {
    vec![
        secret.to_owned(),
        format!("-----BEGIN PRIVATE KEY-----\\n{secret}\\n-----END PRIVATE KEY-----"),
        format!("{{\"password\": \"{secret}\"}}"),
        format!("postgresql://app:{secret}@db.example.com/orders"),
        format!("3{secret}"),
    ]
}

#[tokio::test]
async fn a_secret_in_the_wrong_variable_of_a_postgresql_function_is_not_repeated() {
    for variable in variables(&[FUNCTION, ALTERNATING]) {
        let secret = Uuid::new_v4().simple().to_string();
        for (number, value) in pasted(&secret).iter().enumerate() {
            let function = if number % 2 == 0 { FUNCTION } else { ALTERNATING };
            let world = Setup::on(Server::Main)
                .function(function)
                .env(variable, value)
                .start()
                .await;
            let payload = json!({"Step": "createSecret", "SecretId": world.secret, "ClientRequestToken": world.stage()});
            let told = world.invoke(&payload).await.err().map(|error| error.to_string());
            let canaries = Canaries::default().and("pasted secret", &secret);
            canaries.absent_from(variable, &(world.log() + &told.unwrap_or_default()));
        }
    }
}

#[tokio::test]
async fn a_secret_in_the_wrong_variable_of_the_function_for_api_keys_is_not_repeated() {
    let keys = Keys::start().await;
    let token = Uuid::new_v4().to_string();
    let secret_id = keys
        .secret("canary/key", "a-key-that-nobody-takes", &[])
        .await
        .arn()
        .to_owned();
    for variable in variables(&[keys::FUNCTION]) {
        let secret = Uuid::new_v4().simple().to_string();
        for value in pasted(&secret) {
            let environment = [("PROVIDER", "unleash"), (variable, value.as_str())];
            keys.aws.add_function(function(&environment));
            let payload = json!({"Step": "createSecret", "SecretId": secret_id, "ClientRequestToken": token});
            let invocation = keys
                .aws
                .invoke("rotate-api-key", payload.to_string().into_bytes())
                .await;
            let told = invocation
                .expect("the function is there")
                .error
                .map(|error| error.to_string());
            let canaries = Canaries::default().and("pasted secret", &secret);
            canaries.absent_from(variable, &(keys.log() + &told.unwrap_or_default()));
        }
    }
}
