//! The environment variables that every function reads.

/// An environment variable, as `docs/reference/environment-variables.md` shows it. The texts are Markdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// The name.
    pub name: &'static str,
    /// The values that it may have.
    pub values: &'static str,
    /// What an unset variable means; empty if that is nothing.
    pub default: &'static str,
    /// What it is for.
    pub meaning: &'static str,
    /// The one function that it has a meaning for, if it is not all of its crate.
    pub only: Option<&'static str>,
}

impl Variable {
    /// A variable of all functions.
    pub const fn new(
        name: &'static str,
        values: &'static str,
        default: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self {
            name,
            values,
            default,
            meaning,
            only: None,
        }
    }

    /// The same, of one function.
    #[must_use]
    pub const fn only(mut self, function: &'static str) -> Self {
        self.only = Some(function);
        self
    }
}

/// The variables of all functions, by section of the page.
pub const VARIABLES: &[(&str, &[Variable])] = &[("New passwords", PASSWORDS), ("AWS and the log", AWS)];

const YES_OR_NO: &str = "yes or no";

const PASSWORDS: &[Variable] = &[
    Variable::new(
        "PASSWORD_LENGTH",
        "1 to 4096",
        "`32`",
        "how many characters a new password has",
    ),
    Variable::new(
        "EXCLUDE_CHARACTERS",
        "characters",
        "`` :/@\"'\\ ``",
        "These characters are never in a new password. Empty excludes nothing. Default of `rotate-api-key`: all but letters, digits and `-._~`, which no client and no server encodes",
    ),
    Variable::new("EXCLUDE_NUMBERS", YES_OR_NO, "`false`", "no digits"),
    Variable::new("EXCLUDE_PUNCTUATION", YES_OR_NO, "`false`", "no punctuation"),
    Variable::new("EXCLUDE_UPPERCASE", YES_OR_NO, "`false`", "no upper-case letters"),
    Variable::new("EXCLUDE_LOWERCASE", YES_OR_NO, "`false`", "no lower-case letters"),
    Variable::new(
        "REQUIRE_EACH_INCLUDED_TYPE",
        YES_OR_NO,
        "`true`",
        "at least one character of each type that is not excluded",
    ),
    Variable::new(
        "INCLUDE_SPACE",
        YES_OR_NO,
        "`false`",
        "a space may be in a new password",
    ),
];

const AWS: &[Variable] = &[
    Variable::new(
        "SECRETS_MANAGER_ENDPOINT",
        "a URL, or a host",
        "the next one",
        "the endpoint of Secrets Manager, as AWS's templates name it",
    ),
    Variable::new(
        "AWS_ENDPOINT_URL_SECRETS_MANAGER",
        "a URL",
        "the next one",
        "the endpoint of Secrets Manager",
    ),
    Variable::new(
        "AWS_ENDPOINT_URL",
        "a URL",
        "AWS's own",
        "the endpoint of every AWS service that has none of its own",
    ),
    Variable::new(
        "AWS_ENDPOINT_URL_STS",
        "a URL",
        "`AWS_ENDPOINT_URL`",
        "the endpoint of STS, for `ASSUME_ROLE_ARN` and for the provider `aws-iam`",
    ),
    Variable::new(
        "AWS_CA_BUNDLE",
        "a path, or the PEM itself",
        "AWS's and the system's",
        "trusted root certificates for the endpoints of AWS",
    ),
    Variable::new(
        "ASSUME_ROLE_ARN",
        "ARNs, with commas in between",
        "",
        "roles to assume, one after the other, to reach secrets of [another AWS account](../install/cross-account.md)",
    ),
    Variable::new(
        "ASSUME_ROLE_EXTERNAL_ID",
        "IDs, with commas in between",
        "",
        "the external IDs of those roles, in the same order",
    ),
    Variable::new(
        "REPLICA_WAIT",
        "0 to 900",
        "`10`",
        "Seconds that createSecret and setSecret wait for [replicas in other regions](../how-a-rotation-runs.md#replicas-in-other-regions) before they change anything, at most half of the time that the step has left",
    ),
    Variable::new(
        "RUNBOOK_URL",
        "a URL",
        "",
        "Where your copy of the runbook is. A failed step logs the address of its code's page as `error.page`. `{code}` stands for the code; without it `/CODE.md` is added",
    ),
    Variable::new(
        "AWS_LAMBDA_LOG_FORMAT",
        "`JSON` or `Text`",
        "set by Lambda",
        "the form of the log",
    ),
    Variable::new(
        "AWS_LAMBDA_LOG_LEVEL",
        "`TRACE` to `FATAL`",
        "set by Lambda",
        "the lowest level that is logged",
    ),
];
