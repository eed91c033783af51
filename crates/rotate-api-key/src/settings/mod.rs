//! The settings of the function, read once from its environment, and the definitions of providers that it knows. What a
//! secret or its tags say is read in `client`.

pub(crate) mod aws;
pub(crate) mod builtin;
pub(crate) mod registry;
pub(crate) mod roots;
mod unknown;
pub(crate) mod variables;

use std::collections::BTreeMap;

use rotation::Cause;
use rotation::password::Policy;

use crate::fault::ProviderFault;
use aws::Aws;
use registry::Registry;
use roots::Roots;

/// Its pairs are values of parameters.
const PARAMETERS: &str = "PROVIDER_PARAMETERS";

/// What a chosen value does not have unless `EXCLUDE_CHARACTERS` says otherwise: all but letters, digits, `-`, `.`, `_` and `~`.
/// Those are RFC 3986's unreserved characters, which no client and no server encodes: some encode an OAuth client secret before
/// it goes into the header Authorization, and others do not.
const RESERVED_IN_URLS: &str = "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}";

fn by_default(name: &str) -> Option<String> {
    (name == "EXCLUDE_CHARACTERS").then(|| RESERVED_IN_URLS.to_owned())
}

/// Everything that is the same for all secrets of a function: what [`VARIABLES`](variables::VARIABLES) say.
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
        let settings = Self {
            providers: set("PROVIDER").map_or_else(Vec::new, |list| {
                list.split('|').map(|name| name.trim().to_owned()).collect()
            }),
            parameters: pairs(PARAMETERS, set(PARAMETERS))?
                .into_iter()
                .map(|(name, value)| (scoped(&name), value))
                .collect(),
            admins: pairs("ADMIN_SECRETS", set("ADMIN_SECRETS"))?,
            policy: Policy::from_env(|name| get(name).or_else(|| by_default(name)))?,
            roots: Roots::from_setting(set("PROVIDER_CA_BUNDLE"))?,
            registry: Registry::from_env(get)?,
            aws: Aws::from_env(get),
        };
        unknown::check(&settings.parameters, &settings.providers, &settings.registry)?;
        Ok(settings)
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
fn pairs(name: &'static str, text: Option<String>) -> Result<BTreeMap<String, String>, ProviderFault> {
    let text = text.unwrap_or_default();
    let items = text
        .split([',', '\n'])
        .map(str::trim)
        .filter(|item| !item.is_empty());
    let mut pairs = BTreeMap::new();
    for item in items {
        let pair = item
            .split_once('=')
            .map(|(key, value)| (key.trim(), value.trim()));
        let problem = match pair {
            Some((key, value)) if !key.is_empty() && !value.is_empty() => {
                if pairs.insert(key.to_owned(), value.to_owned()).is_none() {
                    continue;
                }
                "names something twice"
            }
            // What is not a pair may be anything, a credential included.
            _ => "has a part that is not name=value",
        };
        return Err(ProviderFault::ConfigurationInvalid {
            name,
            problem: problem.to_owned(),
            expected: "name=value, with commas or line breaks between",
        });
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use rotation::Fault;
    use secrecy::ExposeSecret;

    use super::*;

    fn with(name: &str, value: &str) -> Result<Settings, Cause> {
        Settings::from_env(&|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn the_variables_that_are_read_are_those_that_are_listed() {
        let asked = RefCell::new(BTreeSet::new());
        Settings::from_env(&|name| {
            asked.borrow_mut().insert(name.to_owned());
            None
        })
        .unwrap();
        let names = |sections: &[(&str, &[rotation::Variable])]| -> BTreeSet<String> {
            let rows = sections.iter().flat_map(|(_, rows)| *rows);
            rows.map(|row| row.name.to_owned()).collect()
        };
        let set_by_lambda = [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_REGION",
            "LAMBDA_TASK_ROOT",
        ];
        let of_all = names(rotation::VARIABLES);
        let own = asked.into_inner().into_iter();
        let own = own.filter(|name| !of_all.contains(name) && !set_by_lambda.contains(&name.as_str()));
        assert_eq!(own.collect::<BTreeSet<_>>(), names(variables::VARIABLES));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test looks at what was chosen")]
    fn a_chosen_value_needs_no_encoding_unless_other_characters_are_asked_for() {
        let drawn = |settings: &Settings| {
            let values = (0..200).map(|_| settings.policy.generate_from_os().unwrap());
            values
                .map(|value| value.expose_secret().to_owned())
                .collect::<String>()
        };
        let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        let by_default = drawn(&with("PASSWORD_LENGTH", "40").unwrap());
        assert!(by_default.chars().all(unreserved), "{by_default}");
        assert!("-._~".chars().all(|c| by_default.contains(c)), "{by_default}");
        let with_all = drawn(&with("EXCLUDE_CHARACTERS", "").unwrap());
        assert!("%+&:".chars().all(|c| with_all.contains(c)), "{with_all}");
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
        let text = r"grafana.account=5 | 7,gitlab.scopes=*,unleash.project=\*,unleash.environment=a|\*";
        let settings = with("PROVIDER_PARAMETERS", text).unwrap();
        assert_eq!(settings.given("unleash", "project"), Given::Value("*"));
        assert_eq!(
            settings.given("unleash", "environment"),
            Given::OneOf(vec!["a", "*"])
        );
        assert_eq!(settings.given("grafana", "account"), Given::OneOf(vec!["5", "7"]));
        assert_eq!(settings.given("gitlab", "scopes"), Given::Any);
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

    const OWN: &str = "provider = 'own'\ntitle = 'Own'\nclass = 'chosen'\nbase = 'https://a.example'\n\
        [parameters.kind]\none-of = ['a', 'b']\ndefault = 'a'\n\
        [set]\nrequest = 'PUT /{{ parameters.kind }}'\njson = { value = '{{ key.value }}' }\nauth = { bearer = '{{ current.value }}' }\n\
        [check]\nrequest = 'GET /'\nauth = { bearer = '{{ key.value }}' }";

    fn told(provider: &str, parameters: &str) -> Result<(), Cause> {
        let get = |name: &str| match name {
            "PROVIDER" => Some(provider.to_owned()),
            "PROVIDER_PARAMETERS" => Some(parameters.to_owned()),
            "PROVIDER_DESCRIPTION" => Some(OWN.to_owned()),
            _ => None,
        };
        Settings::from_env(&get).map(drop)
    }

    #[test]
    fn a_name_that_nothing_reads_is_refused_and_a_near_one_is_named() {
        for (provider, parameters, words) in [
            (
                "own",
                "kid=b",
                "names a parameter that there is not, `kid`: `kind` is near",
            ),
            ("own", "own.kid=b", "`kid`: `kind` is near"),
            ("", "own.kid=b", "`kid`: `kind` is near"),
            (
                "own",
                "onw.kind=b",
                "names a provider that there is not, `onw`: `own` is near",
            ),
            (
                "own|datadog",
                "region=eu",
                "names a parameter that there is not, `region`",
            ),
            ("own|datadog", "own.site=eu", "`site`"),
            ("own", "provider=own", "`provider`"),
            ("", "nothing_of_all=1", "`nothing_of_all`"),
            ("npm|own", "kid=b", "`kid`: `kind` is near"),
            ("nowhere", "whatever=1,own.kid=b", "`kid`: `kind` is near"),
            ("own", "kind=a,kind=b", "names something twice"),
        ] {
            let error = told(provider, parameters).unwrap_err();
            assert_eq!(error.code(), "ConfigurationInvalid");
            let text = error.to_string();
            assert!(
                text.contains("PROVIDER_PARAMETERS") && text.contains(words),
                "{parameters}: {text}"
            );
        }
        let error = told("own", "region=b").unwrap_err();
        let fault: &ProviderFault = error.as_fault().unwrap();
        let remedy = fault.advice().remedy.into_owned();
        assert!(remedy.ends_with("the parameters are: kind, key, id"), "{remedy}");
    }

    #[test]
    fn names_that_something_reads_are_taken() {
        for (provider, parameters) in [
            ("own", "kind=b"),
            (
                "own|datadog",
                "kind=b,site=datadoghq.eu,datadog.site=datadoghq.eu,key=token,own.id=a|b",
            ),
            ("own", "unleash.url=https://a.example"),
            ("", "kind=b,account=5"),
            ("nowhere", "whatever=1"),
            ("npm", "whatever=1"),
        ] {
            assert!(told(provider, parameters).is_ok(), "{parameters}");
        }
    }

    #[test]
    fn a_credential_before_an_equals_sign_is_not_shown() {
        let text = told("own", "Zq7MadeByTheProvider81f4dX2w9==")
            .unwrap_err()
            .to_string();
        assert!(!text.contains("Zq7Made"), "{text}");
    }
}
