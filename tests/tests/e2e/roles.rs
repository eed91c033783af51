//! Secrets of another account, reached by roles that are assumed one after the other. moto plays STS.

use keywheel_tests::moto::Moto;
use keywheel_tests::postgres::Server;
use keywheel_tests::world::{Setup, World};
use serde_json::json;
use staging_labels::{Label, Step};

const HUB: &str = "arn:aws:iam::111111111111:role/hub";
const ROTATOR: &str = "arn:aws:iam::222222222222:role/rotator";
/// A caller that may not be told on.
const EXTERNAL_ID: &str = "canary-external-id";

async fn world(sts: &Moto, roles: &str) -> World {
    Setup::on(Server::Main)
        .env("AWS_ENDPOINT_URL_STS", &sts.url())
        .env("ASSUME_ROLE_ARN", roles)
        .env("ASSUME_ROLE_EXTERNAL_ID", &format!(",{EXTERNAL_ID}"))
        .start()
        .await
}

fn sts() -> Moto {
    Moto::start().expect("moto starts")
}

#[tokio::test]
async fn a_secret_is_rotated_through_a_chain_of_roles_with_its_rotation_token() {
    let sts = sts();
    let world = world(&sts, &format!("{HUB},{ROTATOR}")).await;
    let before = world.carrier(&Label::Current).await;
    world.rotate().await.expect("it rotates");
    assert_ne!(world.carrier(&Label::Current).await, before);
    assert!(world.current_logs_in().await);
    // One session of each role serves all four steps of a process.
    assert_eq!(sts.calls(), ["AssumeRole", "AssumeRole"]);
    // The calls are the role's, not the function's: it is by the RotationToken that Secrets Manager knows them.
    let writes: Vec<_> = world.aws.calls();
    let put = writes.iter().find(|call| call.operation == "PutSecretValue");
    assert_eq!(put.expect("createSecret stored a value").function, None);
}

#[tokio::test]
async fn of_a_chain_the_role_that_refuses_is_named_and_nothing_changes() {
    let sts = sts();
    let world = world(&sts, &format!("{HUB},{ROTATOR}")).await;
    let token = world.stage();
    let before = world.snapshot().await;
    sts.inject(&json!({"action": "AssumeRole", "code": "AccessDenied", "times": 100, "status": 403}));
    let refused = world.step(&token, Step::Create).await.expect_err("STS refuses");
    assert_eq!(refused.error_type, "RoleNotAssumed");
    assert!(refused.error_message.contains(HUB), "{}", refused.error_message);
    assert!(
        refused.error_message.contains("trust policy"),
        "{}",
        refused.error_message
    );
    assert_eq!(world.snapshot().await, before);
    let log = world.log();
    for canary in [EXTERNAL_ID, "SecretAccessKey", "SessionToken"] {
        assert!(
            !log.contains(canary) && !refused.error_message.contains(canary),
            "{canary} was told"
        );
    }
}

#[tokio::test]
async fn what_is_no_role_is_a_setting_to_correct() {
    let sts = sts();
    let world = world(&sts, "rotator").await;
    let token = world.stage();
    let before = world.snapshot().await;
    let refused = world.step(&token, Step::Create).await.expect_err("it is no role");
    assert_eq!(refused.error_type, "ConfigurationInvalid");
    assert!(
        refused.error_message.contains("ASSUME_ROLE_ARN"),
        "{}",
        refused.error_message
    );
    assert_eq!(world.snapshot().await, before);
    assert_eq!(sts.calls(), [""; 0]);
}
