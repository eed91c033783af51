//! Two servers that were described from their reference pages alone, each in fewer than 30 lines, and rotated for real.

use keywheel_tests::canary::Canaries;
use keywheel_tests::keys::Keys;
use keywheel_tests::peers::{JupyterHub, Kinto};
use secrets_manager_local::Effect;
use serde_json::json;
use staging_labels::Step;

use super::{REST, assert_silence, dies_in_create, kill_at_the_store};

pub(super) fn description(name: &str) -> String {
    format!("{}/data/unseen/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn all_descriptions_are_shorter_than_thirty_lines() {
    for name in ["jupyterhub", "kinto", "etcd", "octoprint", "synapse"] {
        let text = std::fs::read_to_string(description(name)).expect("it is there");
        assert!(text.lines().count() < 30, "{name}");
    }
}

#[tokio::test]
async fn jupyterhubs_tokens_are_rotated() {
    let hub = JupyterHub::start("ada").expect("the hub starts");
    let keys = Keys::start().await;
    let admin = keys.admin("hub/admin", hub.admin_token()).await;
    keys.host(&[
        ("PROVIDER", "jupyterhub"),
        ("PROVIDER_PATH", &description("jupyterhub")),
        ("PROVIDER_PARAMETERS", &format!("url={}", hub.url())),
        ("ADMIN_SECRETS", &format!("jupyterhub-admin={admin}")),
    ]);
    let (id, by_hand) = hub.create_token("made by hand");
    let document = json!({"user": "ada", "token": by_hand, "tokenId": id});
    let secret = keys.secret("hub/ada", &document.to_string(), &[]).await;
    secret.rotate().await.expect("the rotation succeeds");
    let first = secret.document().await["token"]
        .as_str()
        .expect("a token")
        .to_owned();
    assert!(
        hub.accepts(&first) && hub.accepts(&by_hand),
        "both live for an interval"
    );

    let token = secret.stage();
    kill_at_the_store(&keys, Effect::KillBefore);
    dies_in_create(&secret, &token).await;
    secret
        .step(&token, Step::Create)
        .await
        .expect("the retry succeeds");
    secret
        .steps(&token, &REST)
        .await
        .expect("and so do the other steps");
    let second = secret.document().await["token"]
        .as_str()
        .expect("a token")
        .to_owned();
    assert!(hub.accepts(&second) && hub.accepts(&first));
    assert!(!hub.accepts(&by_hand), "the displaced token is revoked");
    let live = hub
        .tokens()
        .into_iter()
        .filter(|(_, note)| note.contains("keywheel-"));
    assert_eq!(
        live.count(),
        2,
        "and so is the one that the crash lost: {:?}",
        hub.tokens()
    );
    let canaries = Canaries::default()
        .and("admin token", hub.admin_token())
        .and("first token", &by_hand)
        .and("second token", &first)
        .and("third token", &second);
    assert_silence(&keys, &secret, &canaries);
}

#[tokio::test]
async fn kintos_passwords_are_rotated() {
    let kinto = Kinto::start("orders", "the-first-password").expect("Kinto starts");
    let keys = Keys::start().await;
    let admin = json!({"account": "admin", "password": kinto.admin_password()});
    let admin = keys.admin("kinto/admin", &admin.to_string()).await;
    keys.host(&[
        ("PROVIDER", "kinto"),
        ("PROVIDER_PATH", &description("kinto")),
        ("PROVIDER_PARAMETERS", &format!("url={}", kinto.url())),
        ("ADMIN_SECRETS", &format!("kinto-admin={admin}")),
    ]);
    let document = json!({"account": "orders", "password": "the-first-password"});
    let secret = keys.secret("kinto/orders", &document.to_string(), &[]).await;
    let mut canaries = Canaries::default()
        .and("admin's password", kinto.admin_password())
        .and("first password", "the-first-password");
    let mut before = "the-first-password".to_owned();
    for _ in 0..2 {
        secret.rotate().await.expect("the rotation succeeds");
        let current = secret.document().await["password"]
            .as_str()
            .expect("a password")
            .to_owned();
        assert!(kinto.accepts("orders", &current) && !kinto.accepts("orders", &before));
        canaries = canaries.and("new password", &current);
        before = current;
    }
    assert_silence(&keys, &secret, &canaries);
}

#[tokio::test]
async fn a_password_that_kinto_does_not_take_is_told_though_its_answer_says_200() {
    let kinto = Kinto::start("orders", "the-first-password").expect("Kinto starts");
    let keys = Keys::start().await;
    let admin = json!({"account": "admin", "password": kinto.admin_password()});
    let admin = keys.admin("kinto/admin", &admin.to_string()).await;
    keys.host(&[
        ("PROVIDER", "kinto"),
        ("PROVIDER_PATH", &description("kinto")),
        ("PROVIDER_PARAMETERS", &format!("url={}", kinto.url())),
        ("ADMIN_SECRETS", &format!("kinto-admin={admin}")),
    ]);
    let document = json!({"account": "orders", "password": "the-first-password"});
    let secret = keys.secret("kinto/orders", &document.to_string(), &[]).await;
    let token = secret.stage();
    secret
        .step(&token, Step::Create)
        .await
        .expect("createSecret goes through");
    // setSecret has not run: the server has not heard of the new password.
    super::refuses(
        &keys,
        &secret,
        (&token, Step::Test),
        "KeyRefused",
        &["check at kinto", "200"],
    )
    .await;
}
