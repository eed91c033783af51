//! Rotations: facts 1 to 9, 18 and 19.

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::{FUNCTION, World, v};
use crate::api::Operation::*;
use crate::state::{PendingRemoval, rotate};

#[test]
fn fact_1_a_wrong_rotation_token_is_refused_and_none_is_not() {
    let mut world = World::rotating();
    let put = |token: &str| json!({ "SecretId": "db", "ClientRequestToken": v(2), "SecretString": "two", "VersionStages": ["AWSPENDING"], "RotationToken": token });
    world.refused(PutSecretValue, put(&"x".repeat(36)), "AccessDeniedException");
    world.refused(PutSecretValue, put("short"), "ValidationException");
    world.refused(PutSecretValue, put(&"_".repeat(36)), "ValidationException");
    let right = world
        .state
        .find("db")
        .unwrap()
        .unfinished
        .clone()
        .unwrap()
        .rotation_token;
    assert!((36..=256).contains(&right.len()));
    world.ok(PutSecretValue, put(&right));
    let mut world = World::rotating();
    world.put(2, "two", &["AWSPENDING"]);
}

#[test]
fn fact_2_the_version_of_a_rotation_begins_without_a_value() {
    let mut world = World::rotating();
    assert_eq!(world.labels(), "1:CU 2:PE");
    let listed = world.ok(
        ListSecretVersionIds,
        json!({ "SecretId": "db", "IncludeDeprecated": true }),
    );
    assert_eq!(listed["Versions"].as_array().unwrap().len(), 1);
    for parameters in [
        json!({ "SecretId": "db", "VersionId": v(2) }),
        json!({ "SecretId": "db", "VersionStage": "AWSPENDING" }),
        json!({ "SecretId": "db", "VersionId": v(2), "VersionStage": "AWSPENDING" }),
    ] {
        world.refused(GetSecretValue, parameters, "ResourceNotFoundException");
    }
}

#[test]
fn fact_3_a_second_rotation_is_refused_while_awspending_is_elsewhere() {
    let mut world = World::rotating();
    let message = world.refused(
        RotateSecret,
        json!({ "SecretId": "db", "ClientRequestToken": v(3) }),
        "InvalidRequestException",
    );
    assert_eq!(
        message,
        "A previous rotation isn't complete. That rotation will be reattempted."
    );
}

#[test]
fn fact_3_a_rotation_starts_if_awspending_is_on_awscurrents_version_or_nowhere() {
    let mut world = World::rotating();
    world.put(2, "two", &["AWSPENDING"]);
    world.promote(1, 2);
    assert_eq!(world.labels(), "1:PR 2:CUPE");
    world.rotate(3);
    assert_eq!(world.labels(), "1:PR 2:CU 3:PE");
    world.ok(
        UpdateSecretVersionStage,
        json!({ "SecretId": "db", "VersionStage": "AWSPENDING", "RemoveFromVersionId": v(3) }),
    );
    world.rotate(4);
    assert_eq!(world.labels(), "1:PR 2:CU 4:PE");
}

#[test]
fn a_repeated_rotate_secret_with_the_same_token_is_no_second_rotation() {
    let mut world = World::rotating();
    world.rotate(2);
    assert_eq!(world.labels(), "1:CU 2:PE");
    assert_eq!(world.state.find("db").unwrap().trail.len(), 1);
}

#[test]
fn fact_5_a_test_of_the_rotation_holds_the_existing_value() {
    let mut world = World::with_secret();
    world.ok(
        RotateSecret,
        json!({ "SecretId": "db", "RotationLambdaARN": FUNCTION, "ClientRequestToken": v(2), "RotateImmediately": false }),
    );
    let pending = world.ok(
        GetSecretValue,
        json!({ "SecretId": "db", "VersionStage": "AWSPENDING" }),
    );
    assert_eq!(pending["SecretString"], "one");
    let run = world.state.find("db").unwrap().unfinished.clone().unwrap();
    let arn = world.state.resolve("db").unwrap().to_owned();
    let now = world.now;
    assert!(
        world
            .state
            .change(&arn, |secret| Ok(rotate::succeed(
                secret,
                &run,
                PendingRemoval::default(),
                now
            )))
            .unwrap()
    );
    assert_eq!(world.labels(), "1:CU");
    world.refused(
        GetSecretValue,
        json!({ "SecretId": "db", "VersionId": v(2) }),
        "ResourceNotFoundException",
    );
    assert!(
        world.describe().get("LastRotatedDate").is_none(),
        "a test is no rotation"
    );
}

#[test]
fn fact_5_a_test_version_that_was_promoted_by_hand_stays() {
    let mut world = World::with_secret();
    let parameters = json!({ "SecretId": "db", "RotationLambdaARN": FUNCTION, "ClientRequestToken": v(2), "RotateImmediately": false });
    world.ok(RotateSecret, parameters);
    world.promote(1, 2);
    world.ok(CancelRotateSecret, json!({ "SecretId": "db" }));
    assert_eq!(world.labels(), "1:PR 2:CU");
}

#[test]
fn fact_7_a_version_written_by_hand_strips_awspending() {
    for operation in [PutSecretValue, UpdateSecret] {
        let mut world = World::rotating();
        world.put(2, "two", &["AWSPENDING"]);
        world.ok(
            operation,
            json!({ "SecretId": "db", "ClientRequestToken": v(3), "SecretString": "by hand" }),
        );
        assert_eq!(world.labels(), "1:PR 3:CU", "{operation}");
        let events = &world.state.find("db").unwrap().trail;
        assert_eq!(format!("{:?}", events.last().unwrap().name), "RotationAbandoned");
        world.rotate(4);
        assert_eq!(world.labels(), "1:PR 3:CU 4:PE");
    }
}

#[test]
fn fact_7_the_rotations_own_version_abandons_nothing() {
    let mut world = World::rotating();
    world.put(2, "two", &["AWSPENDING"]);
    assert_eq!(world.labels(), "1:CU 2:PE");
    assert!(world.state.find("db").unwrap().unfinished.is_some());
}

#[test]
fn fact_8_cancelling_leaves_awspending_behind_which_blocks_the_next_rotation() {
    let mut world = World::rotating();
    let answer = world.ok(CancelRotateSecret, json!({ "SecretId": "db" }));
    assert_eq!(answer["VersionId"], v(2));
    assert_eq!(world.labels(), "1:CU 2:PE");
    world.refused(
        RotateSecret,
        json!({ "SecretId": "db" }),
        "InvalidRequestException",
    );
    world.ok(
        UpdateSecretVersionStage,
        json!({ "SecretId": "db", "VersionStage": "AWSPENDING", "RemoveFromVersionId": v(2) }),
    );
    world.rotate(3);
    assert_eq!(world.labels(), "1:CU 3:PE");
}

#[test]
fn fact_8_a_cancelled_test_leaves_nothing_behind() {
    let mut world = World::with_secret();
    let parameters = json!({ "SecretId": "db", "RotationLambdaARN": FUNCTION, "ClientRequestToken": v(2), "RotateImmediately": false });
    world.ok(RotateSecret, parameters);
    world.ok(CancelRotateSecret, json!({ "SecretId": "db" }));
    assert_eq!(world.labels(), "1:CU");
}

#[test]
fn fact_9_rotation_enabled_is_absent_then_true_then_false() {
    let mut world = World::with_secret();
    assert_eq!(world.describe().get("RotationEnabled"), None);
    world.refused(
        CancelRotateSecret,
        json!({ "SecretId": "db" }),
        "InvalidRequestException",
    );
    world.rotate(2);
    assert_eq!(world.describe()["RotationEnabled"], true);
    world.ok(CancelRotateSecret, json!({ "SecretId": "db" }));
    let cancelled = world.describe();
    assert_eq!(cancelled["RotationEnabled"], false);
    assert_eq!(cancelled["RotationLambdaARN"], FUNCTION);
    assert_eq!(cancelled.get("NextRotationDate"), None);
}

#[test]
fn fact_18_the_schedule_shows_in_describe_secret() {
    let mut world = World::with_secret();
    let rotate = |rules: Json, version: u32| json!({ "SecretId": "db", "RotationLambdaARN": FUNCTION, "RotationRules": rules, "ClientRequestToken": v(version) });
    for wrong in [
        json!({ "AutomaticallyAfterDays": 0 }),
        json!({ "AutomaticallyAfterDays": 1, "ScheduleExpression": "rate(1 day)" }),
        json!({ "ScheduleExpression": "rate(1 hour)" }),
        json!({ "ScheduleExpression": "rate(4 hours)", "Duration": "5h" }),
    ] {
        world.refused(RotateSecret, rotate(wrong, 2), "InvalidParameterException");
    }
    assert_eq!(world.describe().get("RotationEnabled"), None);
    world.ok(
        RotateSecret,
        rotate(
            json!({ "ScheduleExpression": "cron(0 16 1 * ? *)", "Duration": "2h" }),
            2,
        ),
    );
    let description = world.describe();
    assert_eq!(
        description["RotationRules"],
        json!({ "ScheduleExpression": "cron(0 16 1 * ? *)", "Duration": "2h" })
    );
    // 2026-02-01T18:00:00Z, the end of the window.
    assert_eq!(description["NextRotationDate"], 1_769_968_800.0);
}

#[test]
fn fact_18_a_value_written_by_hand_counts_for_automatically_after_days() {
    let mut world = World::with_secret();
    let rules = json!({ "AutomaticallyAfterDays": 10 });
    world.ok(
        RotateSecret,
        json!({ "SecretId": "db", "RotationLambdaARN": FUNCTION, "RotationRules": rules }),
    );
    let before = world.describe()["NextRotationDate"].as_f64().unwrap();
    world.now += SignedDuration::from_hours(48);
    world.put(3, "by hand", &["AWSCURRENT"]);
    let after = world.describe()["NextRotationDate"].as_f64().unwrap();
    assert_eq!(Json::from(after - before), json!(172_800.0));
}

#[test]
fn fact_19_a_managed_secret_refuses_a_function() {
    let mut world = World::with_secret();
    let arn = world.state.resolve("db").unwrap().to_owned();
    world
        .state
        .change(&arn, |secret| {
            secret.owning_service = Some("rds".to_owned());
            Ok(())
        })
        .unwrap();
    let parameters = json!({ "SecretId": "db", "RotationLambdaARN": FUNCTION });
    world.refused(RotateSecret, parameters, "InvalidRequestException");
}
