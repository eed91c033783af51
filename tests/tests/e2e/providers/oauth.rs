//! An OAuth client's secret: rotated through the admin API with a token minted for it, and tested by the
//! client-credentials grant that an application would make.

use keywheel_tests::canary::Canaries;
use keywheel_tests::keys::{Keys, Secret};
use keywheel_tests::peers::{Client, OAuth};
use secrets_manager_local::{Effect, Fault};
use serde_json::json;
use staging_labels::{Label, Step};

use super::{assert_silence, dies_in_create, kill_at_the_store, refuses, shipped_at};

const ADMIN: Client<'static> = Client {
    id: "rotator",
    secret: "the-secret-of-the-rotator",
    scope: "update:client_keys",
};
const ORDERS: Client<'static> = Client {
    id: "orders",
    secret: "the-first-secret-of-orders",
    scope: "orders:read",
};

/// The OAuth server, and a Secrets Manager whose function goes there by Auth0's description.
struct World {
    server: OAuth,
    keys: Keys,
}

impl World {
    async fn start() -> Self {
        let server = OAuth::start(&[ADMIN, ORDERS]).expect("the OAuth server starts");
        let keys = Keys::start().await;
        let admin = json!({"clientId": ADMIN.id, "clientSecret": ADMIN.secret});
        let admin = keys.admin("auth0/admin", &admin.to_string()).await;
        keys.host(&[
            ("PROVIDER", "auth0"),
            ("PROVIDER_DESCRIPTION", &shipped_at("auth0", &server.url())),
            ("PROVIDER_PARAMETERS", "domain=example.eu.auth0.com"),
            ("ADMIN_SECRETS", &format!("auth0-admin={admin}")),
        ]);
        Self { server, keys }
    }

    /// The document of an application, in a spelling of its own.
    fn document(&self, secret: &str) -> String {
        format!(
            "{{ \"tokenEndpoint\":\"{}\",\n  \"clientSecret\" : \"{secret}\", \"clientId\":\"{}\", \"audience\": \"orders\", \"retries\": 1.0}}\n",
            self.server.token_endpoint(),
            ORDERS.id,
        )
    }

    async fn secret(&self) -> Secret<'_> {
        self.keys
            .secret("orders/oauth", &self.document(ORDERS.secret), &[])
            .await
    }
}

async fn client_secret(secret: &Secret<'_>) -> String {
    let document = secret.document().await;
    document["clientSecret"]
        .as_str()
        .expect("it has a secret")
        .to_owned()
}

#[tokio::test]
async fn a_client_secret_is_replaced_and_grants_tokens() {
    let world = World::start().await;
    let secret = world.secret().await;
    let mut before = ORDERS.secret.to_owned();
    for _ in 0..2 {
        secret.rotate().await.expect("the rotation succeeds");
        let current = client_secret(&secret).await;
        assert!(
            world.server.grants(ORDERS.id, &current),
            "AWSCURRENT is granted tokens"
        );
        assert!(!world.server.grants(ORDERS.id, &before), "the old one is not");
        assert_eq!(
            secret.current().await,
            world.document(&current),
            "the rest stays to the byte"
        );
        before = current;
    }
}

#[tokio::test]
async fn a_rotation_that_dies_anywhere_is_finished_by_its_repetition() {
    let world = World::start().await;
    let secret = world.secret().await;
    for effect in [Effect::KillBefore, Effect::KillAfter] {
        for operation in ["PutSecretValue", "UpdateSecretVersionStage"] {
            let fault = Fault::new(effect.clone())
                .by_function(keywheel_tests::keys::FUNCTION)
                .on(operation);
            let id = world.keys.aws.faults().inject(fault);
            let token = secret.stage();
            let steps = [Step::Create, Step::Set, Step::Test, Step::Finish];
            let died = secret
                .steps(&token, &steps)
                .await
                .expect_err("the function was killed");
            assert_eq!(died.error_type, "Runtime.ExitError", "{died}");
            assert_eq!(world.keys.aws.faults().hits(id), 1, "{effect:?} {operation}");
            secret
                .steps(&token, &steps)
                .await
                .expect("the repetition succeeds");
            assert_eq!(secret.carrier(&Label::Current).await, Some(token));
            assert!(world.server.grants(ORDERS.id, &client_secret(&secret).await));
        }
    }
}

#[tokio::test]
async fn a_value_that_was_uploaded_is_uploaded_again_without_harm() {
    let world = World::start().await;
    let secret = world.secret().await;
    let token = secret.stage();
    kill_at_the_store(&world.keys, Effect::KillBefore);
    dies_in_create(&secret, &token).await;
    assert!(
        world.server.grants(ORDERS.id, ORDERS.secret),
        "nothing was uploaded yet"
    );
    for step in [
        Step::Create,
        Step::Set,
        Step::Set,
        Step::Create,
        Step::Set,
        Step::Test,
        Step::Finish,
    ] {
        secret.step(&token, step).await.expect("every delivery succeeds");
    }
    assert!(world.server.grants(ORDERS.id, &client_secret(&secret).await));
}

#[tokio::test]
async fn a_token_endpoint_of_the_secrets_own_gets_no_secret() {
    let world = World::start().await;
    let elsewhere = world
        .document(ORDERS.secret)
        .replace("/oauth/token", "/elsewhere");
    let secret = world.keys.secret("orders/elsewhere", &elsewhere, &[]).await;
    let token = secret.stage();
    let words = ["tokenEndpoint"];
    refuses(
        &world.keys,
        &secret,
        (&token, Step::Create),
        "KeyOfAnotherAccount",
        &words,
    )
    .await;
    assert_eq!(world.server.granted(), [""; 0], "nobody was asked");
}

#[tokio::test]
async fn a_dead_client_secret_is_told_from_a_server_that_is_down() {
    let world = World::start().await;
    let secret = world.secret().await;
    let token = secret.stage();
    let call = world
        .keys
        .client
        .put_secret_value()
        .secret_id(secret.arn())
        .client_request_token(&token);
    let call = call
        .version_stages(Label::Pending.as_str())
        .secret_string(world.document("not-the-secret-of-orders"));
    call.send().await.expect("a pending value is stored");
    refuses(&world.keys, &secret, (&token, Step::Test), "KeyRefused", &["401"]).await;
}

#[tokio::test]
async fn nobody_reads_along_while_a_client_secret_is_rotated() {
    let world = World::start().await;
    let secret = world.secret().await;
    let mut canaries = Canaries::default()
        .and("admin's secret", ADMIN.secret)
        .and("first secret", ORDERS.secret);
    for _ in 0..2 {
        secret.rotate().await.expect("the rotation succeeds");
        canaries = canaries.and("new secret", &client_secret(&secret).await);
    }
    // This one is granted after all of those that the rotations used, and its line comes after theirs.
    assert!(world.server.grants(ADMIN.id, ADMIN.secret));
    let granted = loop {
        let granted = world.server.granted();
        if granted.len() >= 4 {
            break granted;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    let canaries = granted
        .iter()
        .fold(canaries, |canaries, token| canaries.and("minted token", token));
    assert_silence(&world.keys, &secret, &canaries);
}
