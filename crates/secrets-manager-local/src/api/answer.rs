//! What a call needs apart from its parameters, and what many answers begin with.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json};
use staging_labels::VersionId;

use crate::arn::Realm;
use crate::state::{Secret, Unfinished};

/// What a call needs apart from its parameters: the time, fresh ids, and which functions there are.
pub(crate) struct Context<'a> {
    /// Now.
    pub(crate) now: Timestamp,
    /// The server's account and regions.
    pub(crate) realm: &'a Realm,
    /// The region that is asked.
    pub(crate) region: &'a str,
    /// The six characters of a new secret's ARN.
    pub(crate) arn_suffix: String,
    /// The RotationToken of a rotation that begins.
    pub(crate) rotation_token: String,
    /// Whether there is a function with this ARN that Secrets Manager may invoke.
    pub(crate) may_invoke: &'a dyn Fn(&str) -> bool,
}

/// What a call answers, and the rotation it sets going. It may hold a value, so it has no `Debug`.
pub(crate) struct Answer {
    /// The members of the answer.
    pub(crate) body: Json,
    /// The secret's ARN and the rotation to run.
    pub(crate) begun: Option<(String, Unfinished)>,
}

impl From<Map<String, Json>> for Answer {
    fn from(body: Map<String, Json>) -> Self {
        Self {
            body: Json::Object(body),
            begun: None,
        }
    }
}

impl From<Json> for Answer {
    fn from(body: Json) -> Self {
        Self { body, begun: None }
    }
}

/// `ARN`, `Name` and `VersionId`, with which many answers begin.
pub(super) fn version_answer(secret: &Secret, id: &VersionId) -> Map<String, Json> {
    let mut answer = secret_answer(secret);
    answer.insert("VersionId".to_owned(), id.as_str().into());
    answer
}

/// `ARN` and `Name`.
pub(super) fn secret_answer(secret: &Secret) -> Map<String, Json> {
    Map::from_iter([
        ("ARN".to_owned(), secret.arn.as_str().into()),
        ("Name".to_owned(), secret.name.as_str().into()),
    ])
}

/// Seconds since 1970 with milliseconds, as AWS JSON writes times.
pub(crate) fn epoch(at: Timestamp) -> Json {
    Json::from(SignedDuration::from_millis(at.as_millisecond()).as_secs_f64())
}
