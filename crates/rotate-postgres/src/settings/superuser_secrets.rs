//! Which superuser secrets a function may use: what an operator allows. Pure.
//!
//! `masterarn` is part of a secret's value. Without this list, a user who can write one secret could name any secret that the
//! function's role can read, and have it used.

use rotation::password::shown;
use wildmatch::WildMatch;

use crate::fault::PostgresFault;

/// The ARNs of `SUPERUSER_SECRETS`. `*` stands for any characters and `?` for one, as in an IAM policy. None by default.
#[derive(Debug, Clone, Default)]
pub(crate) struct SuperuserSecrets(Vec<WildMatch>);

impl SuperuserSecrets {
    pub(crate) const NAME: &str = "SUPERUSER_SECRETS";

    /// Reads a list with commas in between.
    ///
    /// # Errors
    /// `ConfigurationInvalid` for an entry that is not the ARN of a secret, and for one that allows every secret.
    pub(crate) fn parse(text: &str) -> Result<Self, PostgresFault> {
        text.split(',')
            .map(str::trim)
            .map(checked)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether the superuser secret `arn` may be used.
    pub(crate) fn allow(&self, arn: &str) -> bool {
        self.0.iter().any(|entry| entry.matches(arn))
    }
}

fn checked(entry: &str) -> Result<WildMatch, PostgresFault> {
    let parts: Vec<_> = entry.splitn(7, ':').collect();
    match parts[..] {
        ["arn", _, "secretsmanager", _, _, "secret", name] if name.contains(char::is_alphanumeric) => {
            Ok(WildMatch::new(entry))
        }
        _ => Err(PostgresFault::SettingInvalid {
            name: SuperuserSecrets::NAME,
            problem: format!("has an entry that is {}", shown(entry)),
            expected: "ARNs of secrets with commas in between. The name may contain * and ?, and needs a letter or digit",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:eu-central-1:111111111111:secret:rds!cluster-1-AbCdEf";

    #[test]
    fn nothing_is_allowed_by_default() {
        assert!(!SuperuserSecrets::default().allow(ARN));
    }

    #[test]
    fn arns_and_patterns_are_allowed_and_nothing_beyond_them() {
        let pattern = "arn:aws:secretsmanager:eu-central-1:111111111111:secret:team-a/*-??????";
        let secrets = SuperuserSecrets::parse(&format!("{ARN}, {pattern}")).unwrap();
        let of = |name: &str| format!("arn:aws:secretsmanager:eu-central-1:111111111111:secret:{name}");
        for name in ["rds!cluster-1-AbCdEf", "team-a/admin-AbCdEf", "team-a/b/c-AbCdEf"] {
            assert!(secrets.allow(&of(name)), "{name}");
        }
        for name in [
            "rds!cluster-1-AbCdE",
            "rds!cluster-1-AbCdEfG",
            "RDS!cluster-1-AbCdEf",
            "team-b/admin-AbCdEf",
            "x/team-a/admin-AbCdEf",
            "team-a/admin",
            "",
        ] {
            assert!(!secrets.allow(&of(name)), "{name}");
        }
        assert!(!secrets.allow(&ARN.replace("111111111111", "222222222222")));
    }

    #[test]
    fn what_is_no_arn_or_allows_every_secret_is_refused() {
        for text in [
            "*",
            "",
            "admin",
            &format!("{ARN},"),
            &ARN.replace(":secret:", ":key:"),
            "arn:aws:secretsmanager:*:*:secret:*",
            "arn:*",
        ] {
            let refused = SuperuserSecrets::parse(text).unwrap_err().to_string();
            assert!(
                refused.starts_with("the environment variable SUPERUSER_SECRETS"),
                "{refused}"
            );
        }
    }
}
