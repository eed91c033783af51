//! Resource policies: kept and checked for their form, not enforced.

use serde_json::{Map, Value as Json, json};

use super::answer::{Answer, secret_answer};
use super::args::Args;
use super::paging::{add_next_token, page};
use crate::state::{ApiError, ErrorCode, State};

/// The one name of a policy.
const DEFAULT: &str = "default";

pub(super) fn put(args: Args<'_>, state: &mut State) -> Result<Answer, ApiError> {
    check_policy_name(args)?;
    let arn = state.resolve(args.secret_id()?)?.to_owned();
    let text = args.required_text("ResourcePolicy")?;
    let policy = parse(text)?;
    if args.flag("BlockPublicPolicy").unwrap_or_default() && is_public(&policy) {
        return Err(ApiError::new(
            ErrorCode::PublicPolicy,
            "You can't attach a resource policy that allows public access to the secret.",
        ));
    }
    state.change(&arn, |secret| {
        secret.refuse_deleted()?;
        secret.refuse_replica()?;
        secret.policy = Some(text.to_owned());
        Ok(())
    })?;
    Ok(secret_answer(state.get(&arn)?).into())
}

pub(super) fn get(args: Args<'_>, state: &State) -> Result<Answer, ApiError> {
    check_policy_name(args)?;
    let secret = state.find(args.secret_id()?)?;
    secret.refuse_deleted()?;
    let mut answer = secret_answer(secret);
    if let Some(policy) = &secret.policy {
        answer.insert("ResourcePolicy".to_owned(), policy.as_str().into());
    }
    Ok(answer.into())
}

pub(super) fn delete(args: Args<'_>, state: &mut State) -> Result<Answer, ApiError> {
    check_policy_name(args)?;
    let arn = state.resolve(args.secret_id()?)?.to_owned();
    state.change(&arn, |secret| {
        secret.refuse_deleted()?;
        secret.refuse_replica()?;
        secret.policy = None;
        Ok(())
    })?;
    Ok(secret_answer(state.get(&arn)?).into())
}

/// `ListResourcePolicies`: the name of the one that a secret can have.
pub(super) fn list(args: Args<'_>, state: &State) -> Result<Answer, ApiError> {
    let secret = state.find(args.secret_id()?)?;
    secret.refuse_deleted()?;
    let names = secret.policy.iter().map(|_| json!({ "PolicyName": DEFAULT }));
    let (names, next) = page(args, 100, names.collect())?;
    let mut answer = Map::from_iter([("ResourcePolicies".to_owned(), Json::Array(names))]);
    add_next_token(&mut answer, next);
    Ok(answer.into())
}

/// Only the policy of the name `default` can be put, read and deleted.
fn check_policy_name(args: Args<'_>) -> Result<(), ApiError> {
    match args.text("PolicyName") {
        None | Some(DEFAULT) => Ok(()),
        Some(_) => Err(ApiError::invalid_parameter(
            "The only resource policy that a secret can have here is called default.",
        )),
    }
}

pub(super) fn validate(args: Args<'_>, state: &State) -> Result<Answer, ApiError> {
    if args.text("SecretId").is_some() {
        state.find(args.secret_id()?)?.refuse_deleted()?;
    }
    let policy = parse(args.required_text("ResourcePolicy")?)?;
    let errors = if is_public(&policy) {
        json!([{ "CheckName": "PUBLIC_POLICY", "ErrorMessage": "The policy allows public access to the secret." }])
    } else {
        json!([])
    };
    let passed = errors == json!([]);
    Ok(json!({ "PolicyValidationPassed": passed, "ValidationErrors": errors }).into())
}

/// A policy is an object with statements, each with an effect, an action and a principal.
fn parse(text: &str) -> Result<Json, ApiError> {
    let malformed = || {
        ApiError::new(
            ErrorCode::MalformedPolicyDocument,
            "This resource policy is not a valid policy document.",
        )
    };
    let policy: Json = serde_json::from_str(text).map_err(|_| malformed())?;
    let well_formed = statements(&policy).is_some_and(|statements| {
        let complete = |statement: &&Json| {
            let has = |name| statement.get(name).is_some();
            matches!(statement["Effect"].as_str(), Some("Allow" | "Deny"))
                && (has("Action") || has("NotAction"))
                && (has("Principal") || has("NotPrincipal"))
        };
        !statements.is_empty() && statements.iter().all(complete)
    });
    if well_formed { Ok(policy) } else { Err(malformed()) }
}

fn statements(policy: &Json) -> Option<Vec<&Json>> {
    match policy.get("Statement")? {
        Json::Array(statements) => Some(statements.iter().collect()),
        one @ Json::Object(_) => Some(vec![one]),
        _ => None,
    }
}

/// Whether a statement allows everybody something without a condition.
fn is_public(policy: &Json) -> bool {
    let everybody = |principal: &Json| {
        let star = |value: &Json| match value {
            Json::Array(all) => all.iter().any(|one| one == "*"),
            value => value == "*",
        };
        star(principal) || star(&principal["AWS"])
    };
    statements(policy).unwrap_or_default().iter().any(|statement| {
        statement["Effect"] == "Allow"
            && statement.get("Condition").is_none()
            && everybody(&statement["Principal"])
    })
}
