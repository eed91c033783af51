//! RotateSecret and `CancelRotateSecret`.

use super::answer::{Answer, Context, secret_answer, version_answer};
use super::args::Args;
use crate::state::rotate::{self, Begun, RotationRequest};
use crate::state::{ApiError, ErrorCode, Rules, State};

pub(super) fn rotate(args: Args<'_>, state: &mut State, context: &Context<'_>) -> Result<Answer, ApiError> {
    let arn = state.resolve(args.secret_id()?)?.to_owned();
    let request = RotationRequest {
        token: args.request_token(ErrorCode::InvalidParameter)?,
        rotation_token: context.rotation_token.clone(),
        function_arn: args
            .text("RotationLambdaARN")
            .filter(|arn| !arn.is_empty())
            .map(str::to_owned),
        rules: rules(args)?,
        immediately: args.flag("RotateImmediately").unwrap_or(true),
    };
    let function = rotate::rotation_function(state.get(&arn)?, request.function_arn.as_deref())?;
    if !(context.may_invoke)(&function) {
        return Err(ApiError::new(
            ErrorCode::AccessDenied,
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.",
        ));
    }
    let token = request.token.clone();
    let begun = state.change(&arn, |secret| rotate::begin(secret, request, context.now))?;
    let mut answer = Answer::from(version_answer(state.get(&arn)?, &token));
    if let Begun::Started(run) = begun {
        answer.begun = Some((arn, run));
    }
    Ok(answer)
}

fn rules(args: Args<'_>) -> Result<Option<Rules>, ApiError> {
    let Some(rules) = args.structure("RotationRules") else {
        return Ok(None);
    };
    let checked = Rules::new(
        rules.integer("AutomaticallyAfterDays"),
        rules.text("ScheduleExpression").map(str::to_owned),
        rules.text("Duration"),
    );
    checked
        .map(Some)
        .map_err(|error| ApiError::invalid_parameter(error.to_string()))
}

pub(super) fn cancel(args: Args<'_>, state: &mut State, context: &Context<'_>) -> Result<Answer, ApiError> {
    let arn = state.resolve(args.secret_id()?)?.to_owned();
    let token = state.change(&arn, |secret| rotate::cancel(secret, context.now))?;
    let secret = state.get(&arn)?;
    Ok(match token {
        Some(token) => version_answer(secret, &token).into(),
        None => secret_answer(secret).into(),
    })
}
