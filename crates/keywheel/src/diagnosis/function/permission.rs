//! Whether a function's resource policy lets Secrets Manager invoke it.

use serde_json::Value;

use super::policy::{matches, one_or_many};

/// The principal that rotations are invoked by.
const PRINCIPAL: &str = "secretsmanager.amazonaws.com";

/// What the policy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Secrets Manager may invoke it for this account.
    Granted,
    /// There is no statement for Secrets Manager.
    Missing,
    /// It is for secrets of this account only, and the secret is in another.
    OtherAccount(String),
    /// It is for this secret's ARN pattern only, and the secret is another.
    OtherSecret(String),
}

/// Reads a policy for the secret `arn`, whose AWS account is `account`. None if it is no policy.
pub(crate) fn judge(policy: &str, arn: &str, account: &str) -> Option<Permission> {
    let policy: Value = serde_json::from_str(policy).ok()?;
    let statements = one_or_many(policy.get("Statement")?);
    let mut best = Permission::Missing;
    for statement in statements.into_iter().filter(|statement| concerns(statement)) {
        match conditions(statement, arn, account) {
            Permission::Granted => return Some(Permission::Granted),
            refused => best = refused,
        }
    }
    Some(best)
}

fn concerns(statement: &Value) -> bool {
    let is = |value: Option<&Value>, wanted: &[&str]| {
        value.is_some_and(|value| {
            one_or_many(value)
                .into_iter()
                .filter_map(Value::as_str)
                .any(|text| wanted.contains(&text))
        })
    };
    let principal = statement.get("Principal");
    let service = principal.and_then(|principal| principal.get("Service"));
    statement.get("Effect").and_then(Value::as_str) == Some("Allow")
        && (is(service, &[PRINCIPAL]) || is(principal, &["*"]))
        && is(
            statement.get("Action"),
            &["lambda:InvokeFunction", "lambda:*", "*"],
        )
}

fn conditions(statement: &Value, arn: &str, account: &str) -> Permission {
    let Some(Value::Object(tests)) = statement.get("Condition") else {
        return Permission::Granted;
    };
    let named = |wanted: &str| {
        let keys = tests.values().filter_map(Value::as_object).flatten();
        let values = keys.filter(|(key, _)| key.eq_ignore_ascii_case(wanted));
        values
            .flat_map(|(_, value)| one_or_many(value))
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let accounts = named("aws:SourceAccount");
    if !accounts.is_empty() && !accounts.iter().any(|allowed| allowed == account) {
        return Permission::OtherAccount(accounts.join(", "));
    }
    let arns = named("aws:SourceArn");
    if !arns.is_empty() && !arns.iter().any(|pattern| matches(pattern, arn)) {
        return Permission::OtherSecret(arns.join(", "));
    }
    Permission::Granted
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ARN: &str = "arn:aws:secretsmanager:us-east-1:222222222222:secret:crm/db-AbCdEf";

    fn judged(condition: &Value) -> Permission {
        let statement = json!({"Effect": "Allow", "Principal": {"Service": PRINCIPAL}, "Action": "lambda:InvokeFunction", "Condition": condition});
        judge(
            &json!({ "Statement": [statement] }).to_string(),
            ARN,
            "222222222222",
        )
        .unwrap()
    }

    #[test]
    fn the_secrets_own_account_may_be_named() {
        assert_eq!(judged(&json!(null)), Permission::Granted);
        let equals = |account: &str| judged(&json!({"StringEquals": {"AWS:SourceAccount": account}}));
        assert_eq!(equals("222222222222"), Permission::Granted);
        assert_eq!(
            equals("111111111111"),
            Permission::OtherAccount("111111111111".to_owned())
        );
    }

    #[test]
    fn a_source_arn_is_a_pattern() {
        let like = |pattern: &str| judged(&json!({"ArnLike": {"aws:SourceArn": pattern}}));
        assert_eq!(like("arn:aws:secretsmanager:*:secret:crm/*"), Permission::Granted);
        assert!(matches!(
            like("arn:aws:secretsmanager:*:secret:orders/*"),
            Permission::OtherSecret(_)
        ));
    }

    #[test]
    fn statements_for_others_do_not_count() {
        let other = json!({"Statement": {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "lambda:InvokeFunction"}});
        assert_eq!(judge(&other.to_string(), ARN, ""), Some(Permission::Missing));
        assert_eq!(judge("nonsense", ARN, ""), None);
        assert_eq!(judge("{}", ARN, ""), None);
    }
}
