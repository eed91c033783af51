//! Who may name which superuser secret: `masterarn` is part of a secret's value, and the function's environment decides.

use aws_sdk_secretsmanager::types::RotationRulesType;
use keywheel_tests::pair::{Pair, Power};
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::{Setup, World};
use secrets_manager_local::{Fault, function_arn};
use serde_json::{Value, json};
use staging_labels::{Label, Step};
use uuid::Uuid;

use crate::healing::lose_the_password;

const NOT_ALLOWED: &str = "SuperuserSecretNotAllowed";
const SETTING: &str = "SUPERUSER_SECRETS";

/// Makes the secret's current value name a superuser secret, with these fields changed as well; null removes one.
async fn rewrite(world: &World, arn: &str, fields: &Value) {
    let mut document = world.database.document();
    document["masterarn"] = arn.into();
    for (key, value) in fields.as_object().into_iter().flatten() {
        if value.is_null() {
            document.as_object_mut().expect("an object").remove(key);
        } else {
            document[key] = value.clone();
        }
    }
    world.write_by_hand(&document.to_string()).await;
}

fn reads_of(world: &World, arn: &str) -> usize {
    let calls = world.aws.calls();
    let of_the_function = calls.iter().filter(|call| call.function.is_some());
    of_the_function
        .filter(|call| call.secret_id.as_deref() == Some(arn))
        .count()
}

/// Another team's superuser secret, which this function rotates as well: its role may read it.
async fn of_another_team(world: &World) -> String {
    let value = world.database.admin_document().to_string();
    let arn = world.other_secret("team-b/superuser", &value).await;
    let token = Uuid::new_v4().to_string();
    let call = world.client.rotate_secret().secret_id(&arn);
    let call = call.rotation_lambda_arn(function_arn(world.function));
    let call = call.rotate_immediately(false).client_request_token(&token);
    let rules = RotationRulesType::builder().automatically_after_days(30).build();
    let sent = call.rotation_rules(rules).send().await;
    sent.expect("it is rotated by the same function");
    world.aws.wait_for_rotation(&arn, &token).await;
    world.aws.clear_calls();
    arn
}

/// Who can write one secret names another team's superuser secret in it, and a victim's role.
#[tokio::test]
async fn a_superuser_secret_that_nobody_allowed_resets_no_victim_and_is_not_read() {
    let world = Setup::on(Server::Main).env(SETTING, "").start().await;
    let arn = of_another_team(&world).await;
    let victim = format!("{}_victim", world.database.name());
    let create = format!("CREATE ROLE {victim} LOGIN PASSWORD 'the-victims-own'");
    world.database.sql(&create).await;

    let wrong = json!({"username": victim, "password": "wrong"});
    rewrite(&world, &arn, &wrong).await;
    let token = world.proposed().await;
    let words = [arn.as_str(), "`masterarn`", SETTING, "correct `masterarn`"];
    world.refuses(&token, Step::Set, NOT_ALLOWED, &words).await;
    world.cancel_and_clean_up().await;
    let server = world.database.cluster();
    let accepted = server
        .accepts(&victim, "the-victims-own", world.database.name())
        .await;
    assert!(accepted, "the victim's password is unchanged");

    // Without a host, the superuser secret would say where to log in.
    rewrite(
        &world,
        &arn,
        &json!({"username": victim, "password": "wrong", "host": null}),
    )
    .await;
    let token = world.stage();
    world.refuses(&token, Step::Create, NOT_ALLOWED, &words).await;
    assert_eq!(reads_of(&world, &arn), 0);
    world.database.sql(&format!("DROP ROLE {victim}")).await;
}

/// A list that allows one superuser secret allows no other.
#[tokio::test]
async fn only_what_is_listed_is_used() {
    let own = "arn:aws:secretsmanager:us-east-1:*:secret:keywheel/*/team-a/*";
    let world = Setup::on(Server::Main).env(SETTING, own).start().await;
    let theirs = of_another_team(&world).await;
    let value = world.database.admin_document().to_string();
    let ours = world.other_secret("team-a/superuser", &value).await;
    lose_the_password(&world).await;

    rewrite(&world, &theirs, &json!({})).await;
    let token = world.proposed().await;
    world.refuses(&token, Step::Set, NOT_ALLOWED, &[&theirs]).await;
    world.cancel_and_clean_up().await;
    assert_eq!(reads_of(&world, &theirs), 0);

    rewrite(&world, &ours, &json!({})).await;
    world.rotate().await.expect("the listed superuser secret helps");
    assert!(world.current_logs_in().await);
}

/// While the role can help itself, a superuser secret that is not allowed does not matter: AWS's own JSON has the field.
#[tokio::test]
async fn a_single_user_that_needs_no_superuser_is_rotated_whatever_masterarn_says() {
    let world = Setup::on(Server::Main).env(SETTING, "").start().await;
    let arn = of_another_team(&world).await;
    rewrite(&world, &arn, &json!({})).await;
    world.rotate().await.expect("the role changes its own password");
    assert!(world.current_logs_in().await);
    assert_eq!(reads_of(&world, &arn), 0);
}

#[tokio::test]
async fn alternating_users_with_a_superuser_secret_that_is_not_allowed_stop_before_anything_is_written() {
    let setup = Setup::on(Server::Main).env(SETTING, "");
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let pair = Pair::of(setup, database, Power::CreateRole).await;
    let token = pair.stage();
    let words = [pair.admin_secret.as_str(), SETTING];
    pair.refuses(&token, Step::Create, NOT_ALLOWED, &words).await;
    assert_eq!(reads_of(&pair, &pair.admin_secret), 0);
    assert!(pair.text(&Label::Pending).await.is_none());
}

/// setSecret reads the superuser secret together with the secret's own values, which tell whose it is. What it goes by may be out of date.
#[tokio::test]
async fn a_superuser_secret_that_is_read_ahead_is_not_used_once_the_secret_names_another() {
    const ANOTHER_PROCESS: &str = "another-process";
    let setup = Setup::on(Server::Main).also(ANOTHER_PROCESS);
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let pair = Pair::of(setup, database, Power::CreateRole).await;
    pair.rotate().await.expect("the first superuser secret is known");

    // Read ahead: it is asked for though the secret's own value is not to be had.
    let token = pair.proposed().await;
    pair.aws.clear_calls();
    let denied = Fault::error("AccessDeniedException", "no").by_function(pair.function);
    let denied = denied.on("GetSecretValue").for_secret(&pair.secret).every();
    let id = pair.aws.faults().inject(denied);
    let refused = pair.step(&token, Step::Set).await;
    refused.expect_err("the values are not to be had");
    assert_eq!(reads_of(&pair, &pair.admin_secret), 1);
    pair.aws.faults().remove(id);
    pair.cancel_and_clean_up().await;

    // Another one takes its place, and a process proposes the next value that is not the one that knows of the first.
    let good = pair.client.get_secret_value().secret_id(&pair.admin_secret);
    let good = good.send().await.expect("it has a value").secret_string;
    let good = good.expect("its value is text");
    let other = pair.other_secret("other-admin", &good).await;
    let spoilt = pair.client.put_secret_value().secret_id(&pair.admin_secret);
    let spoilt = spoilt.secret_string("{}").send().await;
    spoilt.expect("the first superuser secret is of no more use");
    let text = pair.text(&Label::Current).await.expect("AWSCURRENT has a value");
    pair.write_by_hand(&text.replace(&pair.admin_secret, &other))
        .await;
    let token = pair.stage();
    pair.step_by(ANOTHER_PROCESS, &token, Step::Create)
        .await
        .expect("another process proposes");
    pair.aws.clear_calls();
    pair.step(&token, Step::Set)
        .await
        .expect("the superuser secret of today sets the password");
    assert_eq!(reads_of(&pair, &other), 1);
    assert_eq!(reads_of(&pair, &pair.admin_secret), 1, "it was a guess");
    pair.steps(&token, &[Step::Test, Step::Finish])
        .await
        .expect("the rotation ends well");
    pair.invariant_current_and_previous_log_in("another superuser secret")
        .await;
}
