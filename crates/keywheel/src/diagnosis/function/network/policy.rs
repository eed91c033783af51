//! The policy of an interface endpoint: whether it allows what a rotation calls.
//!
//! It says "denied" only of what is certain. A condition that cannot be judged from here makes the answer "not known".

use serde_json::{Value, json};

use super::super::policy::{CALLS, matches, one_or_many};
use super::facts::{Caller, Endpoint, Network};
use super::finding::{Found, Obstacle};
use super::mend::Mend;

/// What a policy says of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Allowed,
    /// A statement denies it: its `Sid`, or its place in the policy.
    Denied(String),
    /// No statement allows it.
    NotAllowed,
    /// It depends on these elements or condition keys.
    NotKnown(Vec<String>),
}

/// What the endpoint's policy does with the function's calls about the secret. Nothing is said if it allows them all.
pub(super) fn judge(network: &Network, endpoint: &Endpoint) -> Vec<Found> {
    let Some(text) = &endpoint.policy else {
        return Vec::new();
    };
    let unclear = |text: String| Found::unclear(Obstacle::EndpointPolicyDenies, text);
    let Ok(policy) = serde_json::from_str::<Value>(text) else {
        return vec![unclear(format!(
            "the policy of the endpoint {} cannot be read",
            endpoint.id
        ))];
    };
    let statements = policy.get("Statement").map(one_or_many).unwrap_or_default();
    let request = Request {
        caller: &network.caller,
        vpc: &network.vpc.id,
        endpoint: &endpoint.id,
    };
    let (mut missing, mut found) = (Vec::new(), Vec::new());
    let (mut open, mut keys): (Vec<&str>, Vec<String>) = (Vec::new(), Vec::new());
    for call in CALLS {
        match request.judge(&statements, call) {
            Verdict::Allowed => {}
            Verdict::NotAllowed => missing.push(call),
            Verdict::Denied(by) => {
                let text = format!(
                    "the policy of the endpoint {} denies {call}: statement {by}",
                    endpoint.id
                );
                found.push(Found::failed(Obstacle::EndpointPolicyDenies, text, None));
            }
            Verdict::NotKnown(why) => {
                open.push(call);
                keys.extend(why);
            }
        }
    }
    if !missing.is_empty() {
        let text = format!(
            "the policy of the endpoint {} does not allow the function {} of this secret",
            endpoint.id,
            missing.join(", ")
        );
        let mend = network.caller.role.as_deref().map(|role| Mend::Policy {
            endpoint: endpoint.id.clone(),
            document: extended(&policy, role, &missing, &network.caller.secret),
        });
        found.push(Found::failed(Obstacle::EndpointPolicyDenies, text, mend));
    }
    if !open.is_empty() {
        keys.sort();
        keys.dedup();
        found.push(unclear(format!(
            "whether the policy of the endpoint {} allows {} is not known: it depends on {}",
            endpoint.id,
            open.join(", "),
            keys.join(", ")
        )));
    }
    found
}

/// The policy with a statement more.
fn extended(policy: &Value, role: &str, calls: &[&str], secret: &str) -> String {
    let more =
        json!({ "Effect": "Allow", "Principal": { "AWS": role }, "Action": calls, "Resource": secret });
    let mut policy = policy.clone();
    let known = policy.get("Statement").map(one_or_many).unwrap_or_default();
    let statements: Vec<Value> = known.into_iter().cloned().chain([more]).collect();
    policy["Statement"] = Value::Array(statements);
    policy.to_string()
}

/// What is known of a request.
struct Request<'a> {
    caller: &'a Caller,
    vpc: &'a str,
    endpoint: &'a str,
}

/// Part 5 of an ARN.
fn account(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

impl Request<'_> {
    fn judge(&self, statements: &[&Value], call: &str) -> Verdict {
        let (mut allowed, mut unknown) = (false, Vec::new());
        let mut may_be_allowed = false;
        for (place, statement) in statements.iter().enumerate() {
            let allows = match statement.get("Effect").and_then(Value::as_str) {
                Some("Allow") => true,
                Some("Deny") => false,
                _ => continue,
            };
            match self.applies(statement, call) {
                Ok(false) => {}
                Ok(true) if allows => allowed = true,
                Ok(true) => {
                    let sid = statement
                        .get("Sid")
                        .and_then(Value::as_str)
                        .filter(|sid| !sid.is_empty());
                    return Verdict::Denied(sid.map_or_else(|| (place + 1).to_string(), str::to_owned));
                }
                Err(why) => {
                    may_be_allowed |= allows;
                    // What another statement allows anyhow does not depend on this one.
                    unknown.push((allows, why));
                }
            }
        }
        if !allowed && !may_be_allowed {
            return Verdict::NotAllowed;
        }
        let why: Vec<String> = unknown
            .into_iter()
            .filter(|(allows, _)| !(*allows && allowed))
            .flat_map(|(_, why)| why)
            .collect();
        if why.is_empty() {
            Verdict::Allowed
        } else {
            Verdict::NotKnown(why)
        }
    }

    /// Whether a statement is about this call; if that is not known, what it depends on.
    fn applies(&self, statement: &Value, call: &str) -> Result<bool, Vec<String>> {
        let parts = [
            names_call(statement, call),
            self.names_secret(statement),
            self.names_caller(statement),
        ];
        let conditions = statement.get("Condition").and_then(Value::as_object);
        let conditions = conditions.into_iter().flatten().flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, values)| {
                self.holds(operator, key, &one_or_many(values))
                    .ok_or_else(|| key.clone())
            })
        });
        let mut unknown = Vec::new();
        for part in parts.into_iter().chain(conditions) {
            match part {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(why) => unknown.push(why),
            }
        }
        if unknown.is_empty() {
            Ok(true)
        } else {
            Err(unknown)
        }
    }

    fn names_secret(&self, statement: &Value) -> Result<bool, String> {
        named(statement, "Resource", |pattern| {
            (!pattern.contains("${")).then(|| matches(pattern, &self.caller.secret))
        })
    }

    fn names_caller(&self, statement: &Value) -> Result<bool, String> {
        let not_known = || Err("its Principal".to_owned());
        let Some(principal) = statement.get("Principal") else {
            return Err("its NotPrincipal".to_owned());
        };
        let all = match principal {
            Value::String(all) if all == "*" => return Ok(true),
            Value::Object(kinds) => kinds.get("AWS").map(one_or_many).unwrap_or_default(),
            _ => return not_known(),
        };
        let mut unknown = false;
        for one in all.into_iter().filter_map(Value::as_str) {
            match self.is_caller(one) {
                Some(true) => return Ok(true),
                Some(false) => {}
                None => unknown = true,
            }
        }
        if unknown { not_known() } else { Ok(false) }
    }

    /// Whether a principal is the function's role, its session, or its account.
    fn is_caller(&self, principal: &str) -> Option<bool> {
        if principal == "*" {
            return Some(true);
        }
        let role = self.caller.role.as_deref()?;
        let own = account(role)?;
        if principal == role
            || principal == own
            || principal == format!("arn:{}:iam::{own}:root", partition(role))
        {
            return Some(true);
        }
        let of_session = format!(":sts::{own}:assumed-role/{}/", role.rsplit('/').next()?);
        let is_account = principal.len() == 12 && principal.bytes().all(|byte| byte.is_ascii_digit());
        // A session of the role may be the function's. Anything but an ARN is an ID, which may be the role's.
        if principal.contains(&of_session) || !(principal.starts_with("arn:") || is_account) {
            return None;
        }
        Some(false)
    }

    /// Whether a condition holds, if that is known from here.
    fn holds(&self, operator: &str, key: &str, values: &[&Value]) -> Option<bool> {
        let role = self.caller.role.as_deref();
        let actual = match key.to_ascii_lowercase().as_str() {
            "aws:principalarn" => role?,
            "aws:principalaccount" => account(role?)?,
            "aws:resourceaccount" => account(&self.caller.secret)?,
            "aws:sourcevpc" => self.vpc,
            "aws:sourcevpce" => self.endpoint,
            "secretsmanager:resource/allowrotationlambdaarn" => &self.caller.function,
            _ => return None,
        };
        let operator = operator.strip_suffix("IfExists").unwrap_or(operator);
        let (is_pattern, wanted) = match operator {
            "StringEquals" => (false, true),
            "StringNotEquals" => (false, false),
            "StringLike" | "ArnLike" | "ArnEquals" => (true, true),
            "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => (true, false),
            _ => return None,
        };
        let mut any = false;
        for value in values {
            let value = value.as_str()?;
            if value.contains("${") {
                return None;
            }
            any |= if is_pattern {
                matches(value, actual)
            } else {
                value == actual
            };
        }
        Some(any == wanted)
    }
}

/// Part 2 of an ARN.
fn partition(arn: &str) -> &str {
    arn.split(':').nth(1).unwrap_or("aws")
}

/// Whether a statement names a call, however its letters are written.
fn names_call(statement: &Value, call: &str) -> Result<bool, String> {
    let call = call.to_ascii_lowercase();
    named(statement, "Action", |pattern| {
        Some(matches(&pattern.to_ascii_lowercase(), &call))
    })
}

/// Whether an element or its `Not…` names something.
fn named(statement: &Value, element: &str, is: impl Fn(&str) -> Option<bool>) -> Result<bool, String> {
    let not = format!("Not{element}");
    let (patterns, wanted, name) = match (statement.get(element), statement.get(&not)) {
        (Some(patterns), _) => (patterns, true, element),
        (None, Some(patterns)) => (patterns, false, not.as_str()),
        (None, None) => return Ok(false),
    };
    let mut unknown = false;
    for pattern in one_or_many(patterns).into_iter().filter_map(Value::as_str) {
        match is(pattern) {
            Some(true) => return Ok(wanted),
            Some(false) => {}
            None => unknown = true,
        }
    }
    if unknown {
        Err(format!("its {name}"))
    } else {
        Ok(!wanted)
    }
}
