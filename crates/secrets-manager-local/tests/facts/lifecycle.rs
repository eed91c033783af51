//! A secret from its creation to its end: fact 17, metadata, tags and policies.

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::{FUNCTION, World, v};
use crate::api::Operation::*;

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
fn fact_17_a_replica_refuses_rotation_and_every_other_write() {
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
        (UpdateSecret, json!({ "SecretId": "db", "SecretString": "x" })),
        (UpdateSecret, json!({ "SecretId": "db", "Description": "x" })),
        (CancelRotateSecret, json!({ "SecretId": "db" })),
        (DeleteSecret, json!({ "SecretId": "db" })),
        (
            DeleteSecret,
            json!({ "SecretId": "db", "ForceDeleteWithoutRecovery": true }),
        ),
        (RestoreSecret, json!({ "SecretId": "db" })),
        (
            TagResource,
            json!({ "SecretId": "db", "Tags": [{ "Key": "k", "Value": "v" }] }),
        ),
        (UntagResource, json!({ "SecretId": "db", "TagKeys": ["k"] })),
        (
            PutResourcePolicy,
            json!({ "SecretId": "db", "ResourcePolicy": r#"{"Statement":{"Effect":"Allow","Action":"*","Principal":"*"}}"# }),
        ),
        (DeleteResourcePolicy, json!({ "SecretId": "db" })),
        (
            ReplicateSecretToRegions,
            json!({ "SecretId": "db", "AddReplicaRegions": [{ "Region": "us-west-2" }] }),
        ),
        (
            RemoveRegionsFromReplication,
            json!({ "SecretId": "db", "RemoveReplicaRegions": ["us-west-2"] }),
        ),
    ] {
        let message = world.refused(operation, parameters, "InvalidParameterException");
        assert_eq!(
            message,
            "Operation not permitted on a replica secret. Call must be made in primary secret's region."
        );
    }
    world.ok(GetSecretValue, json!({ "SecretId": "db" }));
    world.ok(UpdateSecret, json!({ "SecretId": "db", "KmsKeyId": "alias/own" }));
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
    world.ok(
        RemoveRegionsFromReplication,
        json!({ "SecretId": "db", "RemoveReplicaRegions": ["eu-west-1"] }),
    );
    world.ok(DeleteSecret, json!({ "SecretId": "db" }));
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
