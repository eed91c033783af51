//! The sample payloads of `events/rotate-api-key`, and those that every function refuses.

use std::fs;
use std::path::Path;

use keywheel_tests::keys::{FUNCTION, Keys, function};
use keywheel_tests::scripted::{ADMIN, Kind, Provider};
use keywheel_tests::world;
use secrets_manager_local::LocalSecretsManager;
use serde_json::Value;
use staging_labels::Step;

use super::FIRST;
use crate::events::assert_all_refused;

fn sample(step: Step) -> Value {
    let name = step.name().replace('S', "-s");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../events/{FUNCTION}/{name}.json"));
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).expect("a sample is JSON")
}

/// A Secrets Manager with the samples' secret, whose key is the provider's first.
async fn keys_of(provider: &Provider) -> Keys {
    let aws = LocalSecretsManager::builder().arn_suffix("AbCdEf").start().await;
    let aws = aws.expect("the local Secrets Manager starts");
    let client = world::client(&aws.url());
    let keys = Keys { aws, client };
    let admin = keys.admin("keywheel/admin", ADMIN).await;
    keys.aws.add_function(function(&[
        ("PROVIDER", "scripted"),
        ("PROVIDER_DESCRIPTION", &Kind::Overlap.description("", "")),
        ("PROVIDER_PARAMETERS", &format!("url={}", provider.url())),
        ("ADMIN_SECRETS", &format!("scripted-admin={admin}")),
    ]));
    keys
}

#[tokio::test]
async fn the_four_samples_in_order_are_a_whole_rotation() {
    let provider = Provider::start(Kind::Overlap, FIRST).expect("a provider starts");
    let keys = keys_of(&provider).await;
    let secret = keys.secret("keywheel/api-key", FIRST, &[]).await;
    let first = sample(Step::Create);
    let token = first["ClientRequestToken"]
        .as_str()
        .expect("a sample has a token");
    keys.aws
        .stage_pending(secret.arn(), token)
        .expect("an empty version can be staged");
    for step in Step::ALL {
        let event = sample(step);
        assert_eq!(
            (event["Step"].as_str(), event["SecretId"].as_str()),
            (Some(step.name()), Some(secret.arn()))
        );
        assert_eq!(event["ClientRequestToken"], first["ClientRequestToken"]);
        let outcome = keys
            .aws
            .invoke(FUNCTION, event.to_string().into_bytes())
            .await
            .expect("the function is there");
        assert!(outcome.error.is_none(), "{step}: {:?}", outcome.error);
    }
    assert!(provider.accepts(&secret.current().await));
    assert_ne!(secret.current().await, FIRST);
}

#[tokio::test]
async fn every_refused_sample_is_refused_with_its_code_before_anybody_is_asked() {
    let provider = Provider::start(Kind::Overlap, FIRST).expect("a provider starts");
    let keys = keys_of(&provider).await;
    let secret = keys.secret("keywheel/api-key", FIRST, &[]).await;
    let before = secret.labels().await.to_string();
    keys.aws.clear_calls();
    assert_all_refused(&keys.aws.url(), FUNCTION);
    assert_eq!(keys.aws.calls(), [], "Secrets Manager is not asked");
    assert!(provider.requests().is_empty(), "and neither is the provider");
    assert_eq!(secret.labels().await.to_string(), before);
}
