//! The environment of a function's process, as Lambda sets it.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;

/// Variables whose values `Debug` does not show: they may be passwords.
#[derive(Clone, Default)]
pub(crate) struct Variables(Vec<(OsString, OsString)>);

impl Variables {
    /// One more variable; a later one of the same name wins.
    pub(crate) fn add(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.0.push((name.into(), value.into()));
    }

    /// The variables in the order in which they were added.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (OsString, OsString)> {
        self.0.iter().cloned()
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

/// What the environment is made of.
pub(crate) struct Environment<'a> {
    pub(crate) function: &'a str,
    pub(crate) region: &'a str,
    pub(crate) handler: &'a str,
    pub(crate) memory_mb: u32,
    pub(crate) task_root: &'a Path,
    pub(crate) runtime_api: &'a str,
    pub(crate) access_key_id: &'a str,
    pub(crate) log_stream: &'a str,
    pub(crate) endpoint: &'a str,
}

impl Environment<'_> {
    /// The variables that Lambda sets, and the endpoint and credentials of this server.
    pub(crate) fn variables(&self) -> Vec<(OsString, OsString)> {
        let memory = self.memory_mb.to_string();
        let log_group = format!("/aws/lambda/{}", self.function);
        let texts = [
            ("AWS_REGION", self.region),
            ("AWS_DEFAULT_REGION", self.region),
            ("AWS_LAMBDA_FUNCTION_NAME", self.function),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
            ("AWS_LAMBDA_LOG_GROUP_NAME", &log_group),
            ("AWS_LAMBDA_LOG_STREAM_NAME", self.log_stream),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_RUNTIME_API", self.runtime_api),
            ("AWS_ACCESS_KEY_ID", self.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", "not-a-secret"),
            ("AWS_SESSION_TOKEN", "not-a-secret"),
            ("AWS_ENDPOINT_URL", self.endpoint),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            // Servers that are tried out locally are at the machine itself, which Keywheel's functions refuse elsewhere.
            ("ALLOW_LOCAL_HOSTS", "true"),
            ("TZ", ":UTC"),
            ("_HANDLER", self.handler),
        ];
        let root = self.task_root.as_os_str().to_owned();
        let texts = texts.into_iter().map(|(name, value)| (name.into(), value.into()));
        texts
            .chain([(OsString::from("LAMBDA_TASK_ROOT"), root)])
            .collect()
    }
}

/// Whether a function may inherit a variable of the server: whatever would lead it, or its SDK, to a real account is kept back.
pub(crate) fn is_inherited(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return true };
    let kept_back = [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "SECRETS_MANAGER_LOCAL_TOKEN",
    ];
    !kept_back.contains(&name) && !name.starts_with("AWS_CONTAINER_") && !name.starts_with("AWS_ENDPOINT_URL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_endpoints_are_not_inherited() {
        for name in [
            "AWS_ACCESS_KEY_ID",
            "AWS_PROFILE",
            "AWS_ENDPOINT_URL_SECRETSMANAGER",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN",
            "SECRETS_MANAGER_LOCAL_TOKEN",
        ] {
            assert!(!is_inherited(OsStr::new(name)), "{name}");
        }
        for name in ["PATH", "AWS_LAMBDA_LOG_LEVEL", "PGSSLROOTCERT"] {
            assert!(is_inherited(OsStr::new(name)), "{name}");
        }
    }
}
