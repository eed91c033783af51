//! Answers that another project's tests recorded on AWS (`LocalStack`, `tests/aws/services/secretsmanager`, snapshots of 2022 to 2024), by the
//! names of those tests. The requests and the notation are ours.

use serde_json::{Value as Json, json};

use super::{FUNCTION, World, v};
use crate::api::Operation::{self, *};

impl World {
    /// `ListSecretVersionIds`, as `1 AWSPREVIOUS; 2 AWSCURRENT AWSPENDING`. A version without a label has no list of them.
    fn listed(&mut self, deprecated: bool) -> String {
        let request = json!({ "SecretId": "db", "IncludeDeprecated": deprecated });
        let answer = self.ok(ListSecretVersionIds, request);
        let one = |version: &Json| {
            assert_eq!(version["KmsKeyIds"], json!(["DefaultEncryptionKey"]));
            assert!(version["CreatedDate"].is_number(), "{version}");
            let id = version["VersionId"].as_str().unwrap().trim_start_matches('0');
            let labels = version
                .get("VersionStages")
                .map(|labels| labels.as_array().unwrap());
            assert!(labels.is_none_or(|labels| !labels.is_empty()), "{version}");
            let labels: Vec<_> = labels.into_iter().flatten().filter_map(Json::as_str).collect();
            [&[id], &labels[..]].concat().join(" ")
        };
        let mut all: Vec<String> = answer["Versions"].as_array().unwrap().iter().map(one).collect();
        all.sort();
        all.join("; ")
    }

    /// One request: `put 2 AWSPENDING PUT1`, `update 2`, `move AWSCURRENT 1 2`, `take PENDING 2`; what is read then:
    /// `get 2` without a version, `read 2 AWSCURRENT` by it; or what is listed: `= 1 AWSCURRENT`, `all 1; 2 AWSCURRENT`.
    #[track_caller]
    fn plays(&mut self, case: &str, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let version = |word: &str| v(word.parse().unwrap());
        match words[..] {
            ["put", id, ref labels @ ..] => {
                let mut request = json!({ "SecretId": "db", "ClientRequestToken": version(id), "SecretString": format!("S{id}") });
                if !labels.is_empty() {
                    request["VersionStages"] = json!(labels);
                }
                let answer = self.ok(PutSecretValue, request);
                let expected = if labels.is_empty() {
                    vec!["AWSCURRENT"]
                } else {
                    labels.to_vec()
                };
                assert_eq!(answer["VersionStages"], json!(expected), "{case}: {line}");
            }
            ["update", id] => {
                let request = json!({ "SecretId": "db", "ClientRequestToken": version(id), "SecretString": format!("S{id}") });
                let answer = self.ok(UpdateSecret, request);
                assert_eq!(answer["VersionId"], version(id));
            }
            ["move", label, from, to] => {
                let request = json!({ "SecretId": "db", "VersionStage": label, "RemoveFromVersionId": version(from), "MoveToVersionId": version(to) });
                let answer = self.ok(UpdateSecretVersionStage, request);
                let members: Vec<_> = answer.as_object().unwrap().keys().collect();
                assert_eq!(members, ["ARN", "Name"]);
            }
            ["take", label, from] => {
                let request =
                    json!({ "SecretId": "db", "VersionStage": label, "RemoveFromVersionId": version(from) });
                self.ok(UpdateSecretVersionStage, request);
            }
            ["read", id, ref labels @ ..] => {
                let read = self.ok(
                    GetSecretValue,
                    json!({ "SecretId": "db", "VersionId": version(id) }),
                );
                assert_eq!(
                    (&read["SecretString"], &read["VersionStages"]),
                    (&json!(format!("S{id}")), &json!(labels)),
                    "{case}: {line}"
                );
            }
            ["get", id] => {
                let answer = self.ok(GetSecretValue, json!({ "SecretId": "db" }));
                assert_eq!(
                    (&answer["VersionId"], &answer["SecretString"]),
                    (&json!(version(id)), &json!(format!("S{id}")))
                );
            }
            ["=", ..] => assert_eq!(self.listed(false), &line[2..], "{case}: {line}"),
            ["all", ..] => assert_eq!(self.listed(true), &line[4..], "{case}: {line}"),
            _ => panic!("{case}: {line}"),
        }
    }
}

/// Each begins with a secret whose AWSCURRENT is version 1.
const CYCLES: &[(&str, &[&str])] = &[
    (
        "test_update_secret_version_stages_return_type",
        &["put 2 AWSPENDING", "move AWSCURRENT 1 2"],
    ),
    (
        "test_update_secret_version_stages_current_previous",
        &["= 1 AWSCURRENT", "update 2", "= 1 AWSPREVIOUS; 2 AWSCURRENT"],
    ),
    (
        "test_update_secret_version_stages_current_pending",
        &[
            "put 2 AWSPENDING",
            "= 1 AWSCURRENT; 2 AWSPENDING",
            "move AWSCURRENT 1 2",
            "= 1 AWSPREVIOUS; 2 AWSCURRENT AWSPENDING",
            "put 3",
            "= 2 AWSPREVIOUS; 3 AWSCURRENT",
        ],
    ),
    (
        "test_update_secret_version_stages_current_pending_cycle",
        &[
            "put 2 AWSPENDING",
            "get 1",
            "move AWSCURRENT 1 2",
            "= 1 AWSPREVIOUS; 2 AWSCURRENT AWSPENDING",
            "get 2",
            "put 3 AWSPENDING",
            "= 1 AWSPREVIOUS; 2 AWSCURRENT; 3 AWSPENDING",
            "get 2",
            "move AWSCURRENT 2 3",
            "= 2 AWSPREVIOUS; 3 AWSCURRENT AWSPENDING",
            "get 3",
        ],
    ),
    (
        "test_update_secret_version_stages_current_pending_cycle_custom_stages_1",
        &[
            "put 2 AWSPENDING AWSSOMETHING PUT1",
            "= 1 AWSCURRENT; 2 AWSPENDING AWSSOMETHING PUT1",
            "move AWSCURRENT 1 2",
            "= 1 AWSPREVIOUS; 2 AWSCURRENT AWSPENDING AWSSOMETHING PUT1",
            "put 3 AWSPENDING PUT2",
            "= 1 AWSPREVIOUS; 2 AWSCURRENT AWSSOMETHING PUT1; 3 AWSPENDING PUT2",
            "move AWSCURRENT 2 3",
            "= 2 AWSPREVIOUS AWSSOMETHING PUT1; 3 AWSCURRENT AWSPENDING PUT2",
        ],
    ),
    (
        "test_update_secret_version_stages_current_pending_cycle_custom_stages_2",
        &[
            "put 2 AWSCURRENT PUT0",
            "= 1 AWSPREVIOUS; 2 AWSCURRENT PUT0",
            "put 3 AWSPENDING PUT1",
            "= 1 AWSPREVIOUS; 2 AWSCURRENT PUT0; 3 AWSPENDING PUT1",
            "move AWSCURRENT 2 3",
            "= 2 AWSPREVIOUS PUT0; 3 AWSCURRENT AWSPENDING PUT1",
            "put 4 AWSPENDING PUT2",
            "= 2 AWSPREVIOUS PUT0; 3 AWSCURRENT PUT1; 4 AWSPENDING PUT2",
            "move AWSCURRENT 3 4",
            "= 2 PUT0; 3 AWSPREVIOUS PUT1; 4 AWSCURRENT AWSPENDING PUT2",
        ],
    ),
    (
        "test_update_secret_version_stages_current_pending_cycle_custom_stages_3",
        &[
            "put 2 PENDING",
            "= 1 AWSCURRENT; 2 PENDING",
            "read 1 AWSCURRENT",
            "read 2 PENDING",
            "move AWSCURRENT 1 2",
            "read 1 AWSPREVIOUS",
            "read 2 AWSCURRENT PENDING",
            "take PENDING 2",
            "read 1 AWSPREVIOUS",
            "read 2 AWSCURRENT",
        ],
    ),
    (
        "test_put_secret_value_with_version_stages",
        &[
            "put 2 SAMPLESTAGE0 SAMPLESTAGE1",
            "get 1",
            "put 3 SAMPLESTAGE0 SAMPLESTAGE1",
            "get 1",
            "put 4 AWSPENDING",
            "get 1",
            "put 5",
            "get 5",
        ],
    ),
    (
        "test_deprecated_secret_version_stage",
        &[
            "put 2",
            "= 1 AWSPREVIOUS; 2 AWSCURRENT",
            "put 3",
            "= 2 AWSPREVIOUS; 3 AWSCURRENT",
            "all 1; 2 AWSPREVIOUS; 3 AWSCURRENT",
            "put 4",
            "= 3 AWSPREVIOUS; 4 AWSCURRENT",
            "all 1; 2; 3 AWSPREVIOUS; 4 AWSCURRENT",
        ],
    ),
    (
        "test_non_versioning_version_stages_replacement",
        &[
            "put 2 one three two",
            "= 1 AWSCURRENT; 2 one three two",
            "put 3 four one three two",
            "= 1 AWSCURRENT; 3 four one three two",
        ],
    ),
    (
        "test_non_versioning_version_stages_no_replacement",
        &[
            "put 2 one three two",
            "put 3 four one two",
            "= 1 AWSCURRENT; 2 three; 3 four one two",
        ],
    ),
];

#[test]
fn labels_move_as_recorded() {
    for (name, lines) in CYCLES {
        let mut world = World::new();
        let created = world.ok(
            CreateSecret,
            json!({ "Name": "db", "SecretString": "S1", "ClientRequestToken": v(1) }),
        );
        assert_eq!(created["VersionId"], v(1));
        for line in *lines {
            world.plays(name, line);
        }
        let deleted = world.ok(DeleteSecret, json!({ "SecretId": "db" }));
        assert!(deleted["DeletionDate"].is_number(), "{name}");
    }
}

/// `test_create_and_update_secret`, of four names.
#[test]
fn a_secret_of_any_valid_name_is_created_and_updated_as_recorded() {
    for name in [
        "s-c64bdc03",
        "Valid/_+=.@-Name",
        "Valid/_+=.@-Name-a1b2",
        "Valid/_+=.@-Name-a1b2c3-",
    ] {
        let mut world = World::new();
        let request =
            json!({ "Name": name, "SecretString": "my_secret", "Description": "Testing secret creation." });
        let created = world.ok(CreateSecret, request);
        let arn = created["ARN"].as_str().unwrap();
        let suffix = arn.rsplit_once(&format!(":secret:{name}-")).unwrap().1;
        assert_eq!(suffix.len(), 6, "{arn}");
        for id in [name, arn, arn.rsplit_once('-').unwrap().0] {
            let got = world.ok(GetSecretValue, json!({ "SecretId": id }));
            assert_eq!(
                (&got["Name"], &got["SecretString"]),
                (&json!(name), &json!("my_secret"))
            );
            assert_eq!(got["VersionStages"], json!(["AWSCURRENT"]));
        }
        let description = world.ok(DescribeSecret, json!({ "SecretId": name }));
        assert_eq!(description["Description"], "Testing secret creation.");
        assert!(description["LastAccessedDate"].is_number());
        let put = world.ok(
            PutSecretValue,
            json!({ "SecretId": name, "SecretString": "new_secret" }),
        );
        assert_eq!(put["VersionStages"], json!(["AWSCURRENT"]));
        let updated = world.ok(UpdateSecret, json!({ "SecretId": name, "SecretString": "newer" }));
        assert_ne!(updated["VersionId"], put["VersionId"]);
    }
}

/// `test_invalid_secret_name`, of four names and ten operations.
#[test]
fn a_name_that_can_be_none_is_refused_as_recorded() {
    let words = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!";
    let requests: [(Operation, &str, Json); 10] = [
        (CreateSecret, "Name", json!({ "SecretString": "x" })),
        (DeleteSecret, "SecretId", json!({})),
        (DescribeSecret, "SecretId", json!({})),
        (GetSecretValue, "SecretId", json!({})),
        (ListSecretVersionIds, "SecretId", json!({})),
        (PutSecretValue, "SecretId", json!({ "SecretString": "x" })),
        (TagResource, "SecretId", json!({ "Tags": [] })),
        (UntagResource, "SecretId", json!({ "TagKeys": ["k"] })),
        (UpdateSecret, "SecretId", json!({ "SecretString": "x" })),
        (
            UpdateSecretVersionStage,
            "SecretId",
            json!({ "VersionStage": "AWSCURRENT", "MoveToVersionId": v(2) }),
        ),
    ];
    for name in ["Inv Name", " Inv Name", " Inv*Name? ", " Inv *?!]Name\\-"] {
        for (operation, member, request) in &requests {
            let mut request = request.clone();
            request[*member] = name.into();
            let message = World::with_secret().refused(*operation, request, "ValidationException");
            assert_eq!(message, words, "{operation}, {name:?}");
        }
    }
}

/// `test_update_secret_description`.
#[test]
fn a_description_alone_makes_no_version_as_recorded() {
    let mut world = World::with_secret();
    assert!(world.describe().get("Description").is_none());
    let updated = world.ok(
        UpdateSecret,
        json!({ "SecretId": "db", "Description": "MyDescription" }),
    );
    assert!(updated.get("VersionId").is_none(), "{updated}");
    assert_eq!(world.describe()["Description"], "MyDescription");
    let request = json!({ "SecretId": "db", "Description": "MyNewDescription", "SecretString": "x", "ClientRequestToken": v(2) });
    assert_eq!(world.ok(UpdateSecret, request)["VersionId"], v(2));
    world.ok(
        UpdateSecret,
        json!({ "SecretId": "db", "SecretString": "y", "ClientRequestToken": v(3) }),
    );
    assert_eq!(world.describe()["Description"], "MyNewDescription");
    assert_eq!(world.listed(false), "2 AWSPREVIOUS; 3 AWSCURRENT");
}

/// `test_secret_not_found`, `test_secret_exists_snapshots`, `test_exp_raised_on_creation_of_secret_scheduled_for_deletion`,
/// `test_can_recreate_delete_secret`.
#[test]
fn what_is_not_there_or_there_already_is_said_as_recorded() {
    let mut world = World::new();
    for operation in [GetSecretValue, ListSecretVersionIds] {
        let message = world.refused(
            operation,
            json!({ "SecretId": "db" }),
            "ResourceNotFoundException",
        );
        assert_eq!(message, "Secrets Manager can't find the specified secret.");
    }
    let create = || json!({ "Name": "db", "SecretString": "S1" });
    let first = world.ok(CreateSecret, create());
    let message = world.refused(CreateSecret, create(), "ResourceExistsException");
    assert_eq!(
        message,
        "The operation failed because the secret db already exists."
    );
    world.ok(DeleteSecret, json!({ "SecretId": "db" }));
    let message = world.call(CreateSecret, create()).unwrap_err();
    assert_eq!(
        (message.code.as_str(), message.message.as_str()),
        (
            "InvalidRequestException",
            "You can't create this secret because a secret with this name is already scheduled for deletion."
        )
    );
    world.ok(
        DeleteSecret,
        json!({ "SecretId": "db", "ForceDeleteWithoutRecovery": true }),
    );
    let second = world.ok(CreateSecret, create());
    assert_ne!(first["ARN"], second["ARN"]);
}

/// `test_call_lists_secrets_multiple_times_snapshots`, `test_create_multi_secrets_snapshot`.
#[test]
fn secrets_are_listed_as_recorded() {
    let mut world = World::new();
    for (number, name) in (1..).zip(["s-0", "s-1", "s-2"]) {
        let request = json!({ "Name": name, "SecretString": "x", "Description": "Testing secrets creation.", "ClientRequestToken": v(number) });
        world.ok(CreateSecret, request);
    }
    for _ in 0..3 {
        let answer = world.ok(ListSecrets, json!({}));
        let listed = answer["SecretList"].as_array().unwrap();
        assert_eq!(listed.len(), 3);
        for secret in listed {
            let members: Vec<_> = secret.as_object().unwrap().keys().map(String::as_str).collect();
            let recorded = [
                "ARN",
                "CreatedDate",
                "Description",
                "LastChangedDate",
                "Name",
                "SecretVersionsToStages",
            ];
            assert!(recorded.iter().all(|member| members.contains(member)), "{secret}");
            assert!(!members.contains(&"LastAccessedDate"), "nobody has read it");
        }
    }
}

/// `test_create_secret_version_from_empty_secret`.
#[test]
fn a_secret_without_a_value_has_no_version_as_recorded() {
    let mut world = World::new();
    let created = world.ok(CreateSecret, json!({ "Name": "db" }));
    assert!(created.get("VersionId").is_none(), "{created}");
    assert!(world.describe().get("VersionIdsToStages").is_none());
    let put = world.ok(PutSecretValue, json!({ "SecretId": "db", "SecretString": "x" }));
    assert_eq!(put["VersionStages"], json!(["AWSCURRENT"]));
}

/// `test_rotate_secret_with_lambda_success`, where the function does as AWS's template: it leaves AWSPENDING on the new version.
#[test]
fn a_rotation_that_moves_awscurrent_alone_ends_as_recorded() {
    let mut world = World::with_secret();
    let begun = world.ok(
        RotateSecret,
        json!({ "SecretId": "db", "RotationLambdaARN": FUNCTION, "ClientRequestToken": v(2) }),
    );
    assert_eq!(begun["VersionId"], v(2));
    world.ok(PutSecretValue, json!({ "SecretId": "db", "ClientRequestToken": v(2), "SecretString": "S2", "VersionStages": ["AWSPENDING"] }));
    world.promote(1, 2);
    assert_eq!(world.listed(false), "1 AWSPREVIOUS; 2 AWSCURRENT AWSPENDING");
}

/// `test_secret_version_not_found`, `test_get_secret_value_errors`.
#[test]
fn a_value_that_is_not_there_is_said_as_recorded() {
    let mut world = World::new();
    world.ok(CreateSecret, json!({ "Name": "db" }));
    let nowhere = |world: &mut World, request: Json, what: &str| {
        let message = world.call(GetSecretValue, request).unwrap_err();
        let expected = format!("Secrets Manager can't find the specified secret value for {what}");
        assert_eq!(
            (message.code.as_str(), message.message),
            ("ResourceNotFoundException", expected)
        );
    };
    let of = |more: Json| {
        let mut request = json!({ "SecretId": "db" });
        request
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        request
    };
    nowhere(&mut world, of(json!({})), "staging label: AWSCURRENT");
    let unknown = v(9);
    nowhere(
        &mut world,
        of(json!({ "VersionId": unknown })),
        &format!("VersionId: {unknown}"),
    );
    nowhere(
        &mut world,
        of(json!({ "VersionStage": "AWSPENDING" })),
        "staging label: AWSPENDING",
    );

    let mut world = World::with_secret();
    nowhere(
        &mut world,
        of(json!({ "VersionStage": "AWSPREVIOUS" })),
        "staging label: AWSPREVIOUS",
    );
    let mismatch = of(json!({ "VersionId": v(1), "VersionStage": "AWSPREVIOUS" }));
    assert_eq!(
        world.refused(GetSecretValue, mismatch, "InvalidRequestException"),
        "You provided a VersionStage that is not associated to the provided VersionId."
    );
}

/// The members of an answer, in the alphabet's order.
fn members(answer: &Json) -> Vec<&str> {
    answer.as_object().unwrap().keys().map(String::as_str).collect()
}

/// `test_resource_policy`: a policy that is public is taken, unless the caller asks to block it.
#[test]
fn a_resource_policy_is_kept_as_recorded() {
    let mut world = World::with_secret();
    let statement = json!({ "Effect": "Allow", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let db = json!({ "SecretId": "db" });
    let put = world.ok(
        PutResourcePolicy,
        json!({ "SecretId": "db", "ResourcePolicy": policy }),
    );
    assert_eq!(members(&put), ["ARN", "Name"]);
    let got = world.ok(GetResourcePolicy, db.clone());
    assert_eq!(members(&got), ["ARN", "Name", "ResourcePolicy"]);
    assert_eq!(got["ResourcePolicy"], policy.as_str());
    world.ok(DeleteResourcePolicy, db.clone());
    assert_eq!(members(&world.ok(GetResourcePolicy, db)), ["ARN", "Name"]);
}

/// `test_secret_restore`.
#[test]
fn a_secret_that_was_deleted_is_restored_as_recorded() {
    let mut world = World::with_secret();
    let deleted = world.ok(DeleteSecret, json!({ "SecretId": "db" }));
    assert_eq!(members(&deleted), ["ARN", "DeletionDate", "Name"]);
    let restored = world.ok(RestoreSecret, json!({ "SecretId": "db" }));
    assert_eq!(members(&restored), ["ARN", "Name"]);
    assert!(world.describe().get("DeletedDate").is_none());
    world.plays("test_secret_restore", "= 1 AWSCURRENT");
}

/// `test_last_accessed_date`, `test_last_updated_date`. The days are those of the recorded test; the hours are ours.
#[test]
fn the_days_and_moments_of_a_secret_are_as_recorded() {
    let mut world = World::with_secret();
    let created = world.describe();
    assert!(created.get("LastAccessedDate").is_none(), "{created}");
    let mut read = || {
        world.now += jiff::SignedDuration::from_hours(1);
        world.ok(GetSecretValue, json!({ "SecretId": "db" }));
        world.describe()
    };
    let (first, second) = (read(), read());
    assert!(first["LastAccessedDate"].is_number(), "{first}");
    assert_eq!(second["LastAccessedDate"], first["LastAccessedDate"]);
    assert_eq!(second["LastChangedDate"], created["LastChangedDate"]);
    let mut changed = created["LastChangedDate"].as_f64().unwrap();
    for value in ["new", "new", "newer"] {
        world.now += jiff::SignedDuration::from_secs(1);
        world.ok(UpdateSecret, json!({ "SecretId": "db", "SecretString": value }));
        let now = world.describe()["LastChangedDate"].as_f64().unwrap();
        assert!(changed < now, "{value}: {changed}, {now}");
        changed = now;
    }
}
