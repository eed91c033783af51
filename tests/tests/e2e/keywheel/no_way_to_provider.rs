//! The function does not reach the provider of an API key.

use keywheel_tests::postgres::{Server, cluster};
use keywheel_tests::scripted::{Kind, Trick};

use super::desk::types_at;
use crate::api_keys;

#[tokio::test]
async fn a_provider_that_was_not_reached_is_named_and_the_rotation_goes_on() {
    let world = api_keys::World::new(Kind::Overlap).await;
    world.rotate().await;
    world.provider.play("POST /keys", 0, 1, Trick::Silence);
    let stuck = world.secret().rotate().await;
    stuck.expect_err("the provider does not answer");
    let url = world.keys.aws.url();
    let authority = cluster(Server::Main).authority_path();
    let types = async |line: String| types_at(&url, &authority, &line).await;
    let screen = types(format!("keywheel doctor '{}'", world.arn)).await;
    screen.says(&["STUCK", "[pending-empty, no-way-to-provider]", "work: yes"]);
    let page = types(screen.command("keywheel explain", "").to_owned()).await;
    assert!(page.out.starts_with("# ProviderUnreachable"), "{}", page.out);
    let again = types(screen.command("keywheel rotate", "").to_owned()).await;
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    world.invariant_current_works("the way out").await;
    let well = types(format!("keywheel doctor '{}'", world.arn)).await;
    assert_eq!(well.code, 0, "{}", well.out);
}
