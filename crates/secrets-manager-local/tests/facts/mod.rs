//! The facts of the crate's README, on the pure state. A module of the crate itself, so that the state stays private.
//! Those that need a function or a connection are in `tests/local`.

mod cycles;
mod lifecycle;
mod lists;
mod properties;
mod recorded;
mod rotation;
mod service_model;
mod versions;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::api::Operation::{self, *};
use crate::api::{Context, perform};
use crate::arn::{REGION, Realm};
use crate::model::answer_violations;
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
            realm: &Realm::default(),
            region: REGION,
            arn_suffix: format!("{:06}", self.ids),
            rotation_token: format!("rotation-token-{:021}", self.ids),
            may_invoke: &|arn| arn == FUNCTION,
        };
        let Json::Object(mut members) = parameters else {
            panic!("parameters are an object")
        };
        // As SDKs do.
        if matches!(
            operation,
            CreateSecret | PutSecretValue | RotateSecret | UpdateSecret
        ) {
            let fresh = || format!("fresh-{:026}", self.ids).into();
            members.entry("ClientRequestToken").or_insert_with(fresh);
        }
        let answer = perform(operation, &members, &mut self.state, &context)?.body;
        let violations = answer_violations(operation.name(), &answer);
        assert_eq!(violations, [""; 0], "{operation} answers {answer}");
        Ok(answer)
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
