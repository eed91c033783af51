//! The calls: parameters in, the state changed, the answer's members out. Still pure.

mod args;
mod describe;
#[cfg(test)]
mod facts;
mod lifecycle;
mod lists;
mod operation;
mod password;
mod policies;
mod rotation;
mod values;
mod versions;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json};
use staging_labels::VersionId;

pub use operation::{Operation, Quota, UnknownOperation};
pub(crate) use password::random_password;

use crate::state::{ApiError, State, Unfinished};
use args::Args;

/// What a call needs besides its parameters: the time, fresh ids, and which functions there are.
pub struct Context<'a> {
    /// Now.
    pub now: Timestamp,
    /// The version's id if the request has no `ClientRequestToken`.
    pub fresh_token: VersionId,
    /// The six characters of a new secret's ARN.
    pub arn_suffix: String,
    /// The RotationToken of a rotation that begins.
    pub rotation_token: String,
    /// Whether there is a function with this ARN that Secrets Manager may invoke.
    pub may_invoke: &'a dyn Fn(&str) -> bool,
}

/// What a call answers, and the rotation it sets going. It may hold a value, so it has no `Debug`.
pub struct Answer {
    /// The members of the answer.
    pub body: Json,
    /// The secret's ARN and the rotation to run.
    pub begun: Option<(String, Unfinished)>,
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

/// Carries out a call. `GetRandomPassword`, which needs chance only, is answered elsewhere.
pub fn perform(
    operation: Operation,
    members: &Map<String, Json>,
    state: &mut State,
    context: &Context<'_>,
) -> Result<Answer, ApiError> {
    let args = Args(members);
    state.expire(context.now);
    match operation {
        Operation::BatchGetSecretValue => values::batch_get(args, state, context),
        Operation::CancelRotateSecret => rotation::cancel(args, state, context),
        Operation::CreateSecret => lifecycle::create(args, state, context),
        Operation::DeleteResourcePolicy => policies::delete(args, state),
        Operation::DeleteSecret => lifecycle::delete(args, state, context),
        Operation::DescribeSecret => describe::describe(args, state, context),
        Operation::GetRandomPassword => random_password(members),
        Operation::GetResourcePolicy => policies::get(args, state),
        Operation::GetSecretValue => values::get(args, state, context),
        Operation::ListSecretVersionIds => versions::list(args, state),
        Operation::ListSecrets => lists::list(args, state, context),
        Operation::PutResourcePolicy => policies::put(args, state),
        Operation::PutSecretValue => values::put(args, state, context),
        Operation::RemoveRegionsFromReplication => lifecycle::stop_replication(args, state, context),
        Operation::ReplicateSecretToRegions => lifecycle::replicate(args, state, context),
        Operation::RestoreSecret => lifecycle::restore(args, state),
        Operation::RotateSecret => rotation::rotate(args, state, context),
        Operation::TagResource => lifecycle::tag(args, state),
        Operation::UntagResource => lifecycle::untag(args, state),
        Operation::UpdateSecret => values::update(args, state, context),
        Operation::UpdateSecretVersionStage => versions::move_stage(args, state, context),
        Operation::ValidateResourcePolicy => policies::validate(args, state),
    }
}

/// Seconds since 1970 with milliseconds, as AWS JSON writes times.
pub(crate) fn epoch(at: Timestamp) -> Json {
    Json::from(SignedDuration::from_millis(at.as_millisecond()).as_secs_f64())
}
