//! API keys and OAuth client secrets through rotations, with their consumers using them at real servers.

use secrets_manager_local::CallRecord;

use super::consumer::{Row, Strategy};
use super::form::Form;
use super::postgres::meanwhile;
use super::program::{Logins, Program};
use crate::keys::{Keys, Secret, shipped_at};
use crate::peers::{Client, OAuth, Unleash};

/// Atmos's bare API key, at Unleash.
///
/// # Panics
/// If a rotation fails, if the secret is not the key alone, or if the consumer fails otherwise than by being refused.
pub async fn api_key(rotations: usize) -> Row {
    let unleash = Unleash::shared().await;
    let keys = Keys::start().await;
    let admin = keys.admin("unleash/admin", unleash.admin_token()).await;
    let told = Unleash::settings(&unleash.url(), &admin);
    keys.host(&told.each_ref().map(|(name, value)| (*name, value.as_str())));
    let form = Form::named("myapp/prod/integration/external-api-key");
    // Nobody chooses a token of Unleash's: the form is a key, bare.
    let first = unleash.create_token("external-api-key").secret;
    let secret = keys.secret(&form.name, &first, &[]).await;
    let program = Program::start(
        "external_api_key.cjs",
        &keys.aws.url(),
        &form.name,
        &[("SERVICE", unleash.url())],
    );
    let row = rotate(
        "Atmos API key, AWS SDK for JavaScript 3",
        &keys,
        &secret,
        program,
        rotations,
    )
    .await;
    let current = secret.current().await;
    assert!(
        current != first && unleash.has(&current),
        "the secret is a key, bare"
    );
    Row {
        form: "myapp/prod/integration/external-api-key",
        ..row
    }
}

/// Atmos's OAuth document, at oidc-provider.
///
/// # Panics
/// As [`api_key`]; and if more than the client secret has changed.
pub async fn client_secret(rotations: usize) -> Row {
    const ADMIN: Client<'static> = Client {
        id: "rotator",
        secret: "the-secret-of-the-rotator",
        scope: "update:client_keys",
    };
    // As printed.
    const OWN: Client<'static> = Client {
        id: "example-client-id",
        secret: "example-client-secret",
        scope: "orders:read",
    };
    let server = OAuth::start(&[ADMIN, OWN]).expect("the OAuth server starts");
    let keys = Keys::start().await;
    let admin = format!(
        "{{\"clientId\":\"{}\",\"clientSecret\":\"{}\"}}",
        ADMIN.id, ADMIN.secret
    );
    let admin = keys.admin("auth0/admin", &admin).await;
    keys.host(&[
        ("PROVIDER", "auth0"),
        ("PROVIDER_DESCRIPTION", &shipped_at("auth0", &server.url())),
        // As printed, the document does not say what a token is for.
        (
            "PROVIDER_PARAMETERS",
            "domain=example.eu.auth0.com,audience=orders",
        ),
        ("ADMIN_SECRETS", &format!("auth0-admin={admin}")),
    ]);
    let form = Form::named("myapp/prod/auth/oauth-config");
    let before = form
        .at(0)
        .replace("https://auth.example.com/oauth/token", &server.token_endpoint());
    let secret = keys.secret(&form.name, &before, &[]).await;
    let program = Program::start("oauth_config.py", &keys.aws.url(), &form.name, &[]);
    let row = rotate("Atmos OAuth document, boto3", &keys, &secret, program, rotations).await;
    let document = secret.document().await;
    let current = document["clientSecret"].as_str().expect("a string");
    assert!(current != OWN.secret && server.grants(OWN.id, current));
    assert_eq!(secret.current().await, before.replace(OWN.secret, current));
    Row {
        form: "myapp/prod/auth/oauth-config",
        ..row
    }
}

async fn rotate(
    consumer: &'static str,
    keys: &Keys,
    secret: &Secret<'_>,
    mut program: Program,
    rotations: usize,
) -> Row {
    let (mut during, mut between) = (Logins::default(), Logins::default());
    between += program.log_in(0, 0);
    for _ in 0..rotations {
        let (rotated, logins);
        (rotated, logins, program) = meanwhile(program, secret.rotate()).await;
        rotated.unwrap_or_else(|error| panic!("{consumer}: {error}"));
        during += logins;
        between += program.log_in(0, 0);
    }
    let is_one = |call: &&CallRecord| call.operation == "GetSecretValue" && call.function.is_none();
    Row {
        consumer,
        form: "",
        strategy: Strategy::ApiKey,
        rotations,
        reads: keys.aws.calls().iter().filter(is_one).count(),
        during,
        between,
    }
}
