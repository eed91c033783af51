//! Versions, labels and passwords: facts 10 to 15.

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::{World, v};
use crate::api::Operation::*;
use crate::state::ApiError;

#[test]
fn fact_10_a_stale_state_is_the_one_before_the_last_write() {
    let mut world = World::rotating();
    world.put(2, "two", &["AWSPENDING"]);
    let mut stale = World {
        state: world.state.before_last_writes(),
        ..World::new()
    };
    assert_eq!(stale.labels(), "1:CU 2:PE");
    stale.refused(
        GetSecretValue,
        json!({ "SecretId": "db", "VersionId": v(2) }),
        "ResourceNotFoundException",
    );
    world.promote(1, 2);
    let mut stale = World {
        state: world.state.before_last_writes(),
        ..World::new()
    };
    assert_eq!(stale.labels(), "1:CU 2:PE");
    stale.ok(GetSecretValue, json!({ "SecretId": "db", "VersionId": v(2) }));
}

#[test]
fn fact_10_a_secret_is_not_there_before_it_was_created() {
    let world = World::with_secret();
    let mut stale = World {
        state: world.state.before_last_writes(),
        ..World::new()
    };
    stale.refused(
        DescribeSecret,
        json!({ "SecretId": "db" }),
        "ResourceNotFoundException",
    );
}

#[test]
fn fact_11_a_put_without_stages_moves_awscurrent() {
    let mut world = World::with_secret();
    let put = json!({ "SecretId": "db", "ClientRequestToken": v(2), "SecretString": "two" });
    assert_eq!(
        world.ok(PutSecretValue, put)["VersionStages"],
        json!(["AWSCURRENT"])
    );
    assert_eq!(world.labels(), "1:PR 2:CU");
}

#[test]
fn fact_11_a_put_without_stages_promotes_the_pending_version_too() {
    let mut world = World::rotating();
    world.ok(
        PutSecretValue,
        json!({ "SecretId": "db", "ClientRequestToken": v(2), "SecretString": "two" }),
    );
    assert_eq!(world.labels(), "1:PR 2:CUPE");
}

#[test]
fn fact_11_the_same_content_again_is_a_no_op_and_different_content_is_refused() {
    let mut world = World::rotating();
    world.put(2, "two", &["AWSPENDING"]);
    let same = json!({ "SecretId": "db", "ClientRequestToken": v(2), "SecretString": "two" });
    assert_eq!(
        world.ok(PutSecretValue, same)["VersionStages"],
        json!(["AWSPENDING"])
    );
    assert_eq!(world.labels(), "1:CU 2:PE", "not even the labels move");
    let other = json!({ "SecretId": "db", "ClientRequestToken": v(2), "SecretString": "three" });
    world.refused(PutSecretValue, other.clone(), "ResourceExistsException");
    world.refused(UpdateSecret, other, "ResourceExistsException");
    let as_binary = json!({ "SecretId": "db", "ClientRequestToken": v(2), "SecretBinary": "dHdv" });
    world.refused(PutSecretValue, as_binary, "ResourceExistsException");
}

#[test]
fn fact_11_the_limits_of_token_value_and_labels() {
    let mut world = World::with_secret();
    let put = |token: &str, value: &str| json!({ "SecretId": "db", "ClientRequestToken": token, "SecretString": value });
    for length in [31, 65] {
        world.refused(
            PutSecretValue,
            put(&"t".repeat(length), "x"),
            "InvalidParameterException",
        );
    }
    world.refused(PutSecretValue, put(&v(2), ""), "ValidationException");
    let message = world.refused(
        PutSecretValue,
        put(&v(2), &"canary".repeat(20_000)),
        "ValidationException",
    );
    assert!(!message.contains("canary"));
    world.refused(
        PutSecretValue,
        put(&v(2), &"é".repeat(32_769)),
        "ValidationException",
    );
    world.ok(PutSecretValue, put(&v(2), &"é".repeat(32_768)));
    let labels: Vec<String> = (0..21).map(|n| format!("label{n}")).collect();
    let with = |labels: &[String]| json!({ "SecretId": "db", "ClientRequestToken": v(3), "SecretString": "x", "VersionStages": labels });
    world.refused(PutSecretValue, with(&labels), "ValidationException");
    world.ok(PutSecretValue, with(&labels[..20]));
    let one_more = json!({ "SecretId": "db", "VersionStage": "label20", "MoveToVersionId": v(3) });
    world.refused(UpdateSecretVersionStage, one_more, "LimitExceededException");
}

#[test]
fn fact_11_awspending_moves_to_the_version_it_is_put_on() {
    let mut world = World::with_secret();
    world.put(2, "two", &["AWSPENDING"]);
    world.put(3, "three", &["AWSPENDING", "mine"]);
    let versions = world.ok(
        ListSecretVersionIds,
        json!({ "SecretId": "db", "IncludeDeprecated": true }),
    );
    assert_eq!(versions["Versions"].as_array().unwrap().len(), 3);
    assert_eq!(world.labels(), "1:CU 3:PEmi");
}

#[test]
fn fact_11_neither_or_both_kinds_of_value_are_refused() {
    let mut world = World::with_secret();
    world.refused(
        PutSecretValue,
        json!({ "SecretId": "db" }),
        "InvalidRequestException",
    );
    let both = json!({ "SecretId": "db", "SecretString": "x", "SecretBinary": "eA==" });
    world.refused(PutSecretValue, both, "InvalidParameterException");
}

#[test]
fn fact_12_the_version_that_loses_awscurrent_gets_awsprevious() {
    let mut world = World::rotating();
    world.put(2, "two", &["AWSPENDING"]);
    world.promote(1, 2);
    assert_eq!(world.labels(), "1:PR 2:CUPE");
    world.promote(2, 1);
    assert_eq!(world.labels(), "1:CU 2:PR");
}

#[test]
fn fact_12_the_remove_from_version_must_be_the_one_that_has_the_label() {
    let mut world = World::with_secret();
    world.put(2, "two", &["AWSPENDING"]);
    let update = |from: Json, to: Json| json!({ "SecretId": "db", "VersionStage": "AWSCURRENT", "RemoveFromVersionId": from, "MoveToVersionId": to });
    let message = world.refused(
        UpdateSecretVersionStage,
        update(Json::Null, json!(v(2))),
        "InvalidParameterException",
    );
    assert!(message.contains(&v(1)), "{message}");
    world.refused(
        UpdateSecretVersionStage,
        update(json!(v(2)), json!(v(2))),
        "InvalidParameterException",
    );
    world.refused(
        UpdateSecretVersionStage,
        update(json!(v(9)), json!(v(2))),
        "InvalidParameterException",
    );
    world.refused(
        UpdateSecretVersionStage,
        update(json!(v(1)), json!(v(9))),
        "ResourceNotFoundException",
    );
    world.refused(
        UpdateSecretVersionStage,
        update(json!(v(1)), Json::Null),
        "InvalidParameterException",
    );
    world.refused(
        UpdateSecretVersionStage,
        update(Json::Null, Json::Null),
        "InvalidParameterException",
    );
    world.ok(UpdateSecretVersionStage, update(Json::Null, json!(v(1))));
    assert_eq!(world.labels(), "1:CU 2:PE");
}

#[test]
fn fact_12_a_label_that_nobody_has_needs_no_remove_from_version() {
    let mut world = World::with_secret();
    world.ok(
        UpdateSecretVersionStage,
        json!({ "SecretId": "db", "VersionStage": "mine", "MoveToVersionId": v(1) }),
    );
    assert_eq!(world.labels(), "1:CUmi");
    let wrong = json!({ "SecretId": "db", "VersionStage": "other", "MoveToVersionId": v(1), "RemoveFromVersionId": v(1) });
    world.refused(UpdateSecretVersionStage, wrong, "InvalidParameterException");
    let nowhere = json!({ "SecretId": "db", "VersionStage": "other", "RemoveFromVersionId": v(1) });
    world.refused(UpdateSecretVersionStage, nowhere, "InvalidParameterException");
}

#[test]
fn fact_13_reading_by_version_and_stage() {
    let mut world = World::with_secret();
    let both = |version: u32, stage: &str| json!({ "SecretId": "db", "VersionId": v(version), "VersionStage": stage });
    world.ok(GetSecretValue, both(1, "AWSCURRENT"));
    world.refused(GetSecretValue, both(1, "AWSPENDING"), "InvalidRequestException");
    world.refused(GetSecretValue, both(9, "AWSPENDING"), "ResourceNotFoundException");
    world.refused(
        GetSecretValue,
        json!({ "SecretId": "db", "VersionStage": "AWSPREVIOUS" }),
        "ResourceNotFoundException",
    );
    world.refused(
        GetSecretValue,
        json!({ "SecretId": "nope" }),
        "ResourceNotFoundException",
    );
    world.ok(CreateSecret, json!({ "Name": "empty" }));
    world.refused(
        GetSecretValue,
        json!({ "SecretId": "empty" }),
        "ResourceNotFoundException",
    );
}

#[test]
fn fact_14_a_deprecated_version_is_still_read_by_its_id() {
    let mut world = World::with_secret();
    world.put(2, "two", &["AWSPENDING"]);
    world.put(3, "three", &["AWSPENDING"]);
    let read = world.ok(GetSecretValue, json!({ "SecretId": "db", "VersionId": v(2) }));
    assert_eq!(read["SecretString"], "two");
    assert_eq!(read.get("VersionStages"), None);
    let count = |world: &mut World, deprecated: bool| {
        let listed = world.ok(
            ListSecretVersionIds,
            json!({ "SecretId": "db", "IncludeDeprecated": deprecated }),
        );
        listed["Versions"].as_array().unwrap().len()
    };
    assert_eq!((count(&mut world, false), count(&mut world, true)), (2, 3));
}

#[test]
fn fact_14_deprecated_versions_go_past_100_and_a_day() {
    let mut world = World::with_secret();
    let count = |world: &World| world.state.find("db").unwrap().versions.len();
    for version in 2..=120 {
        world.put(version, "x", &["AWSCURRENT"]);
    }
    assert_eq!(count(&world), 120, "younger than a day");
    world.now += SignedDuration::from_hours(25);
    world.put(121, "x", &["AWSCURRENT"]);
    assert_eq!(count(&world), 100);
    world.refused(
        GetSecretValue,
        json!({ "SecretId": "db", "VersionId": v(1) }),
        "ResourceNotFoundException",
    );
    world.ok(GetSecretValue, json!({ "SecretId": "db", "VersionId": v(120) }));
}

#[test]
fn fact_15_random_passwords() {
    let mut world = World::new();
    let mut password = |parameters: Json| {
        let answer = world.call(GetRandomPassword, parameters)?;
        Ok::<_, ApiError>(answer["RandomPassword"].as_str().unwrap().to_owned())
    };
    assert_eq!(password(json!({})).unwrap().chars().count(), 32);
    let digits = json!({ "ExcludeLowercase": true, "ExcludeUppercase": true, "ExcludePunctuation": true, "PasswordLength": 4096 });
    assert!(password(digits).unwrap().chars().all(|c| c.is_ascii_digit()));
    let short = password(json!({ "PasswordLength": 4 })).unwrap();
    assert!(
        short.chars().any(|c| c.is_ascii_uppercase()) && short.chars().any(|c| c.is_ascii_digit()),
        "{short}"
    );
    for wrong in [
        json!({ "PasswordLength": 3 }),
        json!({ "ExcludeLowercase": true, "ExcludeUppercase": true, "ExcludePunctuation": true, "ExcludeNumbers": true }),
    ] {
        assert_eq!(
            password(wrong.clone()).unwrap_err().code.as_str(),
            "InvalidParameterException",
            "{wrong}"
        );
    }
    for beyond in [0, -1, 4097] {
        let refused = password(json!({ "PasswordLength": beyond })).unwrap_err();
        assert_eq!(refused.code.as_str(), "ValidationException", "{beyond}");
    }
    assert_eq!(
        password(json!({ "PasswordLength": 3, "RequireEachIncludedType": false }))
            .unwrap()
            .len(),
        3
    );
}
