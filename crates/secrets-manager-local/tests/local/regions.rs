//! Several regions in one process, and secrets that are replicated between them.

use jiff::SignedDuration;
use secrets_manager_local::{Builder, Clock, LocalSecretsManager, RotationOutcome};
use serde_json::{Value as Json, json};

use crate::client::{Answer, function, send, v};

const HOME: &str = "us-east-1";
const AWAY: &str = "eu-west-1";

struct World {
    server: LocalSecretsManager,
    clock: Clock,
}

impl World {
    async fn start() -> Self {
        Self::of(LocalSecretsManager::builder().regions([HOME, AWAY])).await
    }

    async fn of(builder: Builder) -> Self {
        let clock = Clock::manual("2026-01-15T12:30:00Z".parse().unwrap());
        let server = builder.clock(clock.clone()).start().await.unwrap();
        Self { server, clock }
    }

    /// Long enough for a replica to follow.
    fn wait(&self) {
        self.clock.advance(SignedDuration::from_secs(5));
    }

    async fn call(&self, region: &str, operation: &str, mut parameters: Json) -> Answer {
        let takes_token = ["CreateSecret", "PutSecretValue", "RotateSecret", "UpdateSecret"];
        if takes_token.contains(&operation) && parameters.get("ClientRequestToken").is_none() {
            parameters["ClientRequestToken"] = uuid::Uuid::new_v4().to_string().into();
        }
        self.signed(region, &format!("secretsmanager.{operation}"), &parameters)
            .await
    }

    async fn signed(&self, region: &str, target: &str, parameters: &Json) -> Answer {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=test/20260101/{region}/secretsmanager/aws4_request, SignedHeaders=host, Signature=00"
        );
        let headers = [
            ("x-amz-target", target),
            ("content-type", "application/x-amz-json-1.1"),
            ("authorization", authorization.as_str()),
        ];
        send("POST", &self.server.url(), &headers, &parameters.to_string())
            .await
            .unwrap()
    }

    async fn ok(&self, region: &str, operation: &str, parameters: Json) -> Json {
        let answer = self.call(region, operation, parameters).await;
        assert_eq!(answer.status, 200, "{operation}: {:?}", answer.body);
        answer.json()
    }

    async fn refused(&self, region: &str, operation: &str, parameters: Json) -> String {
        let answer = self.call(region, operation, parameters).await;
        assert_ne!(answer.status, 200, "{operation}: {:?}", answer.body);
        answer.json()["__type"].as_str().unwrap().to_owned()
    }

    async fn value(&self, region: &str) -> String {
        let answer = self
            .call(region, "GetSecretValue", json!({ "SecretId": "db" }))
            .await
            .json();
        answer["SecretString"].as_str().unwrap_or("none").to_owned()
    }

    /// The replica's status, as the primary shows it, and what is said of it.
    async fn status(&self) -> (String, String) {
        let described = self.ok(HOME, "DescribeSecret", json!({ "SecretId": "db" })).await;
        let text = |name: &str| {
            let status = &described["ReplicationStatus"][0];
            status[name].as_str().unwrap_or_default().to_owned()
        };
        (text("Status"), text("StatusMessage"))
    }

    /// `db` at home, with a replica that has followed.
    async fn replicated() -> Self {
        let world = Self::start().await;
        let new = json!({ "Name": "db", "SecretString": "one", "AddReplicaRegions": [{ "Region": AWAY }] });
        world.ok(HOME, "CreateSecret", new).await;
        world.wait();
        assert_eq!(world.status().await.0, "InSync");
        world
    }
}

#[tokio::test]
async fn the_region_of_the_signature_decides() {
    let world = World::start().await;
    for (region, value) in [(HOME, "at home"), (AWAY, "away")] {
        let new = json!({ "Name": "db", "SecretString": value });
        let arn = world.ok(region, "CreateSecret", new).await["ARN"].clone();
        let begins = format!("arn:aws:secretsmanager:{region}:000000000000:secret:db-");
        assert!(arn.as_str().unwrap().starts_with(&begins), "{arn}");
        assert_eq!(world.value(region).await, value);
        let listed = world.ok(region, "ListSecrets", json!({})).await;
        let arns: Vec<_> = listed["SecretList"].as_array().unwrap().iter().collect();
        assert_eq!((arns.len(), &arns[0]["ARN"]), (1, &arn));
        let elsewhere = if region == HOME { AWAY } else { HOME };
        assert_eq!(
            world
                .refused(elsewhere, "DescribeSecret", json!({ "SecretId": arn }))
                .await,
            "ResourceNotFoundException"
        );
    }
    assert_eq!(
        world.refused("us-west-2", "ListSecrets", json!({})).await,
        "InvalidSignatureException"
    );
    let regions: Vec<_> = world.server.calls().into_iter().map(|call| call.region).collect();
    assert!(
        regions.contains(&Some(AWAY.to_owned())) && regions.contains(&None),
        "{regions:?}"
    );
}

#[tokio::test]
async fn with_one_region_and_account_every_arn_has_them() {
    let builder = LocalSecretsManager::builder()
        .regions(["us-gov-west-1"])
        .account("123456789012")
        .function(function("rotate", ""));
    let world = World::of(builder).await;
    let arn = world
        .ok(
            HOME,
            "CreateSecret",
            json!({ "Name": "db", "SecretString": "{}" }),
        )
        .await["ARN"]
        .clone();
    let begins = "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:db-";
    assert!(arn.as_str().unwrap().starts_with(begins), "{arn}");
    let functions = world.server.function_arns();
    assert_eq!(
        functions,
        ["arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:rotate"]
    );
    let rotate = json!({ "SecretId": "db", "RotationLambdaARN": functions[0], "ClientRequestToken": v(2) });
    world.ok(HOME, "RotateSecret", rotate).await;
    let run = world.server.wait_for_rotation("db", &v(2)).await.unwrap();
    assert_eq!(run.outcome, Some(RotationOutcome::Succeeded));
}

#[tokio::test]
async fn a_secret_is_rotated_by_a_function_of_its_own_region() {
    let builder = LocalSecretsManager::builder()
        .regions([HOME, AWAY])
        .function(function("rotate", ""));
    let world = World::of(builder).await;
    for (region, n) in [(AWAY, 2), (HOME, 3), (AWAY, 4)] {
        let new = json!({ "Name": format!("db{n}"), "SecretString": "{}" });
        let arn = world.ok(region, "CreateSecret", new).await["ARN"].clone();
        let rotate = |function_region: &str| {
            let function = format!("arn:aws:lambda:{function_region}:000000000000:function:rotate");
            json!({ "SecretId": arn, "RotationLambdaARN": function, "ClientRequestToken": v(n) })
        };
        let elsewhere = if region == HOME { AWAY } else { HOME };
        assert_eq!(
            world.refused(region, "RotateSecret", rotate(elsewhere)).await,
            "AccessDeniedException"
        );
        world.ok(region, "RotateSecret", rotate(region)).await;
        let run = world
            .server
            .wait_for_rotation(arn.as_str().unwrap(), &v(n))
            .await
            .unwrap();
        assert_eq!(run.outcome, Some(RotationOutcome::Succeeded), "{run:?}");
        let mut calls = world.server.calls().into_iter();
        assert!(calls.any(|call| call.function.is_some() && call.region.as_deref() == Some(region)));
    }
    let asked = json!({ "LookupAttributes": [{ "AttributeKey": "EventName", "AttributeValue": "RotationSucceeded" }] });
    let target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
    for (region, count) in [(HOME, 1), (AWAY, 2)] {
        let found = world.signed(region, target, &asked).await.json();
        assert_eq!(
            found["Events"].as_array().unwrap().len(),
            count,
            "{region}: {found}"
        );
    }
}

#[tokio::test]
async fn fact_30_a_replica_goes_in_progress_then_in_sync_and_can_be_read() {
    let world = World::start().await;
    let new = json!({ "Name": "db", "SecretString": "one", "Description": "d", "Tags": [{ "Key": "k", "Value": "v" }],
        "AddReplicaRegions": [{ "Region": AWAY, "KmsKeyId": "alias/away" }] });
    let created = world.ok(HOME, "CreateSecret", new).await;
    assert_eq!(created["ReplicationStatus"][0]["Status"], "InProgress");
    assert_eq!(world.value(AWAY).await, "none");
    world.wait();
    assert_eq!(world.value(AWAY).await, "one");
    assert_eq!(
        world.status().await,
        ("InSync".to_owned(), "Replication succeeded".to_owned())
    );
    let described = world
        .ok(AWAY, "DescribeSecret", json!({ "SecretId": "db" }))
        .await;
    let home_arn = created["ARN"].as_str().unwrap();
    assert_eq!(described["ARN"], home_arn.replace(HOME, AWAY));
    assert_eq!(described["PrimaryRegion"], HOME);
    assert_eq!(described["KmsKeyId"], "alias/away");
    assert_eq!(
        (&described["Description"], &described["Tags"][0]["Key"]),
        (&json!("d"), &json!("k"))
    );
    assert_eq!(described.get("ReplicationStatus"), None);
}

#[tokio::test]
async fn a_replica_follows_a_new_value_a_while_later() {
    let world = World::replicated().await;
    let put = json!({ "SecretId": "db", "SecretString": "two", "ClientRequestToken": v(2) });
    world.ok(HOME, "PutSecretValue", put).await;
    assert_eq!(
        (world.value(AWAY).await.as_str(), world.status().await.0.as_str()),
        ("one", "InProgress")
    );
    world.wait();
    assert_eq!(
        (world.value(AWAY).await.as_str(), world.status().await.0.as_str()),
        ("two", "InSync")
    );
    let versions = world
        .ok(AWAY, "ListSecretVersionIds", json!({ "SecretId": "db" }))
        .await;
    assert_eq!(versions["Versions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_value_that_is_read_in_one_region_changes_nothing_in_the_other() {
    let world = World::replicated().await;
    let described = async |region| {
        world
            .ok(region, "DescribeSecret", json!({ "SecretId": "db" }))
            .await
    };
    let before = [described(HOME).await, described(AWAY).await];
    assert_eq!(before[0].get("LastAccessedDate"), None);
    assert_eq!(world.value(HOME).await, "one");
    world.wait();
    assert_eq!(described(AWAY).await, before[1]);
    assert_eq!(world.value(AWAY).await, "one");
    world.wait();
    let after = described(AWAY).await;
    assert_eq!(after["LastChangedDate"], before[1]["LastChangedDate"]);
    assert_ne!(after.get("LastAccessedDate"), None);
    let versions = world
        .ok(AWAY, "ListSecretVersionIds", json!({ "SecretId": "db" }))
        .await;
    assert_ne!(versions["Versions"][0].get("LastAccessedDate"), None);
}

#[tokio::test]
async fn a_replica_is_written_where_its_primary_is() {
    let world = World::replicated().await;
    for (operation, parameters) in [
        ("PutSecretValue", json!({ "SecretId": "db", "SecretString": "x" })),
        ("DeleteSecret", json!({ "SecretId": "db" })),
        ("TagResource", json!({ "SecretId": "db", "Tags": [] })),
    ] {
        assert_eq!(
            world.refused(AWAY, operation, parameters).await,
            "InvalidParameterException",
            "{operation}"
        );
    }
    let own_key = json!({ "SecretId": "db", "KmsKeyId": "alias/own" });
    world.ok(AWAY, "UpdateSecret", own_key).await;
    let put = json!({ "SecretId": "db", "SecretString": "two" });
    world.ok(HOME, "PutSecretValue", put).await;
    world.wait();
    let described = world
        .ok(AWAY, "DescribeSecret", json!({ "SecretId": "db" }))
        .await;
    assert_eq!(described["KmsKeyId"], "alias/own", "the key is the replica's own");
    assert_eq!(world.value(AWAY).await, "two");
}

#[tokio::test]
async fn a_region_that_is_removed_loses_its_replica() {
    let world = World::replicated().await;
    let remove = json!({ "SecretId": "db", "RemoveReplicaRegions": [AWAY] });
    let answer = world.ok(HOME, "RemoveRegionsFromReplication", remove).await;
    assert_eq!(answer["ReplicationStatus"], json!([]));
    assert_eq!(
        world
            .refused(AWAY, "DescribeSecret", json!({ "SecretId": "db" }))
            .await,
        "ResourceNotFoundException"
    );
    world.ok(HOME, "DeleteSecret", json!({ "SecretId": "db" })).await;
}

#[tokio::test]
async fn a_replica_that_stops_is_a_secret_of_its_own() {
    let world = World::replicated().await;
    world
        .ok(AWAY, "StopReplicationToReplica", json!({ "SecretId": "db" }))
        .await;
    let put = |value: &str| json!({ "SecretId": "db", "SecretString": value });
    world.ok(AWAY, "PutSecretValue", put("own")).await;
    world.ok(HOME, "PutSecretValue", put("two")).await;
    world.wait();
    assert_eq!(
        (world.value(HOME).await.as_str(), world.value(AWAY).await.as_str()),
        ("two", "own")
    );
    for region in [HOME, AWAY] {
        let described = world
            .ok(region, "DescribeSecret", json!({ "SecretId": "db" }))
            .await;
        assert_eq!(described.get("ReplicationStatus"), None, "{region}");
        assert_eq!(described.get("PrimaryRegion"), None, "{region}");
    }
}

#[tokio::test]
async fn a_name_that_is_taken_fails_unless_it_may_be_overwritten() {
    let world = World::start().await;
    for (region, value) in [(HOME, "one"), (AWAY, "other")] {
        let new = json!({ "Name": "db", "SecretString": value });
        world.ok(region, "CreateSecret", new).await;
    }
    let mut replicate = json!({ "SecretId": "db", "AddReplicaRegions": [{ "Region": AWAY }] });
    world
        .ok(HOME, "ReplicateSecretToRegions", replicate.clone())
        .await;
    world.wait();
    let expected = format!("Replication failed: Secret name db already exists in region {AWAY}.");
    assert_eq!(world.status().await, ("Failed".to_owned(), expected));
    assert_eq!(world.value(AWAY).await, "other");
    replicate["ForceOverwriteReplicaSecret"] = true.into();
    world.ok(HOME, "ReplicateSecretToRegions", replicate).await;
    world.wait();
    assert_eq!(world.status().await.0, "InSync");
    assert_eq!(world.value(AWAY).await, "one");
}
