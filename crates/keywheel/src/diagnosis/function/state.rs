//! From what Lambda says of a function to what is the matter with it.

use crate::diagnosis::answers::{Answers, Function};
use crate::diagnosis::cause::Cause;
use crate::diagnosis::function::permission::Permission;

/// With less concurrency than this, the steps of one secret wait for those of others.
pub(in crate::diagnosis) const LEAST_CONCURRENCY: u32 = 2;

/// What is the matter with the function itself.
pub(in crate::diagnosis) fn trouble(answers: &Answers) -> Option<Cause> {
    let of_state = match answers.function.said()? {
        Function::Gone => return Some(Cause::FunctionGone),
        Function::There(function) if function.state == "Inactive" || function.state == "Pending" => {
            Some(Cause::FunctionAsleep)
        }
        Function::There(function) if function.state == "Failed" || function.update_failed => {
            Some(Cause::FunctionBroken)
        }
        Function::There(_) => None,
    };
    let of_permission = match answers.permission.said() {
        Some(Permission::Missing | Permission::OtherAccount(_) | Permission::OtherSecret(_)) => {
            Some(Cause::NotInvocable)
        }
        Some(Permission::Granted) | None => None,
    };
    let of_concurrency = match answers.concurrency.said() {
        Some(Some(reserved)) if *reserved < LEAST_CONCURRENCY => Some(Cause::TooLittleConcurrency),
        _ => None,
    };
    of_permission.or(of_concurrency).or(of_state)
}
