//! What was recorded on AWS: facts 23 to 33; and fact 34, which the service model has.

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::{FUNCTION, World, v};
use crate::api::Operation::{self, *};
use crate::state::{PendingRemoval, State, rotate};

const ALL: [PendingRemoval; 3] = [
    PendingRemoval::WhenComplete,
    PendingRemoval::WithMove,
    PendingRemoval::Never,
];

impl World {
    /// The same as `rotating`, with this option.
    fn rotating_with(removal: PendingRemoval) -> Self {
        let mut world = Self::new();
        world.state = State::new(removal);
        world.ok(
            CreateSecret,
            json!({ "Name": "db", "SecretString": "one", "ClientRequestToken": v(1) }),
        );
        world.rotate(2);
        world
    }

    /// The rotation that runs has ended well.
    fn complete(&mut self, removal: PendingRemoval) {
        let run = self.state.find("db").unwrap().unfinished.clone().unwrap();
        let arn = self.state.resolve("db").unwrap().to_owned();
        let now = self.now;
        let succeeded = self
            .state
            .change(&arn, |secret| Ok(rotate::succeed(secret, &run, removal, now)));
        assert_eq!(succeeded, Ok(true));
    }

    fn tags(&mut self) -> Json {
        self.describe()["Tags"].clone()
    }
}

#[test]
fn fact_23_the_version_that_loses_awscurrent_loses_awspending_too() {
    let by_hand = |operation: Operation| {
        let mut world = World::rotating_with(PendingRemoval::Never);
        world.put(2, "two", &["AWSPENDING"]);
        world.promote(1, 2);
        world.complete(PendingRemoval::Never);
        assert_eq!(world.labels(), "1:PR 2:CUPE");
        if operation == UpdateSecretVersionStage {
            world.put(3, "three", &["MINE"]);
            world.promote(2, 3);
        } else {
            let value = json!({ "SecretId": "db", "SecretString": "three", "ClientRequestToken": v(3) });
            world.ok(operation, value);
        }
        world
    };
    for operation in [PutSecretValue, UpdateSecret, UpdateSecretVersionStage] {
        let mut world = by_hand(operation);
        let labels = world.labels();
        assert!(labels.starts_with("2:PR 3:CU"), "{operation}: {labels}");
        // So that a write by hand after a good rotation does not refuse all that follow (fact 3).
        world.rotate(4);
    }
}

#[test]
fn fact_24_when_awspending_leaves_is_an_option_with_three_values() {
    for (removal, after_move, in_the_end) in [
        (PendingRemoval::WhenComplete, "1:PR 2:CUPE", "1:PR 2:CU"),
        (PendingRemoval::WithMove, "1:PR 2:CU", "1:PR 2:CU"),
        (PendingRemoval::Never, "1:PR 2:CUPE", "1:PR 2:CUPE"),
    ] {
        let mut world = World::rotating_with(removal);
        world.put(2, "two", &["AWSPENDING"]);
        world.promote(1, 2);
        assert_eq!(world.labels(), after_move, "{removal:?}");
        world.complete(removal);
        assert_eq!(world.labels(), in_the_end, "{removal:?}");
        world.rotate(3);
        assert_eq!(world.labels(), "1:PR 2:CU 3:PE", "{removal:?}");
    }
}

#[test]
fn fact_24_a_rotation_whose_label_left_with_the_move_is_still_attempted_again() {
    for removal in ALL {
        let mut world = World::rotating_with(removal);
        world.put(2, "two", &["AWSPENDING"]);
        world.promote(1, 2);
        let events = world.state.find("db").unwrap().trail.len();
        world.rotate(2);
        assert!(
            world.state.find("db").unwrap().unfinished.is_some(),
            "{removal:?}"
        );
        assert_eq!(world.state.find("db").unwrap().trail.len(), events, "{removal:?}");
    }
}

#[test]
fn fact_25_a_request_needs_a_token_and_the_code_depends_on_the_operation() {
    for (operation, parameters, code) in [
        (
            CreateSecret,
            json!({ "Name": "new", "SecretString": "x" }),
            "InvalidRequestException",
        ),
        (
            UpdateSecret,
            json!({ "SecretId": "db", "SecretString": "x" }),
            "InvalidRequestException",
        ),
        (
            PutSecretValue,
            json!({ "SecretId": "db", "SecretString": "x" }),
            "InvalidRequestException",
        ),
        (
            RotateSecret,
            json!({ "SecretId": "db", "RotationLambdaARN": FUNCTION }),
            "InvalidParameterException",
        ),
    ] {
        let mut parameters = parameters;
        parameters["ClientRequestToken"] = Json::Null;
        let message = World::with_secret().refused(operation, parameters, code);
        assert_eq!(
            message,
            "You must provide a ClientRequestToken value. We recommend a UUID-type value."
        );
    }
}

#[test]
fn fact_26_a_secret_id_that_can_be_no_name_is_refused_by_every_operation() {
    for id in ["Inv Name", " db", "db ", "d\u{e9}", "a:b"] {
        for operation in [
            CancelRotateSecret,
            DeleteResourcePolicy,
            DeleteSecret,
            DescribeSecret,
            GetResourcePolicy,
            GetSecretValue,
            ListSecretVersionIds,
            PutResourcePolicy,
            PutSecretValue,
            RemoveRegionsFromReplication,
            ReplicateSecretToRegions,
            RestoreSecret,
            RotateSecret,
            TagResource,
            UntagResource,
            UpdateSecret,
            UpdateSecretVersionStage,
        ] {
            // What some of them need as well; the others ignore it.
            let parameters = json!({
                "SecretId": id, "ResourcePolicy": "{}", "VersionStage": "AWSPENDING", "TagKeys": [], "Tags": [],
                "AddReplicaRegions": [{ "Region": "eu-west-1" }], "RemoveReplicaRegions": ["eu-west-1"],
            });
            let message = World::with_secret().refused(operation, parameters, "ValidationException");
            assert_eq!(
                message,
                "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
                "{operation}"
            );
        }
    }
}

#[test]
fn fact_27_a_function_that_may_not_be_invoked_leaves_no_rotation() {
    let mut world = World::with_secret();
    let message = world.refused(
        RotateSecret,
        json!({ "SecretId": "db", "RotationLambdaARN": format!("{FUNCTION}-none"), "RotationRules": { "AutomaticallyAfterDays": 3 } }),
        "AccessDeniedException",
    );
    assert_eq!(
        message,
        "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com."
    );
    world.refused(
        RotateSecret,
        json!({ "SecretId": "db" }),
        "InvalidRequestException",
    );
    let described = world.describe();
    for member in [
        "RotationEnabled",
        "RotationLambdaARN",
        "RotationRules",
        "NextRotationDate",
    ] {
        assert_eq!(described.get(member), None);
    }
}

#[test]
fn fact_28_a_forced_deletion_of_nothing_is_answered_with_an_arn() {
    let mut world = World::new();
    let answer = world.ok(
        DeleteSecret,
        json!({ "SecretId": "nothing", "ForceDeleteWithoutRecovery": true }),
    );
    assert_eq!(answer["Name"], "nothing");
    let arn = answer["ARN"].as_str().unwrap();
    assert!(arn.contains(":secret:nothing-"), "{arn}");
    world.refused(
        DeleteSecret,
        json!({ "SecretId": "nothing" }),
        "ResourceNotFoundException",
    );
}

#[test]
fn fact_29_descriptions_are_found_by_words_and_names_and_tags_by_their_beginning() {
    let mut world = World::new();
    for (name, description, key, value) in [
        ("MyFirst", "My basic description", "Team", "Alpha"),
        ("other/secret", "Something else", "cost", "one-two"),
    ] {
        world.ok(
            CreateSecret,
            json!({ "Name": name, "Description": description, "Tags": [{ "Key": key, "Value": value }] }),
        );
    }
    let mut found = |key: &str, value: &str| {
        let filters = json!({ "Filters": [{ "Key": key, "Values": [value] }] });
        let answer = world.ok(ListSecrets, filters);
        let names = answer["SecretList"].as_array().unwrap().iter();
        names
            .map(|secret| secret["Name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    for (key, value, names) in [
        ("description", "My Description", "MyFirst"),
        ("description", "my desc", "MyFirst"),
        ("description", "escription", ""),
        ("description", "My other", ""),
        ("name", "My", "MyFirst"),
        ("name", "my", ""),
        ("tag-key", "Te", "MyFirst"),
        ("tag-key", "te", ""),
        ("tag-value", "one", "other/secret"),
        ("tag-value", "two", ""),
        ("all", "two", "other/secret"),
        ("all", "first", "MyFirst"),
        ("all", "secret", "other/secret"),
        ("all", "irst", ""),
        ("all", "/", ""),
        ("name", "!My", "other/secret"),
    ] {
        assert_eq!(found(key, value), names, "{key} {value}");
    }
}

#[test]
fn fact_30_replicas_and_their_primary() {
    let mut world = World::new();
    let answer = world.ok(
        CreateSecret,
        json!({ "Name": "db", "SecretString": "one", "AddReplicaRegions": [{ "Region": "eu-west-1" }] }),
    );
    assert_eq!(answer["ReplicationStatus"][0]["Status"], "InProgress");
    world.now += SignedDuration::from_secs(60);
    let described = world.describe();
    assert_eq!(described["PrimaryRegion"], "us-east-1");
    assert_eq!(described["ReplicationStatus"][0]["Status"], "InSync");
    let message = world.refused(
        DeleteSecret,
        json!({ "SecretId": "db" }),
        "InvalidParameterException",
    );
    assert!(message.contains("[eu-west-1]"), "{message}");
    let message = world.refused(
        DeleteSecret,
        json!({ "SecretId": "db", "ForceDeleteWithoutRecovery": true }),
        "InvalidParameterException",
    );
    assert!(message.contains("[eu-west-1]"), "{message}");
    let own = json!([{ "Region": "us-east-1" }]);
    for (operation, parameters) in [
        (
            ReplicateSecretToRegions,
            json!({ "SecretId": "db", "AddReplicaRegions": own }),
        ),
        (CreateSecret, json!({ "Name": "other", "AddReplicaRegions": own })),
    ] {
        let message = world.refused(operation, parameters, "InvalidParameterException");
        assert_eq!(message, "Invalid replica region.");
    }
    world.ok(
        RemoveRegionsFromReplication,
        json!({ "SecretId": "db", "RemoveReplicaRegions": ["eu-west-1"] }),
    );
    assert_eq!(world.describe().get("PrimaryRegion"), None);
}

#[test]
fn fact_31_tags_are_an_empty_list_after_the_last_untag_and_an_empty_description_is_left_out() {
    let mut world = World::with_secret();
    assert_eq!(world.describe().get("Tags"), None);
    world.ok(
        TagResource,
        json!({ "SecretId": "db", "Tags": [{ "Key": "a", "Value": "b" }] }),
    );
    assert_eq!(world.tags(), json!([{ "Key": "a", "Value": "b" }]));
    world.ok(UntagResource, json!({ "SecretId": "db", "TagKeys": ["a"] }));
    assert_eq!(world.tags(), json!([]));
    world.ok(UpdateSecret, json!({ "SecretId": "db", "Description": "" }));
    assert_eq!(world.describe().get("Description"), None);
}

#[test]
fn fact_32_the_days_of_a_schedule_are_calculated_after_each_rotation() {
    let mut world = World::with_secret();
    world.ok(
        RotateSecret,
        json!({ "SecretId": "db", "RotationLambdaARN": FUNCTION, "ClientRequestToken": v(2), "RotationRules": { "ScheduleExpression": "rate(10 days)" } }),
    );
    let days = |world: &mut World| world.describe()["RotationRules"]["AutomaticallyAfterDays"].clone();
    assert_eq!(days(&mut world), Json::Null);
    world.put(2, "two", &["AWSPENDING"]);
    world.promote(1, 2);
    world.complete(PendingRemoval::default());
    assert_eq!(days(&mut world), 10);
    let listed = world.ok(ListSecrets, json!({}));
    assert_eq!(
        listed["SecretList"][0]["RotationRules"]["AutomaticallyAfterDays"],
        10
    );
    let message = world.refused(
        RotateSecret,
        json!({ "SecretId": "db", "RotationRules": { "ScheduleExpression": "cron(0 8 1W * ? *)" } }),
        "InvalidParameterException",
    );
    assert!(message.contains('W'), "{message}");
}

#[test]
fn fact_33_nothing_of_a_refused_rotation_is_stored() {
    let mut world = World::rotating();
    let before = world.describe();
    world.refused(
        RotateSecret,
        json!({ "SecretId": "db", "ClientRequestToken": v(3), "RotationLambdaARN": FUNCTION, "RotationRules": { "AutomaticallyAfterDays": 7 } }),
        "InvalidRequestException",
    );
    assert_eq!(world.describe(), before);
    assert_eq!(before.get("RotationRules"), None);
}

/// No recording: the members and their limits are the service model's, and the refusals are this server's own.
#[test]
fn fact_34_a_managed_external_secret_is_described_and_not_rotated() {
    const ROLE: &str = "arn:aws:iam::000000000000:role/salesforce";
    let mut world = World::new();
    world.ok(
        CreateSecret,
        json!({ "Name": "db", "SecretString": "one", "Type": "SalesforceClientSecret", "ClientRequestToken": v(1) }),
    );
    let metadata = json!([{ "Key": "apiVersion", "Value": "v65.0" }, { "Key": "adminSecretArn" }]);
    let rotate = |more: Json| {
        let mut request = json!({ "SecretId": "db", "ExternalSecretRotationRoleArn": ROLE, "ExternalSecretRotationMetadata": metadata });
        request
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        request
    };
    let message = world.refused(RotateSecret, rotate(json!({})), "InvalidRequestException");
    assert!(
        message.contains("SalesforceClientSecret") && message.contains("RotateImmediately=false"),
        "{message}"
    );
    assert!(
        world.describe().get("RotationEnabled").is_none(),
        "nothing of a refused rotation is stored"
    );
    let with_function = rotate(json!({ "RotationLambdaARN": FUNCTION, "RotateImmediately": false }));
    world.refused(RotateSecret, with_function, "InvalidParameterException");

    let rules = json!({ "RotateImmediately": false, "RotationRules": { "AutomaticallyAfterDays": 30 } });
    let answer = world.ok(RotateSecret, rotate(rules));
    assert!(answer.get("VersionId").is_none(), "{answer}");
    let is_described = |secret: &Json| {
        assert_eq!(secret["ExternalSecretRotationRoleArn"], ROLE);
        assert_eq!(secret["ExternalSecretRotationMetadata"], metadata);
        assert_eq!(secret["RotationEnabled"], true);
        assert_eq!(secret["RotationRules"]["AutomaticallyAfterDays"], 30);
        assert!(secret["NextRotationDate"].is_number());
    };
    is_described(&world.describe());
    is_described(&world.ok(ListSecrets, json!({}))["SecretList"][0]);

    // What a later call leaves out stays, an empty list is one, and a cancellation changes neither.
    let other = json!({ "SecretId": "db", "RotateImmediately": false, "ExternalSecretRotationRoleArn": format!("{ROLE}-2") });
    world.ok(RotateSecret, other);
    assert_eq!(world.describe()["ExternalSecretRotationMetadata"], metadata);
    assert_eq!(
        world.describe()["ExternalSecretRotationRoleArn"],
        format!("{ROLE}-2")
    );
    let none = json!({ "SecretId": "db", "RotateImmediately": false, "ExternalSecretRotationMetadata": [] });
    world.ok(RotateSecret, none);
    world.ok(CancelRotateSecret, json!({ "SecretId": "db" }));
    assert_eq!(world.describe()["ExternalSecretRotationMetadata"], json!([]));
    assert_eq!(world.labels(), "1:CU", "no version was made");
}

#[test]
fn fact_34_only_a_managed_external_secret_has_a_partner() {
    let mut world = World::with_secret();
    let request = json!({ "SecretId": "db", "RotationLambdaARN": FUNCTION, "ExternalSecretRotationMetadata": [{ "Key": "k" }] });
    let message = world.refused(RotateSecret, request, "InvalidParameterException");
    assert!(message.contains("with a Type"), "{message}");
}
