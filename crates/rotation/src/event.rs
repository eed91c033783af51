//! The payload that Secrets Manager sends, parsed before anything else happens.

use std::fmt;

use secrecy::SecretString;
use serde_json::{Map, Value};
use staging_labels::{InvalidVersionId, Step, UnknownStep, VersionId};

use crate::fault::{Advice, Fault, Kind};

/// Longest name or ARN that Secrets Manager takes (API reference, `SecretId`).
const LONGEST_SECRET_ID: usize = 2048;

/// A secret's ARN, as the event names it. Safe to print: no control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SecretId(String);

impl SecretId {
    /// The ARN or name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name or an ARN.
    ///
    /// # Errors
    /// It is empty, too long, or has control characters.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let printable = !text.chars().any(char::is_control);
        if text.is_empty() || text.len() > LONGEST_SECRET_ID || !printable {
            return Err(Malformed::SecretId);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One step of one rotation. `Debug` shows no RotationToken: it is a credential.
pub struct Event {
    /// What to do.
    pub step: Step,
    /// The secret to rotate.
    pub secret: SecretId,
    /// The version that this rotation makes.
    pub token: VersionId,
    /// Passed on to `PutSecretValue`; only newer accounts and rotations across accounts have it.
    pub(crate) rotation_token: Option<SecretString>,
}

impl Event {
    /// Reads the payload of an invocation. Keys that are not known are left alone.
    ///
    /// # Errors
    /// [`Malformed`], which names the key and quotes nothing of the payload.
    pub fn parse(payload: &Value) -> Result<Self, Malformed> {
        let fields = payload
            .as_object()
            .ok_or(Malformed::NotAnObject(type_of(payload)))?;
        Ok(Self {
            step: text(fields, "Step")?.parse()?,
            secret: SecretId::parse(text(fields, "SecretId")?)?,
            token: text(fields, "ClientRequestToken")?.parse()?,
            rotation_token: rotation_token(fields)?,
        })
    }

    /// What a malformed payload still says: enough to find the secret that it was about.
    #[cfg(any(feature = "lambda", test))]
    pub(crate) fn traces(payload: &Value) -> (Option<Step>, Option<SecretId>, Option<VersionId>) {
        let Some(fields) = payload.as_object() else {
            return (None, None, None);
        };
        (
            text(fields, "Step").ok().and_then(|step| step.parse().ok()),
            text(fields, "SecretId")
                .ok()
                .and_then(|id| SecretId::parse(id).ok()),
            text(fields, "ClientRequestToken")
                .ok()
                .and_then(|token| token.parse().ok()),
        )
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("step", &self.step)
            .field("secret", &self.secret)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

fn text<'a>(fields: &'a Map<String, Value>, key: &'static str) -> Result<&'a str, Malformed> {
    match fields.get(key) {
        None => Err(Malformed::Missing(key)),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(Malformed::Type(key, type_of(other))),
    }
}

fn rotation_token(fields: &Map<String, Value>) -> Result<Option<SecretString>, Malformed> {
    match fields.get("RotationToken") {
        None | Some(Value::Null) => Ok(None),
        Some(_) => text(fields, "RotationToken").map(|token| Some(token.into())),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Why a payload is not a rotation event.
#[derive(Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
pub enum Malformed {
    /// JSON, but no object.
    #[error("the payload is {0}, not an object with Step, SecretId and ClientRequestToken")]
    #[strum(serialize = "EventMalformed")]
    NotAnObject(&'static str),
    /// A key that every rotation event has is not there.
    #[error("the payload has no {0}")]
    #[strum(serialize = "EventMalformed")]
    Missing(&'static str),
    /// A key holds something else than a string.
    #[error("{0} is {1}, not a string")]
    #[strum(serialize = "EventMalformed")]
    Type(&'static str, &'static str),
    /// The ARN is empty, too long, or has control characters.
    #[error("SecretId is empty, longer than {LONGEST_SECRET_ID} bytes, or has control characters")]
    #[strum(serialize = "EventMalformed")]
    SecretId,
    /// `ClientRequestToken` is not a version ID.
    #[error(transparent)]
    #[strum(serialize = "EventMalformed")]
    Token(#[from] InvalidVersionId),
    /// The step is unknown.
    #[error(transparent)]
    #[strum(serialize = "StepUnknown")]
    Step(#[from] UnknownStep),
}

impl Fault for Malformed {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn advice(&self) -> Advice<'_> {
        Advice::new(
            Kind::Rotation,
            "let Secrets Manager invoke the function (rotate-secret), or send a payload such as those in events/",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const TOKEN: &str = "6f3c9a52-7c1e-4d57-9b1a-0c5f4a7d9e21";

    #[test]
    fn a_payload_of_aws_is_read() {
        let event = Event::parse(&json!({
            "Step": "setSecret", "SecretId": "arn:aws:secretsmanager:us-east-1:1:secret:a-AbCdEf",
            "ClientRequestToken": TOKEN, "RotationToken": "c".repeat(36), "Later": {"key": 1},
        }))
        .unwrap();
        assert_eq!(event.step, Step::Set);
        assert_eq!(event.token.as_str(), TOKEN);
        assert!(event.rotation_token.is_some());
    }

    #[test]
    fn what_is_wrong_is_named_and_not_repeated() {
        let whole = json!({"Step": "setSecret", "SecretId": "a", "ClientRequestToken": TOKEN});
        let with = |key: &str, value: Value| {
            let mut payload = whole.clone();
            payload[key] = value;
            Event::parse(&payload).unwrap_err().to_string()
        };
        assert_eq!(with("Step", json!("canary")), UnknownStep.to_string());
        assert_eq!(with("Step", json!(1)), "Step is a number, not a string");
        assert_eq!(
            with("ClientRequestToken", json!("canary")),
            "a ClientRequestToken has 32 to 64 characters, this one has 6"
        );
        assert!(with("SecretId", json!("canary\n")).starts_with("SecretId is empty"));
        assert_eq!(
            with("RotationToken", json!({})),
            "RotationToken is an object, not a string"
        );
        assert_eq!(
            Event::parse(&json!([])).unwrap_err().to_string(),
            "the payload is an array, not an object with Step, SecretId and ClientRequestToken"
        );
    }

    #[test]
    fn debug_hides_the_rotation_token() {
        let event = Event::parse(&json!({
            "Step": "setSecret", "SecretId": "a", "ClientRequestToken": TOKEN, "RotationToken": "canary-rotation-token",
        }))
        .unwrap();
        assert!(!format!("{event:?}").contains("canary"));
    }

    #[test]
    fn a_malformed_payload_still_tells_its_secret() {
        let (step, secret, token) = Event::traces(&json!({"Step": 1, "SecretId": "orders/db"}));
        assert_eq!((step, token), (None, None));
        assert_eq!(secret.unwrap().as_str(), "orders/db");
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,80}".prop_map(Value::from),
        ];
        let key = prop_oneof![
            Just("Step".to_owned()),
            Just("SecretId".to_owned()),
            Just("ClientRequestToken".to_owned()),
            Just("RotationToken".to_owned()),
            ".{0,8}",
        ];
        leaf.prop_recursive(3, 24, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(key.clone(), inner, 0..6)
                    .prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_payload_panics(payload in any_json()) {
            let _ = Event::traces(&payload);
            if let Ok(event) = Event::parse(&payload) {
                prop_assert!(!event.secret.as_str().contains('\n'));
            }
        }
    }
}
