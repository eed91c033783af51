//! The descriptions that are inside the function, by provider.

/// Provider and text, sorted.
pub(crate) const BUILTIN: &[(&str, &str)] = &[
    ("anthropic", include_str!("../../providers/anthropic.toml")),
    ("auth0", include_str!("../../providers/auth0.toml")),
    ("aws-iam", include_str!("../../providers/aws-iam.toml")),
    (
        "cloudflare-token",
        include_str!("../../providers/cloudflare-token.toml"),
    ),
    (
        "confluent-cloud",
        include_str!("../../providers/confluent-cloud.toml"),
    ),
    ("datadog", include_str!("../../providers/datadog.toml")),
    ("github-pat", include_str!("../../providers/github-pat.toml")),
    ("gitlab", include_str!("../../providers/gitlab.toml")),
    ("grafana", include_str!("../../providers/grafana.toml")),
    (
        "mongodb-atlas",
        include_str!("../../providers/mongodb-atlas.toml"),
    ),
    ("new-relic", include_str!("../../providers/new-relic.toml")),
    ("npm", include_str!("../../providers/npm.toml")),
    ("okta", include_str!("../../providers/okta.toml")),
    (
        "openai-admin-key",
        include_str!("../../providers/openai-admin-key.toml"),
    ),
    ("sendgrid", include_str!("../../providers/sendgrid.toml")),
    (
        "twilio-api-key",
        include_str!("../../providers/twilio-api-key.toml"),
    ),
    ("unleash", include_str!("../../providers/unleash.toml")),
];
