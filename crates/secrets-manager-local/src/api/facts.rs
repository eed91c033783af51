//! The facts of the crate's README, on the pure state. Those that need a function or a connection are in `tests/`.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use staging_labels::VersionId;

use super::Operation::{self, *};
use super::{Context, perform};
use crate::state::{ApiError, State};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:rotate";

/// A Secrets Manager without a server, at a time that the test sets.
struct World {
    state: State,
    now: Timestamp,
    ids: u32,
}

impl World {
    fn new() -> Self {
        Self {
            state: State::default(),
            now: "2026-01-15T12:30:00Z".parse().unwrap(),
            ids: 0,
        }
    }

    /// A world with the secret `db`, whose AWSCURRENT is version 1.
    fn with_secret() -> Self {
        let mut world = Self::new();
        world.ok(
            CreateSecret,
            json!({ "Name": "db", "SecretString": "one", "ClientRequestToken": v(1) }),
        );
        world
    }

    /// The same, in a rotation that makes version 2.
    fn rotating() -> Self {
        let mut world = Self::with_secret();
        world.rotate(2);
        world
    }

    fn call(&mut self, operation: Operation, parameters: Json) -> Result<Json, ApiError> {
        self.ids += 1;
        let context = Context {
            now: self.now,
            fresh_token: VersionId::stored(format!("fresh-{:026}", self.ids)),
            arn_suffix: format!("{:06}", self.ids),
            rotation_token: format!("rotation-token-{:021}", self.ids),
            may_invoke: &|arn| arn == FUNCTION,
        };
        let Json::Object(members) = parameters else {
            panic!("parameters are an object")
        };
        perform(operation, &members, &mut self.state, &context).map(|answer| answer.body)
    }

    #[track_caller]
    fn ok(&mut self, operation: Operation, parameters: Json) -> Json {
        self.call(operation, parameters).unwrap()
    }

    #[track_caller]
    fn refused(&mut self, operation: Operation, parameters: Json, code: &str) -> String {
        let before = self.labels();
        let error = self.call(operation, parameters).unwrap_err();
        assert_eq!(error.code.as_str(), code, "{}", error.message);
        assert_eq!(self.labels(), before, "a refusal changes nothing");
        error.message
    }

    fn rotate(&mut self, version: u32) -> Json {
        self.ok(
            RotateSecret,
            json!({ "SecretId": "db", "RotationLambdaARN": FUNCTION, "ClientRequestToken": v(version) }),
        )
    }

    fn put(&mut self, version: u32, value: &str, stages: &[&str]) -> Json {
        self.ok(
            PutSecretValue,
            json!({ "SecretId": "db", "ClientRequestToken": v(version), "SecretString": value, "VersionStages": stages }),
        )
    }

    fn promote(&mut self, from: u32, to: u32) {
        self.ok(
            UpdateSecretVersionStage,
            json!({ "SecretId": "db", "VersionStage": "AWSCURRENT", "RemoveFromVersionId": v(from), "MoveToVersionId": v(to) }),
        );
    }

    fn describe(&mut self) -> Json {
        self.ok(DescribeSecret, json!({ "SecretId": "db" }))
    }

    /// `1:C 2:P`, the labels by version.
    fn labels(&mut self) -> String {
        let Ok(description) = self.call(DescribeSecret, json!({ "SecretId": "db" })) else {
            return "gone".to_owned();
        };
        let versions = description["VersionIdsToStages"].as_object().unwrap();
        let one = |(id, stages): (&String, &Json)| {
            let letters: String = stages
                .as_array()
                .unwrap()
                .iter()
                .map(|stage| stage.as_str().unwrap().replace("AWS", "")[..2].to_owned())
                .collect();
            format!("{}:{letters}", id.trim_start_matches('0'))
        };
        versions.iter().map(one).collect::<Vec<_>>().join(" ")
    }
}

/// The id of version `n`: 32 digits.
fn v(n: u32) -> String {
    format!("{n:032}")
}

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
            .change(&arn, |secret| Ok(secret.succeed(&run, now)))
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
    assert_eq!(world.labels(), "1:CU 2:PEPR");
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
        json!({ "PasswordLength": 0 }),
        json!({ "PasswordLength": -1 }),
        json!({ "PasswordLength": 4097 }),
        json!({ "PasswordLength": 3 }),
        json!({ "ExcludeLowercase": true, "ExcludeUppercase": true, "ExcludePunctuation": true, "ExcludeNumbers": true }),
    ] {
        assert_eq!(
            password(wrong.clone()).unwrap_err().code.as_str(),
            "InvalidParameterException",
            "{wrong}"
        );
    }
    assert_eq!(
        password(json!({ "PasswordLength": 3, "RequireEachIncludedType": false }))
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn fact_17_a_secret_marked_for_deletion_refuses_all_but_describe_restore_and_delete() {
    let mut world = World::with_secret();
    world.ok(
        DeleteSecret,
        json!({ "SecretId": "db", "RecoveryWindowInDays": 7 }),
    );
    let id = |more: Json| {
        let mut parameters = json!({ "SecretId": "db" });
        parameters
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        parameters
    };
    for (operation, more) in [
        (GetSecretValue, json!({})),
        (PutSecretValue, json!({ "SecretString": "x" })),
        (UpdateSecret, json!({ "Description": "x" })),
        (
            UpdateSecretVersionStage,
            json!({ "VersionStage": "x", "MoveToVersionId": v(1) }),
        ),
        (ListSecretVersionIds, json!({})),
        (RotateSecret, json!({ "RotationLambdaARN": FUNCTION })),
        (CancelRotateSecret, json!({})),
        (TagResource, json!({ "Tags": [] })),
        (UntagResource, json!({ "TagKeys": [] })),
        (GetResourcePolicy, json!({})),
        (DeleteResourcePolicy, json!({})),
        (
            ReplicateSecretToRegions,
            json!({ "AddReplicaRegions": [{ "Region": "eu-west-1" }] }),
        ),
    ] {
        world.refused(operation, id(more), "InvalidRequestException");
    }
    world.refused(CreateSecret, json!({ "Name": "db" }), "InvalidRequestException");
    assert!(world.describe()["DeletedDate"].is_f64());
    world.ok(DeleteSecret, json!({ "SecretId": "db" }));
    world.ok(RestoreSecret, json!({ "SecretId": "db" }));
    world.ok(GetSecretValue, json!({ "SecretId": "db" }));
}

#[test]
fn fact_17_the_recovery_window_is_7_to_30_days_and_then_the_secret_is_gone() {
    let mut world = World::with_secret();
    for days in [6, 31, 0] {
        let parameters = json!({ "SecretId": "db", "RecoveryWindowInDays": days });
        world.refused(DeleteSecret, parameters, "InvalidParameterException");
    }
    let both = json!({ "SecretId": "db", "RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": true });
    world.refused(DeleteSecret, both, "InvalidParameterException");
    world.ok(DeleteSecret, json!({ "SecretId": "db" }));
    world.now += SignedDuration::from_hours(30 * 24 - 1);
    world.describe();
    world.now += SignedDuration::from_hours(1);
    world.refused(
        DescribeSecret,
        json!({ "SecretId": "db" }),
        "ResourceNotFoundException",
    );
}

#[test]
fn fact_17_a_forced_deletion_is_at_once_and_the_name_is_free() {
    let mut world = World::with_secret();
    world.ok(
        DeleteSecret,
        json!({ "SecretId": "db", "ForceDeleteWithoutRecovery": true }),
    );
    world.ok(CreateSecret, json!({ "Name": "db" }));
}

#[test]
fn fact_17_a_replica_refuses_rotation() {
    let mut world = World::with_secret();
    let arn = world.state.resolve("db").unwrap().to_owned();
    world
        .state
        .change(&arn, |secret| {
            secret.primary_region = Some("eu-west-1".to_owned());
            Ok(())
        })
        .unwrap();
    for (operation, parameters) in [
        (
            RotateSecret,
            json!({ "SecretId": "db", "RotationLambdaARN": FUNCTION }),
        ),
        (PutSecretValue, json!({ "SecretId": "db", "SecretString": "x" })),
        (
            UpdateSecretVersionStage,
            json!({ "SecretId": "db", "VersionStage": "x", "MoveToVersionId": v(1) }),
        ),
    ] {
        world.refused(operation, parameters, "InvalidRequestException");
    }
    world.ok(GetSecretValue, json!({ "SecretId": "db" }));
}

#[test]
fn fact_17_replicas_follow_later_and_two_moves_close_together_leave_one_stuck() {
    let mut world = World::with_secret();
    let status = |world: &mut World| {
        world.describe()["ReplicationStatus"][0]["Status"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    world.ok(
        ReplicateSecretToRegions,
        json!({ "SecretId": "db", "AddReplicaRegions": [{ "Region": "eu-west-1" }] }),
    );
    assert_eq!(status(&mut world), "InProgress");
    world.now += SignedDuration::from_secs(5);
    assert_eq!(status(&mut world), "InSync");
    world.put(2, "two", &["AWSCURRENT"]);
    assert_eq!(status(&mut world), "InProgress");
    world.now += SignedDuration::from_secs(1);
    world.put(3, "three", &["AWSCURRENT"]);
    world.now += SignedDuration::from_secs(60);
    assert_eq!(status(&mut world), "Failed");
    world.refused(
        DeleteSecret,
        json!({ "SecretId": "db" }),
        "InvalidRequestException",
    );
    world.ok(
        RemoveRegionsFromReplication,
        json!({ "SecretId": "db", "RemoveReplicaRegions": ["eu-west-1"] }),
    );
    world.ok(DeleteSecret, json!({ "SecretId": "db" }));
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
    let next: Timestamp = "2026-02-01T18:00:00Z".parse().unwrap();
    assert_eq!(description["NextRotationDate"], super::epoch(next));
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

#[test]
fn a_function_that_is_not_there_is_refused_before_anything_changes() {
    let mut world = World::with_secret();
    let parameters = json!({ "SecretId": "db", "RotationLambdaARN": format!("{FUNCTION}-not") });
    world.refused(RotateSecret, parameters, "ResourceNotFoundException");
    world.refused(
        RotateSecret,
        json!({ "SecretId": "db" }),
        "InvalidRequestException",
    );
    assert_eq!(world.describe().get("RotationEnabled"), None);
}

#[test]
fn creating_again_with_the_same_token_and_value_is_a_repeat() {
    let mut world = World::with_secret();
    let create = |token: String, value: &str| json!({ "Name": "db", "SecretString": value, "ClientRequestToken": token });
    assert_eq!(world.ok(CreateSecret, create(v(1), "one"))["VersionId"], v(1));
    world.refused(CreateSecret, create(v(1), "two"), "ResourceExistsException");
    world.refused(CreateSecret, create(v(2), "one"), "ResourceExistsException");
    world.refused(CreateSecret, json!({ "Name": "a name" }), "ValidationException");
    world.refused(CreateSecret, json!({}), "ValidationException");
    world.refused(CreateSecret, json!({ "Name": 7 }), "SerializationException");
}

#[test]
fn a_secret_is_found_by_name_by_arn_and_by_partial_arn() {
    let mut world = World::with_secret();
    let arn = world.describe()["ARN"].as_str().unwrap().to_owned();
    let partial = &arn[..arn.len() - 7];
    for id in ["db", &arn, partial] {
        assert_eq!(
            world.ok(DescribeSecret, json!({ "SecretId": id }))["ARN"],
            arn.as_str()
        );
    }
    for id in [
        "d",
        &arn[..arn.len() - 1],
        &format!("{partial}-"),
        "arn:aws:secretsmanager:us-east-1:000000000000:secret:é",
    ] {
        world.refused(
            DescribeSecret,
            json!({ "SecretId": id }),
            "ResourceNotFoundException",
        );
    }
}

#[test]
fn update_secret_changes_metadata_and_writes_a_version_only_with_a_value() {
    let mut world = World::with_secret();
    let answer = world.ok(
        UpdateSecret,
        json!({ "SecretId": "db", "Description": "the database" }),
    );
    assert_eq!(answer.get("VersionId"), None);
    let answer = world.ok(
        UpdateSecret,
        json!({ "SecretId": "db", "SecretBinary": "AAEC", "ClientRequestToken": v(2) }),
    );
    assert_eq!(answer["VersionId"], v(2));
    assert_eq!(world.describe()["Description"], "the database");
    let value = world.ok(GetSecretValue, json!({ "SecretId": "db" }));
    assert_eq!(
        (&value["SecretBinary"], value.get("SecretString")),
        (&json!("AAEC"), None)
    );
}

#[test]
fn secrets_are_listed_by_filters_and_pages() {
    let mut world = World::new();
    for (name, description, team) in [
        ("prod/db", "The Orders", "a"),
        ("prod/key", "the key", "b"),
        ("dev/db", "orders", "a"),
    ] {
        world.ok(
            CreateSecret,
            json!({ "Name": name, "Description": description, "Tags": [{ "Key": "team", "Value": team }] }),
        );
        world.now += SignedDuration::from_secs(1);
    }
    let mut names = |more: Json| {
        let answer = world.ok(ListSecrets, more);
        let names: Vec<_> = answer["SecretList"]
            .as_array()
            .unwrap()
            .iter()
            .map(|secret| secret["Name"].as_str().unwrap().to_owned())
            .collect();
        (names.join(" "), answer.get("NextToken").cloned())
    };
    let by = |key: &str, value: &str| json!({ "Filters": [{ "Key": key, "Values": [value] }] });
    assert_eq!(names(json!({})).0, "prod/db prod/key dev/db");
    assert_eq!(
        names(json!({ "SortBy": "name", "SortOrder": "desc" })).0,
        "prod/key prod/db dev/db"
    );
    assert_eq!(names(by("name", "prod/")).0, "prod/db prod/key");
    assert_eq!(names(by("name", "!prod/")).0, "dev/db");
    assert_eq!(names(by("description", "THE ")).0, "prod/db prod/key");
    assert_eq!(names(by("tag-value", "a")).0, "prod/db dev/db");
    assert_eq!(names(by("all", "orders db")).0, "prod/db dev/db");
    let (first, next) = names(json!({ "MaxResults": 2 }));
    assert_eq!(first, "prod/db prod/key");
    assert_eq!(
        names(json!({ "MaxResults": 2, "NextToken": next.unwrap() })),
        ("dev/db".to_owned(), None)
    );
    world.refused(
        ListSecrets,
        json!({ "NextToken": "nonsense" }),
        "InvalidNextTokenException",
    );
    world.refused(ListSecrets, by("colour", "red"), "ValidationException");
    let batch = world.ok(BatchGetSecretValue, by("name", "prod/"));
    assert_eq!(batch["Errors"].as_array().unwrap().len(), 2, "no values");
}

#[test]
fn a_batch_answers_what_it_can_and_names_what_it_cannot() {
    let mut world = World::with_secret();
    let answer = world.ok(BatchGetSecretValue, json!({ "SecretIdList": ["db", "nope"] }));
    assert_eq!(answer["SecretValues"][0]["SecretString"], "one");
    assert_eq!(answer["Errors"][0]["ErrorCode"], "ResourceNotFoundException");
    world.refused(BatchGetSecretValue, json!({}), "InvalidParameterException");
}

#[test]
fn versions_are_listed_in_pages() {
    let mut world = World::with_secret();
    world.put(2, "two", &["AWSCURRENT"]);
    let first = world.ok(ListSecretVersionIds, json!({ "SecretId": "db", "MaxResults": 1 }));
    assert_eq!(first["Versions"][0]["VersionId"], v(2));
    let second = world.ok(
        ListSecretVersionIds,
        json!({ "SecretId": "db", "MaxResults": 1, "NextToken": first["NextToken"] }),
    );
    assert_eq!(second["Versions"][0]["VersionId"], v(1));
    assert_eq!(second.get("NextToken"), None);
}

#[test]
fn tags_are_added_replaced_and_removed() {
    let mut world = World::with_secret();
    world.ok(
        TagResource,
        json!({ "SecretId": "db", "Tags": [{ "Key": "a", "Value": "1" }, { "Key": "b", "Value": "2" }] }),
    );
    world.ok(
        TagResource,
        json!({ "SecretId": "db", "Tags": [{ "Key": "a", "Value": "3" }] }),
    );
    world.ok(UntagResource, json!({ "SecretId": "db", "TagKeys": ["b", "c"] }));
    assert_eq!(world.describe()["Tags"], json!([{ "Key": "a", "Value": "3" }]));
}

#[test]
fn policies_are_kept_checked_and_removed() {
    let mut world = World::with_secret();
    let policy = |principal: Json| {
        json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": principal, "Action": "secretsmanager:GetSecretValue", "Resource": "*" }] }).to_string()
    };
    let (private, public) = (
        policy(json!({ "AWS": "arn:aws:iam::000000000000:root" })),
        policy(json!("*")),
    );
    let put = |text: &str| json!({ "SecretId": "db", "ResourcePolicy": text, "BlockPublicPolicy": true });
    world.refused(PutResourcePolicy, put("{"), "MalformedPolicyDocumentException");
    world.refused(
        PutResourcePolicy,
        put("{\"Statement\":[]}"),
        "MalformedPolicyDocumentException",
    );
    world.refused(PutResourcePolicy, put(&public), "PublicPolicyException");
    world.ok(PutResourcePolicy, put(&private));
    assert_eq!(
        world.ok(GetResourcePolicy, json!({ "SecretId": "db" }))["ResourcePolicy"],
        private
    );
    let validate = |text: &str| json!({ "ResourcePolicy": text });
    assert_eq!(
        world.ok(ValidateResourcePolicy, validate(&private))["PolicyValidationPassed"],
        true
    );
    assert_eq!(
        world.ok(ValidateResourcePolicy, validate(&public))["PolicyValidationPassed"],
        false
    );
    world.ok(DeleteResourcePolicy, json!({ "SecretId": "db" }));
    assert_eq!(
        world
            .ok(GetResourcePolicy, json!({ "SecretId": "db" }))
            .get("ResourcePolicy"),
        None
    );
}
