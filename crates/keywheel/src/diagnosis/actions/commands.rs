//! The commands that a diagnosis prints, ready to paste.

use ipnet::IpNet;
use staging_labels::VersionId;

use super::fix::Fix;
use crate::diagnosis::function::network::{AclRule, Network};
use crate::words::shell::{self, NEW_FUNCTION};

/// How the person named things: commands repeat it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names<'a> {
    /// The secret as it was typed.
    pub(crate) secret: &'a str,
    /// `--profile`, `--region` and `--endpoint-url` as they were typed.
    pub(crate) flags: &'a [String],
}

impl Names<'_> {
    fn keywheel(self, words: &[&str]) -> String {
        shell::command("keywheel", words.iter().copied(), self.flags)
    }

    fn aws(self, words: &[&str]) -> String {
        shell::command("aws", words.iter().copied(), self.flags)
    }

    /// The command that does the same as the fix.
    pub(crate) fn command(self, fix: &Fix) -> String {
        match fix {
            Fix::Nudge => self.rotate(),
            Fix::Unpend(pending) => self.unpend(pending),
            Fix::Promote { from, to } => self.promote(to, from),
            Fix::Restore => self.restore(),
            Fix::Allow { function, account } => self.allow(function, account),
            Fix::Concurrency(function) => self.concurrency(function),
            Fix::TimeLimit { function, seconds } => self.time_limit(function, *seconds),
        }
    }

    /// `doctor --fix`; with `--login`, if the diagnosis that offers it comes from a login.
    pub(crate) fn fix(self, name: &str, login: bool) -> String {
        let login = if login { &["--login"][..] } else { &[] };
        self.keywheel(&[&["doctor", self.secret], login, &["--fix", name]].concat())
    }

    /// Has the rotation attempted again, or begins one.
    pub(crate) fn rotate(self) -> String {
        self.keywheel(&["rotate", self.secret])
    }

    /// Tries everything, and changes nothing.
    pub(crate) fn test(self) -> String {
        self.keywheel(&["rotate", self.secret, "--test"])
    }

    /// Asks the database.
    pub(crate) fn login(self, label: Option<&str>) -> String {
        let flag = label.map_or_else(|| "--login".to_owned(), |label| format!("--login={label}"));
        self.keywheel(&["doctor", self.secret, &flag])
    }

    /// The same in another region.
    pub(in crate::diagnosis) fn in_region(self, region: &str) -> String {
        let mut flags = self.flags.to_vec();
        if let Some(at) = flags.iter().position(|flag| flag == "--region") {
            flags.drain(at..(at + 2).min(flags.len()));
        }
        let there = Names {
            flags: &flags,
            ..self
        };
        there.keywheel(&["doctor", self.secret, "--region", region])
    }

    /// Prints AWSCURRENT's value.
    pub(in crate::diagnosis) fn value(self) -> String {
        self.aws(&[
            "secretsmanager",
            "get-secret-value",
            "--secret-id",
            self.secret,
            "--query",
            "SecretString",
            "--output",
            "text",
        ])
    }

    /// Asks about the secret.
    pub(crate) fn doctor(self) -> String {
        self.keywheel(&["doctor", self.secret])
    }

    /// Lists all secrets.
    pub(crate) fn all_secrets(self) -> String {
        self.keywheel(&["status", "--all"])
    }

    /// Prints the secret's own policy.
    pub(in crate::diagnosis) fn secret_policy(self) -> String {
        self.aws(&[
            "secretsmanager",
            "get-resource-policy",
            "--secret-id",
            self.secret,
            "--query",
            "ResourcePolicy",
            "--output",
            "text",
        ])
    }

    /// The permissions for all questions.
    pub(in crate::diagnosis) fn policy(self) -> String {
        Self { flags: &[], ..self }.keywheel(&["doctor", "--policy"])
    }

    /// The page of a code.
    pub(in crate::diagnosis) fn explain(self, code: &str) -> String {
        Self { flags: &[], ..self }.keywheel(&["explain", code])
    }

    /// Takes AWSPENDING off.
    fn unpend(self, pending: &VersionId) -> String {
        self.aws(&[
            "secretsmanager",
            "update-secret-version-stage",
            "--secret-id",
            self.secret,
            "--version-stage",
            "AWSPENDING",
            "--remove-from-version-id",
            pending.as_str(),
        ])
    }

    /// Moves AWSCURRENT as finishSecret would.
    fn promote(self, pending: &VersionId, current: &VersionId) -> String {
        self.aws(&[
            "secretsmanager",
            "update-secret-version-stage",
            "--secret-id",
            self.secret,
            "--version-stage",
            "AWSCURRENT",
            "--move-to-version-id",
            pending.as_str(),
            "--remove-from-version-id",
            current.as_str(),
        ])
    }

    /// Gives the secret a function. `FUNCTION_ARN` is the person's to set.
    pub(in crate::diagnosis) fn attach(self) -> String {
        self.aws(&[
            "secretsmanager",
            "rotate-secret",
            "--secret-id",
            self.secret,
            "--rotation-lambda-arn",
            NEW_FUNCTION,
            "--rotation-rules",
            "AutomaticallyAfterDays=30",
            "--no-rotate-immediately",
        ])
    }

    /// Takes a secret back from deletion.
    fn restore(self) -> String {
        self.aws(&["secretsmanager", "restore-secret", "--secret-id", self.secret])
    }

    /// Stores a first value.
    pub(in crate::diagnosis) fn put(self) -> String {
        self.aws(&[
            "secretsmanager",
            "put-secret-value",
            "--secret-id",
            self.secret,
            "--secret-string",
            "file://secret.json",
        ])
    }

    /// Lets Secrets Manager invoke the function.
    fn allow(self, function: &str, account: &str) -> String {
        self.aws(&[
            "lambda",
            "add-permission",
            "--function-name",
            function,
            "--statement-id",
            "secrets-manager-keywheel",
            "--action",
            "lambda:InvokeFunction",
            "--principal",
            "secretsmanager.amazonaws.com",
            "--source-account",
            account,
        ])
    }

    /// Gives the function room for ten steps at once.
    fn concurrency(self, function: &str) -> String {
        self.aws(&[
            "lambda",
            "put-function-concurrency",
            "--function-name",
            function,
            "--reserved-concurrent-executions",
            "10",
        ])
    }

    /// Makes the interface endpoint of `service` in the function's subnets.
    pub(in crate::diagnosis) fn endpoint(self, network: &Network, service: &str, group: &str) -> String {
        let words = [
            "ec2",
            "create-vpc-endpoint",
            "--vpc-endpoint-type",
            "Interface",
            "--vpc-id",
            &network.vpc.id,
            "--service-name",
            service,
            "--security-group-ids",
            group,
            "--private-dns-enabled",
            "--subnet-ids",
        ];
        let subnets = network.vpc.subnets.iter().map(String::as_str);
        self.aws(&words.into_iter().chain(subnets).collect::<Vec<_>>())
    }

    /// Gives the service's usual name to the endpoint.
    pub(in crate::diagnosis) fn private_dns(self, endpoint: &str) -> String {
        self.aws(&[
            "ec2",
            "modify-vpc-endpoint",
            "--vpc-endpoint-id",
            endpoint,
            "--private-dns-enabled",
        ])
    }

    /// Switches an attribute of a VPC on.
    pub(in crate::diagnosis) fn vpc_attribute(self, vpc: &str, attribute: &str) -> String {
        self.aws(&[
            "ec2",
            "modify-vpc-attribute",
            "--vpc-id",
            vpc,
            &format!("--{attribute}"),
        ])
    }

    /// Lets a group into another.
    pub(in crate::diagnosis) fn let_in(self, into: &str, from: &str, port: u16) -> String {
        self.aws(&[
            "ec2",
            "authorize-security-group-ingress",
            "--group-id",
            into,
            "--protocol",
            "tcp",
            "--port",
            &port.to_string(),
            "--source-group",
            from,
        ])
    }

    /// Lets a group out, to another or to anywhere.
    pub(in crate::diagnosis) fn let_out(self, group: &str, to: Option<&str>, port: u16) -> String {
        let to = to.map_or_else(
            || "IpRanges=[{CidrIp=0.0.0.0/0}]".to_owned(),
            |to| format!("UserIdGroupPairs=[{{GroupId={to}}}]"),
        );
        self.aws(&[
            "ec2",
            "authorize-security-group-egress",
            "--group-id",
            group,
            "--ip-permissions",
            &format!("IpProtocol=tcp,FromPort={port},ToPort={port},{to}"),
        ])
    }

    /// Adds a rule to a network ACL.
    pub(in crate::diagnosis) fn network_acl_entry(self, rule: &AclRule) -> String {
        let (first, last) = rule.ports;
        let addresses = match rule.range {
            IpNet::V4(_) => "--cidr-block",
            IpNet::V6(_) => "--ipv6-cidr-block",
        };
        self.aws(&[
            "ec2",
            "create-network-acl-entry",
            "--network-acl-id",
            &rule.acl,
            if rule.egress { "--egress" } else { "--ingress" },
            "--rule-number",
            &rule.number.to_string(),
            "--protocol",
            "6",
            "--port-range",
            &format!("From={first},To={last}"),
            addresses,
            &rule.range.to_string(),
            "--rule-action",
            "allow",
        ])
    }

    /// Gives an endpoint a policy.
    pub(in crate::diagnosis) fn endpoint_policy(self, endpoint: &str, document: &str) -> String {
        self.aws(&[
            "ec2",
            "modify-vpc-endpoint",
            "--vpc-endpoint-id",
            endpoint,
            "--policy-document",
            document,
        ])
    }

    /// Shows for what the function's code must be.
    pub(in crate::diagnosis) fn runtime(self, function: &str) -> String {
        self.aws(&[
            "lambda",
            "get-function-configuration",
            "--function-name",
            function,
            // The whole answer would show the function's environment.
            "--query",
            "[PackageType, Runtime, Handler, Architectures]",
        ])
    }

    /// Raises the time limit.
    fn time_limit(self, function: &str, seconds: u32) -> String {
        self.aws(&[
            "lambda",
            "update-function-configuration",
            "--function-name",
            function,
            "--timeout",
            &seconds.to_string(),
            // The whole answer would show the function's environment.
            "--query",
            "LastUpdateStatus",
        ])
    }
}
