//! RotateSecret and `CancelRotateSecret`.

use super::answer::{Answer, Context, secret_answer, version_answer};
use super::args::Args;
use crate::state::rotate::{self, Begun, RotationRequest};
use crate::state::{ApiError, ErrorCode, ExternalRotation, MetadataItem, Rules, State};

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
        external: external(args)?,
    };
    let partner = state.get(&arn)?.partner_type();
    if partner.is_some() && !request.immediately {
        state.change(&arn, |secret| {
            rotate::configure_external(secret, request, context.now)
        })?;
        return Ok(secret_answer(state.get(&arn)?).into());
    }
    if partner.is_none() && request.external != ExternalRotation::default() {
        return Err(ApiError::invalid_parameter(
            "ExternalSecretRotationRoleArn and ExternalSecretRotationMetadata are for managed external secrets: those with a Type.",
        ));
    }
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

fn external(args: Args<'_>) -> Result<ExternalRotation, ApiError> {
    let metadata = args.structures("ExternalSecretRotationMetadata", |item| {
        let text = |name| item.text(name).map(str::to_owned);
        Ok(MetadataItem {
            key: text("Key"),
            value: text("Value"),
        })
    })?;
    Ok(ExternalRotation {
        role_arn: args.text("ExternalSecretRotationRoleArn").map(str::to_owned),
        metadata: args.has("ExternalSecretRotationMetadata").then_some(metadata),
    })
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
