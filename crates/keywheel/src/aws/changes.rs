//! What `doctor --fix` changes outside of labels and rotations.

use rotation::CallError;

use super::function::without_alias;
use super::session::Session;

/// The statement's name: as in the command that is printed, so that a second run meets the first.
const STATEMENT: &str = "secrets-manager-keywheel";
/// A step each of ten secrets.
const CONCURRENCY: i32 = 10;

/// `RestoreSecret`.
pub(crate) async fn restore(session: &Session, id: &str) -> Result<(), CallError> {
    let call = session.secrets.restore_secret().secret_id(id).send();
    call.await.map(drop).map_err(|error| CallError::of(&error))
}

/// `AddPermission` for Secrets Manager, for secrets of one account.
pub(crate) async fn allow(session: &Session, function: &str, account: &str) -> Result<(), CallError> {
    let call = session
        .lambda
        .add_permission()
        .function_name(function)
        .statement_id(STATEMENT)
        .action("lambda:InvokeFunction")
        .principal("secretsmanager.amazonaws.com")
        .source_account(account);
    call.send().await.map(drop).map_err(|error| CallError::of(&error))
}

/// `PutFunctionConcurrency`.
pub(crate) async fn reserve(session: &Session, function: &str) -> Result<(), CallError> {
    let call = session
        .lambda
        .put_function_concurrency()
        .function_name(without_alias(function))
        .reserved_concurrent_executions(CONCURRENCY);
    call.send().await.map(drop).map_err(|error| CallError::of(&error))
}

/// `UpdateFunctionConfiguration`, of the time limit alone, in seconds.
pub(crate) async fn set_time_limit(session: &Session, function: &str, seconds: u32) -> Result<(), CallError> {
    let call = session
        .lambda
        .update_function_configuration()
        .function_name(without_alias(function))
        .timeout(i32::try_from(seconds).unwrap_or(i32::MAX));
    call.send().await.map(drop).map_err(|error| CallError::of(&error))
}
