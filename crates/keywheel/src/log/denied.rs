//! What AWS says of a call that it denies, in few words. AWS's own sentence has the role, the permission and the secret up to three
//! times.

use std::fmt;

/// A call that a role may not make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Denied<'a> {
    /// The role's name.
    pub(crate) role: Option<&'a str>,
    /// The permission, such as `kms:Decrypt`.
    pub(crate) permission: &'a str,
    /// On what, unless that is a secret.
    resource: Option<&'a str>,
    /// Which policy says so.
    why: &'a str,
}

impl<'a> Denied<'a> {
    /// Reads "User: `arn:aws:sts::1:assumed-role/ROLE/SESSION` is not authorized to perform: PERMISSION on resource: ARN because no
    /// identity-based policy allows the PERMISSION action", wherever it stands in the message. The advice of a function follows
    /// after a semicolon.
    pub(crate) fn read(message: &'a str) -> Option<Self> {
        let (before, after) = message.split_once(" is not authorized to perform: ")?;
        let sentence = after.split("; ").next()?;
        let (permission, rest) = sentence.split_once(' ').unwrap_or((sentence, ""));
        let is_name =
            |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let (service, action) = permission.split_once(':')?;
        if !is_name(service) || !is_name(action) {
            return None;
        }
        let (resource, why) = match rest.strip_prefix("on resource: ") {
            Some(rest) => {
                let (resource, why) = rest.split_once(' ').unwrap_or((rest, ""));
                (Some(resource), why)
            }
            None => (None, rest),
        };
        Some(Self {
            role: before
                .rsplit_once(":assumed-role/")
                .and_then(|(_, role)| role.split('/').next()),
            permission,
            resource: resource.filter(|arn| !arn.contains(":secretsmanager:")),
            why: why.strip_prefix("because ").unwrap_or(why),
        })
    }
}

impl fmt::Display for Denied<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { permission, why, .. } = self;
        write!(f, "{} may not call {permission}", self.role.unwrap_or("the role"))?;
        if let Some(resource) = self.resource {
            write!(f, " on {resource}")?;
        }
        if why.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", why.replace(&format!("the {permission} action"), "it"))
    }
}

/// A function's message, for a screen.
pub(crate) fn in_few_words(message: &str) -> String {
    Denied::read(message).map_or_else(|| message.to_owned(), |denied| denied.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_the_permission_and_the_policy_are_told_once() {
        for (message, words) in [
            (
                "UpdateSecretVersionStage on arn:aws:secretsmanager:x:1:secret:a is not permitted: User: arn:aws:sts::1:assumed-role/rotator/s \
                 is not authorized to perform: secretsmanager:UpdateSecretVersionStage on resource: arn:aws:secretsmanager:x:1:secret:a \
                 because no identity-based policy allows the secretsmanager:UpdateSecretVersionStage action; allow it in the role",
                "rotator may not call secretsmanager:UpdateSecretVersionStage: no identity-based policy allows it",
            ),
            (
                "User: arn:aws:sts::1:assumed-role/rotator/s is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:x:1:key/k \
                 with an explicit deny in a resource-based policy",
                "rotator may not call kms:Decrypt on arn:aws:kms:x:1:key/k: with an explicit deny in a resource-based policy",
            ),
            (
                "User: u is not authorized to perform: rds:DescribeDBClusters",
                "the role may not call rds:DescribeDBClusters",
            ),
        ] {
            assert_eq!(in_few_words(message), words);
        }
    }

    #[test]
    fn other_words_stay_as_they_are() {
        for message in [
            "",
            "no way to the database",
            "User: u is not authorized to perform: ",
            "User: u is not authorized to perform: a:`b`",
            "not authorized",
        ] {
            assert_eq!(in_few_words(message), message);
        }
    }
}
