//! There are no credentials: why, and what to do.

use crate::words::shell;

/// What the SDK puts in front of a cause, and what says nothing.
const PREFIXES: [&str; 6] = [
    "the credential provider was not enabled: ",
    "other: ",
    "an error occurred while loading credentials: ",
    "an error occurred while loading an access token: ",
    "the credentials provider was not properly configured: ",
    "dispatch failure: ",
];

/// What to type to have credentials again: of the profile `name`, and of the one with an SSO session behind it.
pub(crate) fn advice(problem: &str, name: Option<&str>, sso: Option<&str>) -> String {
    let command = |words: &[&str], name: Option<&str>| {
        let flag = name.into_iter().flat_map(|name| ["--profile", name]);
        shell::command("aws", words.iter().copied().chain(flag), &[])
    };
    if problem.contains("credentials-login") {
        let export = command(&["configure", "export-credentials", "--format", "env"], name);
        return format!(
            "credentials of aws login are not read: eval \"$({export})\", and leave --profile out"
        );
    }
    if let Some(sso) = sso {
        return format!("sign in: {}", command(&["sso", "login"], Some(sso)));
    }
    if problem.contains("external process") || problem.contains("credential_process") {
        return "run the profile's credential_process by hand: it must print JSON with Version 1".to_owned();
    }
    let login = command(&["sso", "login"], name);
    let again = if problem.contains("no usable credentials") {
        "sign in"
    } else {
        "sign in again"
    };
    format!("{again} ({login}, aws configure), or name another --profile")
}

/// Without what the SDK puts around it.
pub(super) fn cause(words: &str) -> String {
    if let Some((_, rest)) = words.split_once("could not find source profile ") {
        let names = rest.split("   ").next().unwrap_or(rest);
        return format!("there is no source profile {names}");
    }
    if words.contains("no credentials found in chain") {
        return "neither the environment nor the profile has any".to_owned();
    }
    let mut rest = words;
    while let Some(shorter) = PREFIXES.iter().find_map(|prefix| rest.strip_prefix(prefix)) {
        rest = shorter;
    }
    let rest = rest.trim_end().trim_end_matches("Stderr:").trim_end();
    if rest.starts_with("failed to load the cached SSO token") || rest.contains("/.aws/sso/cache/") {
        "the profile's SSO session is not signed in".to_owned()
    } else if rest.contains("SSO token has expired") {
        "the profile's SSO session has expired".to_owned()
    } else {
        rest.to_owned()
    }
}

/// Whether STS or SSO was not reached: signing in would not help.
pub(super) fn is_unreached(words: &str) -> bool {
    !words.contains("no credentials found in chain") && words.contains("dispatch failure: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOADING: &str =
        "other: an error occurred while loading credentials: an error occurred while loading credentials: ";

    #[test]
    fn what_the_sdk_says_is_told_in_a_few_words() {
        for (words, told) in [
            (
                "an error occurred while loading an access token: the SSO token has expired and cannot be refreshed",
                "the profile's SSO session has expired",
            ),
            (
                "an error occurred while loading an access token: failed to load the cached SSO token",
                "the profile's SSO session is not signed in",
            ),
            (
                "failed to read `/u/me/.aws/sso/cache/a51746d4.json`: No such file or directory (os error 2)",
                "the profile's SSO session is not signed in",
            ),
            (
                "Error retrieving credentials: external process exited with code exit status: 1. Stderr: ",
                "Error retrieving credentials: external process exited with code exit status: 1.",
            ),
        ] {
            assert_eq!(cause(&format!("{LOADING}{words}")), told);
        }
        let none = "other: the credential provider was not enabled: no credentials found in chain. Attempted:   Environment: x";
        assert_eq!(cause(none), "neither the environment nor the profile has any");
        let source = format!(
            "{none}   Profile: could not find source profile nobody referenced from broken   WebIdentityToken: y"
        );
        assert_eq!(
            cause(&source),
            "there is no source profile nobody referenced from broken"
        );
        assert!(is_unreached(&format!(
            "{LOADING}dispatch failure: io error: refused"
        )));
        assert!(!is_unreached(&format!("{none} dispatch failure: timeout")));
    }

    #[test]
    fn the_command_names_the_profile_that_signs_in() {
        let sso = advice(
            "DescribeSecret: no usable credentials: x",
            Some("prod"),
            Some("corp"),
        );
        assert_eq!(sso, "sign in: aws sso login --profile corp");
        let role = advice("DescribeSecret: ExpiredToken: x", Some("prod"), None);
        assert!(
            role.starts_with("sign in again (aws sso login --profile prod, "),
            "{role}"
        );
        let login = advice(
            "the `credentials-login` feature must be enabled",
            Some("me"),
            None,
        );
        assert!(
            login.contains("eval \"$(aws configure export-credentials --format env --profile me)\""),
            "{login}"
        );
        assert!(advice("external process exited", Some("me"), None).contains("credential_process"));
    }
}
