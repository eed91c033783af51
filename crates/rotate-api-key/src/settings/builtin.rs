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
    "databricks-service-principal"
    "datadog"
    "datadog-application-key"
    "elasticsearch"
    "entra-application"
    "github-pat"
    "gitlab"
    "gitlab-group-token"
    "gitlab-project-token"
    "grafana"
    "mongodb-atlas"
    "new-relic"
    "npm"
    "okta"
    "openai-admin-key"
    "openai-service-account"
    "openrouter"
    "sendgrid"
    "snowflake-pat"
    "twilio-api-key"
    "unleash"
};
