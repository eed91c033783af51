//! Which function answers which call.

use serde_json::{Map, Value as Json};

use super::answer::{Answer, Context};
use super::args::Args;
use super::operation::Operation;
use super::{describe, lifecycle, lists, password, policies, rotation, values, versions};
use crate::model;
use crate::state::{ApiError, State};

/// Carries out a call. `GetRandomPassword`, which needs chance only, is answered elsewhere.
pub(crate) fn perform(
    operation: Operation,
    members: &Map<String, Json>,
    state: &mut State,
    context: &Context<'_>,
) -> Result<Answer, ApiError> {
    model::check(operation.name(), members)?;
    let args = Args(members);
    state.expire(context.now);
    match operation {
        Operation::AssociateCrossAccountReplica | Operation::DisassociateCrossAccountReplica => {
            lifecycle::cross_account(args, state)
        }
        Operation::BatchGetSecretValue => values::batch_get(args, state, context),
        Operation::CancelRotateSecret => rotation::cancel(args, state, context),
        Operation::CreateSecret => lifecycle::create(args, state, context),
        Operation::DeleteResourcePolicy => policies::delete(args, state),
        Operation::DeleteSecret => lifecycle::delete(args, state, context),
        Operation::DescribeSecret => describe::describe(args, state, context),
        Operation::GetRandomPassword => password::random(members),
        Operation::GetResourcePolicy => policies::get(args, state),
        Operation::GetSecretValue => values::get(args, state, context),
        Operation::ListResourcePolicies => policies::list(args, state),
        Operation::ListSecretVersionIds => versions::list(args, state),
        Operation::ListSecrets => lists::list(args, state),
        Operation::PutResourcePolicy => policies::put(args, state),
        Operation::PutSecretValue => values::put(args, state, context),
        Operation::RemoveRegionsFromReplication => lifecycle::stop_replication(args, state, context),
        Operation::ReplicateSecretToRegions => lifecycle::replicate(args, state, context),
        Operation::RestoreSecret => lifecycle::restore(args, state),
        Operation::RotateSecret => rotation::rotate(args, state, context),
        Operation::StopReplicationToReplica => lifecycle::become_primary(args, state),
        Operation::TagResource => lifecycle::tag(args, state),
        Operation::UntagResource => lifecycle::untag(args, state),
        Operation::UpdateSecret => values::update(args, state, context),
        Operation::UpdateSecretVersionStage => versions::move_stage(args, state, context),
        Operation::ValidateResourcePolicy => policies::validate(args, state),
    }
}
