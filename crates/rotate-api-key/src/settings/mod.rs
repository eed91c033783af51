//! The settings of the function, read once from its environment, and the definitions of providers that it knows. What a
//! secret or its tags say is read in `client`.

pub(crate) mod aws;
pub(crate) mod builtin;
pub(crate) mod registry;
pub(crate) mod roots;

use std::collections::BTreeMap;

use rotation::Cause;
use rotation::password::Policy;

use crate::fault::ProviderFault;
use aws::Aws;
use registry::Registry;
use roots::Roots;

/// Everything that is the same for all secrets of a function.
///
/// | variable | meaning | default |
/// |---|---|---|
/// | `PROVIDER` | the provider of all secrets; or several with `\|` between, of which a secret or its tag chooses one | each secret's value says its own |
/// | `PROVIDER_PARAMETERS` | `name=value` or `provider.name=value`, comma or line break between: parameters that no secret can change; `name=a\|b`: a secret chooses one of these; `name=*`: anything that the description allows, but for what decides a host; `name=\*`: an asterisk. A tag chooses only where there is a list or `*`. `key` and `id` are the members of the secret | none |
/// | `ADMIN_SECRETS` | `name=ARN`: which secret a description's `admin` is | none |
/// | `PROVIDER_PATH` | files and directories of descriptions ([`Registry`]) | `/opt/providers`, `$LAMBDA_TASK_ROOT/providers` |
/// | `PROVIDER_DESCRIPTION` | the text of a description | none |
/// | `PROVIDER_CA_BUNDLE` | trusted roots: a path, or the PEM itself ([`Roots`]) | the public root CAs |
/// | `AWS_ENDPOINT_URL_IAM`, `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL` | for `aws-iam` | AWS's |
/// | `PASSWORD_LENGTH`, `EXCLUDE_…`, … | the policy of class `chosen` ([`Policy::from_env`]) | |
#[derive(Debug)]
pub(crate) struct Settings {
    /// The providers that secrets may name. One: that of all secrets. None: any, but only the secret's value names it.
    pub(crate) providers: Vec<String>,
    /// Parameters, by provider if they are for one alone.
    pub(crate) parameters: BTreeMap<(Option<String>, String), String>,
    /// The ARN of each admin secret.
    pub(crate) admins: BTreeMap<String, String>,
    /// What chosen values look like.
    pub(crate) policy: Policy,
    /// Whom to trust.
    pub(crate) roots: Roots,
    /// The descriptions.
    pub(crate) registry: Registry,
    /// Who the function is in AWS, for `aws-iam`.
    pub(crate) aws: Aws,
}

impl Settings {
    /// Reads the environment, which `get` looks up by name, and the files that it names.
    ///
    /// # Errors
    /// `ConfigurationInvalid` or `PasswordPolicyImpossible`: the first setting that cannot be used.
    pub(crate) fn from_env(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, Cause> {
        let set = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        let parameters = pairs("PROVIDER_PARAMETERS", set("PROVIDER_PARAMETERS"))?;
        Ok(Self {
            providers: set("PROVIDER").map_or_else(Vec::new, |list| {
                list.split('|').map(|name| name.trim().to_owned()).collect()
            }),
            parameters: parameters
                .into_iter()
                .map(|(name, value)| (scoped(&name), value))
                .collect(),
            admins: pairs("ADMIN_SECRETS", set("ADMIN_SECRETS"))?
                .into_iter()
                .collect(),
            policy: Policy::from_env(get)?,
            roots: Roots::from_setting(set("PROVIDER_CA_BUNDLE"))?,
            registry: Registry::from_env(get)?,
            aws: Aws::from_env(get),
        })
    }

    /// What the function itself says of a provider's parameter.
    pub(crate) fn given(&self, provider: &str, name: &str) -> Given<'_> {
        let of = |scope: Option<&str>| self.parameters.get(&(scope.map(str::to_owned), name.to_owned()));
        match of(Some(provider)).or_else(|| of(None)).map(String::as_str) {
            None => Given::Nothing,
            Some("*") => Given::Any,
            // For a parameter of which it is a value, such as a project that stands for all.
            Some(r"\*") => Given::Value("*"),
            Some(list) if list.contains('|') => Given::OneOf(list.split('|').map(literal).collect()),
            Some(value) => Given::Value(value),
        }
    }
}

/// An item of a list; `\*` is the asterisk itself there, too.
fn literal(item: &str) -> &str {
    match item.trim() {
        r"\*" => "*",
        item => item,
    }
}

/// What the function itself says of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Given<'a> {
    /// Nothing.
    Nothing,
    /// The value.
    Value(&'a str),
    /// A secret chooses among these.
    OneOf(Vec<&'a str>),
    /// A secret chooses anything that the description allows.
    Any,
}

fn scoped(name: &str) -> (Option<String>, String) {
    match name.split_once('.') {
        Some((provider, name)) => (Some(provider.to_owned()), name.to_owned()),
        None => (None, name.to_owned()),
    }
}

/// `name=value`, with commas or line breaks between. A value may have `=` in it, but no comma.
fn pairs(name: &'static str, text: Option<String>) -> Result<Vec<(String, String)>, ProviderFault> {
    let text = text.unwrap_or_default();
    let items = text
        .split([',', '\n'])
        .map(str::trim)
        .filter(|item| !item.is_empty());
    let pairs = items.map(|item| match item.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() && !value.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        // What is not a pair may be anything, a credential included.
        _ => Err(ProviderFault::ConfigurationInvalid {
            name,
            problem: "has a part that is not name=value".to_owned(),
            expected: "name=value, with commas or line breaks between",
        }),
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Result<Settings, Cause> {
        Settings::from_env(&|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn parameters_are_for_one_provider_or_for_all() {
        let settings = with(
            "PROVIDER_PARAMETERS",
            "unleash.url = https://a/?x=1,\nurl=https://b\n",
        )
        .unwrap();
        assert_eq!(settings.given("unleash", "url"), Given::Value("https://a/?x=1"));
        assert_eq!(settings.given("grafana", "url"), Given::Value("https://b"));
        assert_eq!(settings.given("grafana", "site"), Given::Nothing);
    }

    #[test]
    fn a_parameter_may_be_left_to_the_secret_within_a_list_or_altogether() {
        let text = r"grafana.account=5 | 7,grafana.team=*,unleash.project=\*,unleash.other=a|\*";
        let settings = with("PROVIDER_PARAMETERS", text).unwrap();
        assert_eq!(settings.given("unleash", "project"), Given::Value("*"));
        assert_eq!(settings.given("unleash", "other"), Given::OneOf(vec!["a", "*"]));
        assert_eq!(settings.given("grafana", "account"), Given::OneOf(vec!["5", "7"]));
        assert_eq!(settings.given("grafana", "team"), Given::Any);
    }

    #[test]
    fn what_is_no_pair_is_refused_without_being_quoted() {
        for (name, value) in [
            ("ADMIN_SECRETS", "s3cret"),
            ("PROVIDER_PARAMETERS", "a=,"),
            ("ADMIN_SECRETS", "=s3cret"),
        ] {
            let error = with(name, value).unwrap_err();
            assert_eq!(error.code(), "ConfigurationInvalid");
            assert!(
                error.to_string().contains(name) && !error.to_string().contains("s3cret"),
                "{error}"
            );
        }
    }
}
