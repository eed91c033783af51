//! What Lambda itself holds of a function: who may invoke it, how often at once, and its state.

use std::time::Duration;

/// The service that invokes rotation functions.
const SECRETS_MANAGER: &str = "secretsmanager.amazonaws.com";

/// What a rotation does with its function.
const INVOKE: &str = "lambda:InvokeFunction";

/// A statement of a function's resource policy that allows an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) id: String,
    pub(crate) action: String,
    pub(crate) principal: String,
    pub(crate) source_account: Option<String>,
    pub(crate) source_arn: Option<String>,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) statements: Vec<Statement>,
    /// How many invocations at once are reserved, if any are.
    pub(crate) reserved: Option<u32>,
    /// A time limit that was set after the function was added.
    pub(crate) timeout: Option<Duration>,
    /// `Active`, `Inactive`, `Pending` or `Failed`.
    pub(crate) state: String,
    /// The reason of a state that is not `Active`.
    pub(crate) reason: Option<String>,
    /// Its VPC, subnets and security groups, if it is said to be in one.
    pub(crate) network: Option<Network>,
}

/// A function's VPC, as `GetFunctionConfiguration` shows it. Nothing is done with it here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) vpc: String,
    pub(crate) subnets: Vec<String>,
    pub(crate) groups: Vec<String>,
}

impl Rules {
    /// Those of a new function: this server invokes every function that it hosts.
    pub(crate) fn new(account: &str) -> Self {
        Self {
            statements: vec![Statement {
                id: "secrets-manager".to_owned(),
                action: INVOKE.to_owned(),
                principal: SECRETS_MANAGER.to_owned(),
                source_account: Some(account.to_owned()),
                source_arn: None,
            }],
            reserved: None,
            timeout: None,
            state: "Active".to_owned(),
            reason: None,
            network: None,
        }
    }

    /// Whether a rotation of a secret of this account may invoke the function.
    pub(crate) fn allow_rotations_of(&self, account: &str) -> bool {
        self.statements.iter().any(|statement| {
            [INVOKE, "lambda:*", "*"].contains(&statement.action.as_str())
                && [SECRETS_MANAGER, "*"].contains(&statement.principal.as_str())
                && statement
                    .source_account
                    .as_deref()
                    .is_none_or(|allowed| allowed == account)
        })
    }

    /// Whether Lambda refuses every invocation: nothing is left to run in.
    pub(crate) fn throttles(&self) -> bool {
        self.reserved == Some(0)
    }
}
