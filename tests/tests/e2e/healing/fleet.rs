//! A mixed fleet: what AWS's templates began ours finishes, and the other way round.
//!
//! The templates' part is played by hand: `json.dumps` of the document, a password in the clear, a bare promotion.

use keywheel_tests::world::World;
use serde_json::Value;
use staging_labels::{Label, Step};
use uuid::Uuid;

use super::LATER;

/// The world's document with another password, as a template writes it.
fn dumped_with(world: &World, password: &str) -> String {
    let mut document = world.database.document();
    document["password"] = password.into();
    dumped(&document)
}

/// The document as Python's `json.dumps` writes it: `", "` and `": "`, in the order of AWS's own documents.
pub(crate) fn dumped(document: &Value) -> String {
    let keys = [
        "engine",
        "host",
        "username",
        "password",
        "dbname",
        "port",
        "masterarn",
        "ssl",
    ];
    let shown = keys
        .into_iter()
        .filter_map(|key| Some(format!(r#""{key}": {}"#, document.get(key)?)));
    format!("{{{}}}", shown.collect::<Vec<_>>().join(", "))
}

/// finishSecret of the templates: no login, one move of the label.
pub(crate) async fn promoted_by_a_template(world: &World, token: &str) {
    let from = world
        .carrier(&Label::Current)
        .await
        .expect("there is a current version");
    let call = world
        .client
        .update_secret_version_stage()
        .secret_id(&world.secret);
    let call = call
        .version_stage("AWSCURRENT")
        .move_to_version_id(token)
        .remove_from_version_id(from);
    call.send().await.expect("the label moves");
}

async fn is_finished(world: &World, token: &str) {
    assert_eq!(world.carrier(&Label::Current).await.as_deref(), Some(token));
    assert!(world.current_logs_in().await);
    world
        .invariant_the_next_rotation_goes_through("a mixed fleet")
        .await;
}

#[tokio::test]
async fn a_value_that_a_template_staged_is_applied_and_promoted() {
    let world = World::new().await;
    let token = world.stage();
    let password = Uuid::new_v4().simple().to_string();
    let staged = dumped_with(&world, &password);
    world.put_pending(&token, &staged).await;
    world.steps(&token, &LATER).await.expect("ours goes on");
    assert_eq!(world.text(&Label::Current).await, Some(staged), "to the byte");
    assert!(world.database.accepts(&password).await);
    is_finished(&world, &token).await;
}

#[tokio::test]
async fn create_secret_keeps_a_value_that_a_template_staged() {
    let world = World::new().await;
    let token = world.stage();
    let staged = dumped_with(&world, &Uuid::new_v4().simple().to_string());
    world.put_pending(&token, &staged).await;
    world
        .step(&token, Step::Create)
        .await
        .expect("it is staged already");
    assert_eq!(world.text_of(&token).await, Some(staged));
    world.steps(&token, &LATER).await.expect("ours goes on");
    is_finished(&world, &token).await;
}

#[tokio::test]
async fn a_password_that_a_template_has_set_is_tested_and_promoted() {
    for rest in [&LATER[..], &LATER[1..], &LATER[2..]] {
        let world = World::new().await;
        let token = world.stage();
        let password = Uuid::new_v4().simple().to_string();
        world.put_pending(&token, &dumped_with(&world, &password)).await;
        world.database.set_password(&password).await;
        world.steps(&token, rest).await.expect("ours goes on");
        is_finished(&world, &token).await;
    }
}

#[tokio::test]
async fn a_rotation_that_ours_began_is_finished_by_a_template() {
    for ours in [
        &[Step::Create][..],
        &[Step::Create, Step::Set],
        &[Step::Create, Step::Set, Step::Test],
    ] {
        let world = World::new().await;
        let token = world.stage();
        world.steps(&token, ours).await.expect("ours begins");
        let text = world.text_of(&token).await.expect("createSecret has run");
        let document: serde_json::Value = serde_json::from_str(&text).expect("the document is JSON");
        let password = document["password"].as_str().expect("it has a password");
        if !ours.contains(&Step::Set) {
            world.database.set_password(password).await;
        }
        assert!(world.database.accepts(password).await, "the template's test");
        promoted_by_a_template(&world, &token).await;
        world
            .steps(&token, &Step::ALL)
            .await
            .expect("a repetition by ours does nothing");
        is_finished(&world, &token).await;
    }
}
