//! IAM and KMS: whether the function's role may do what a rotation needs, and whether the secret's key can be used.

use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, PolicyEvaluationDecisionType};
use aws_sdk_kms::types::KeyState;
use rotation::CallError;
use serde_json::Value;

use super::session::{Session, is_not_found, unanswered};
use crate::diagnosis::{Answer, CALLS, RoleCheck, Secret, Unasked, one_or_many};

/// `SimulatePrincipalPolicy` of the function's role. It does not evaluate the secret's own policy, so that one is read, too.
pub(crate) async fn role(session: &Session, role: &str, secret: &Secret) -> Answer<RoleCheck> {
    let function = ContextEntry::builder()
        .context_key_name("secretsmanager:resource/AllowRotationLambdaArn")
        .context_key_type(ContextKeyTypeEnum::String)
        .context_key_values(secret.function.clone().unwrap_or_default())
        .build();
    let call = session
        .iam
        .simulate_principal_policy()
        .policy_source_arn(role)
        .set_action_names(Some(CALLS.map(str::to_owned).to_vec()))
        .resource_arns(&secret.arn)
        .context_entries(function);
    let answer = match call.send().await.map_err(|error| CallError::of(&error)) {
        Ok(answer) => answer,
        // A local Secrets Manager: its functions' roles have no policies.
        Err(CallError::Other { code, .. }) if code == "InvalidAction" => {
            return Answer::NotAsked(Unasked::Because("the endpoint has no IAM"));
        }
        Err(error) => return unanswered(error, "iam:SimulatePrincipalPolicy"),
    };
    let denied = answer
        .evaluation_results()
        .iter()
        .filter(|result| *result.eval_decision() != PolicyEvaluationDecisionType::Allowed)
        .map(|result| result.eval_action_name().to_owned())
        .collect();
    Answer::Said(RoleCheck {
        denied,
        secret_denies: secret_denies(session, secret).await,
    })
}

/// Whether the secret's own policy has a statement that denies; none if that was not answered.
async fn secret_denies(session: &Session, secret: &Secret) -> Option<bool> {
    let call = session
        .secrets
        .get_resource_policy()
        .secret_id(&secret.arn)
        .send();
    let policy = match call.await.map_err(|error| CallError::of(&error)) {
        Ok(answer) => answer.resource_policy.unwrap_or_default(),
        Err(error) if is_not_found(&error) => return Some(false),
        Err(_) => return None,
    };
    Some(has_deny(&policy))
}

fn has_deny(policy: &str) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(policy) else {
        return false;
    };
    let statements = policy.get("Statement").map(one_or_many).unwrap_or_default();
    statements
        .iter()
        .any(|statement| statement.get("Effect").and_then(Value::as_str) == Some("Deny"))
}

/// `DescribeKey` of the secret's own key: `Enabled`, `Disabled`, `PendingDeletion` and others.
pub(crate) async fn key(session: &Session, key: &str) -> Answer<String> {
    match session
        .kms
        .describe_key()
        .key_id(key)
        .send()
        .await
        .map_err(|error| CallError::of(&error))
    {
        Ok(answer) => {
            let state = answer
                .key_metadata()
                .and_then(|key| key.key_state())
                .map(KeyState::as_str);
            Answer::Said(state.unwrap_or("Enabled").to_owned())
        }
        Err(CallError::Other { code, .. }) if code == "NotFoundException" => {
            Answer::Said("NotFound".to_owned())
        }
        Err(error) => unanswered(error, "kms:DescribeKey"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_denies_is_seen() {
        assert!(has_deny(r#"{"Statement":{"Effect":"Deny"}}"#));
        assert!(has_deny(
            r#"{"Statement":[{"Effect":"Allow"},{"Effect":"Deny"}]}"#
        ));
        assert!(!has_deny(r#"{"Statement":[{"Effect":"Allow"}]}"#));
        assert!(!has_deny(""));
    }
}
