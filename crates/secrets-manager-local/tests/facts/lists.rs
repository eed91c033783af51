//! Finding and listing.

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::{World, v};
use crate::api::Operation::*;

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
    assert_eq!(names(by("all", "orders")).0, "prod/db dev/db");
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
