//! Lambda: what decides whether a function can be invoked, and how it behaves.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::types::LastUpdateStatus;
use rotation::CallError;

use super::session::{Session, is_not_found, unanswered};
use crate::diagnosis::{Answer, Function, FunctionState, Permission, Secret, Unasked, Vpc, judge};

/// A function's environment variables. They may be secret: none is ever shown, and no answer of a diagnosis has them.
#[derive(Default)]
pub(crate) struct Environment(HashMap<String, String>);

impl Environment {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// `GetFunctionConfiguration`. Of the environment only `AWSCURRENT_MOVES` is kept.
pub(crate) async fn configuration(session: &Session, function: &str) -> Answer<Function> {
    configuration_and_environment(session, function).await.unzip().0
}

/// The same, with the environment beside it: a diagnosis goes into bundles, and a login needs the rest.
pub(crate) async fn configuration_and_environment(
    session: &Session,
    function: &str,
) -> Answer<(Function, Environment)> {
    let call = session
        .lambda
        .get_function_configuration()
        .function_name(function);
    match call.send().await.map_err(|error| CallError::of(&error)) {
        Ok(mut answer) => {
            let state = of_answer(&answer);
            let variables = answer.environment.take().and_then(|all| all.variables);
            let environment = Environment(variables.unwrap_or_default());
            Answer::Said((Function::There(state), environment))
        }
        Err(error) if is_not_found(&error) => Answer::Said((Function::Gone, Environment::default())),
        Err(error) => unanswered(error, "lambda:GetFunctionConfiguration"),
    }
}

/// What a function was made of. The names of its environment variables only: their values may be secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deployed {
    /// Such as `python3.9`.
    pub(crate) runtime: String,
    /// Such as `lambda_function.lambda_handler`.
    pub(crate) handler: String,
    /// The names of its environment variables, in order.
    pub(crate) variables: Vec<String>,
}

/// The same call; none if there is no such function.
pub(crate) async fn deployed(session: &Session, function: &str) -> Answer<Option<Deployed>> {
    let call = session
        .lambda
        .get_function_configuration()
        .function_name(function);
    match call.send().await.map_err(|error| CallError::of(&error)) {
        Ok(answer) => {
            let variables = answer.environment().and_then(|all| all.variables());
            let mut variables: Vec<String> = variables
                .into_iter()
                .flatten()
                .map(|(name, _)| name.clone())
                .collect();
            variables.sort();
            Answer::Said(Some(Deployed {
                runtime: answer.runtime().map_or("", |runtime| runtime.as_str()).to_owned(),
                handler: answer.handler().unwrap_or_default().to_owned(),
                variables,
            }))
        }
        Err(error) if is_not_found(&error) => Answer::Said(None),
        Err(error) => unanswered(error, "lambda:GetFunctionConfiguration"),
    }
}

/// The function's environment variables. They may be secret: none is ever shown.
pub(crate) async fn environment(
    session: &Session,
    function: &str,
) -> Result<BTreeMap<String, String>, CallError> {
    let call = session
        .lambda
        .get_function_configuration()
        .function_name(function);
    let answer = call.send().await.map_err(|error| CallError::of(&error))?;
    let variables = answer.environment.and_then(|all| all.variables);
    Ok(variables.unwrap_or_default().into_iter().collect())
}

fn of_answer(answer: &GetFunctionConfigurationOutput) -> FunctionState {
    let update_failed = answer.last_update_status() == Some(&LastUpdateStatus::Failed);
    let reason = if update_failed {
        answer
            .last_update_status_reason_code()
            .map(|code| code.as_str().to_owned())
    } else {
        answer.state_reason_code().map(|code| code.as_str().to_owned())
    };
    let variables = answer.environment().and_then(|all| all.variables());
    let moves = variables.and_then(|all| all.get("AWSCURRENT_MOVES")?.parse().ok());
    FunctionState {
        state: answer.state().map_or("Active", |state| state.as_str()).to_owned(),
        reason,
        update_failed,
        timeout: answer
            .timeout()
            .and_then(|seconds| u32::try_from(seconds).ok())
            .unwrap_or(30),
        moves,
        role: answer.role().map(str::to_owned),
        log_group: answer
            .logging_config()
            .and_then(|config| config.log_group())
            .map(str::to_owned),
        vpc: answer
            .vpc_config()
            .filter(|vpc| !vpc.subnet_ids().is_empty())
            .map(|vpc| Vpc {
                id: vpc.vpc_id().unwrap_or_default().to_owned(),
                subnets: vpc.subnet_ids().to_vec(),
                groups: vpc.security_group_ids().to_vec(),
                ipv6: vpc.ipv6_allowed_for_dual_stack() == Some(true),
            }),
    }
}

/// `GetPolicy`, judged for `secret`. A function's ARN names its alias, whose policy decides.
pub(crate) async fn permission(session: &Session, function: &str, secret: &Secret) -> Answer<Permission> {
    let call = session.lambda.get_policy().function_name(function);
    match call.send().await.map_err(|error| CallError::of(&error)) {
        Ok(answer) => {
            let judged = judge(answer.policy().unwrap_or_default(), &secret.arn, secret.account());
            judged.map_or_else(
                || Answer::NotAsked(Unasked::Failed("the policy cannot be read".to_owned())),
                Answer::Said,
            )
        }
        Err(error) if is_not_found(&error) => Answer::Said(Permission::Missing),
        Err(error) => unanswered(error, "lambda:GetPolicy"),
    }
}

/// `GetFunctionConcurrency`: what is reserved for the function.
pub(crate) async fn concurrency(session: &Session, function: &str) -> Answer<Option<u32>> {
    let call = session
        .lambda
        .get_function_concurrency()
        .function_name(without_alias(function));
    match call.send().await.map_err(|error| CallError::of(&error)) {
        Ok(answer) => Answer::Said(
            answer
                .reserved_concurrent_executions()
                .and_then(|reserved| u32::try_from(reserved).ok()),
        ),
        Err(error) if is_not_found(&error) => Answer::Said(None),
        Err(error) => unanswered(error, "lambda:GetFunctionConcurrency"),
    }
}

/// Concurrency is the function's, not its alias's.
pub(super) fn without_alias(arn: &str) -> &str {
    match arn.match_indices(':').nth(6) {
        Some((end, _)) if arn.starts_with("arn:") => &arn[..end],
        _ => arn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_left_out() {
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:rotate";
        assert_eq!(without_alias(&format!("{arn}:live")), arn);
        assert_eq!(without_alias(arn), arn);
        assert_eq!(without_alias("rotate"), "rotate");
    }
}
