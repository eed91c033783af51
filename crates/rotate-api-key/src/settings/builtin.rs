//! The definitions of providers that are inside the function, by provider.

macro_rules! builtin {
    ($($name:literal)*) => { &[$(($name, include_str!(concat!("../../providers/", $name, ".toml")))),*] };
}

/// Provider and text, sorted.
pub(crate) const BUILTIN: &[(&str, &str)] = builtin! {
    "anthropic"
    "auth0"
    "aws-iam"
    "cloudflare-token"
    "confluent-cloud"
    "datadog"
    "github-pat"
    "gitlab"
    "grafana"
    "mongodb-atlas"
    "new-relic"
    "npm"
    "okta"
    "openai-admin-key"
    "sendgrid"
    "twilio-api-key"
    "unleash"
};
