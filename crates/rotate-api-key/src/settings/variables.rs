//! The environment variables of `rotate-api-key`, in addition to those that `rotation` reads.

use rotation::Variable;

/// The variables, by section of `docs/reference/environment-variables.md`.
pub const VARIABLES: &[(&str, &[Variable])] = &[("API keys", API_KEYS)];

const API_KEYS: &[Variable] = &[
    Variable::new(
        "PROVIDER",
        r"a name, or several: `a\|b`",
        "each secret's value names its own",
        "The provider of all secrets of this function. Of several, a secret or its tag `keywheel:provider` chooses one. A secret that names another is refused",
    ),
    Variable::new(
        "PROVIDER_PARAMETERS",
        "`name=value` or `provider.name=value`, with commas or line breaks in between",
        "",
        r"Parameters that no secret can change. `name=a\|b`: a secret chooses one of these. `name=*`: anything that the definition allows, except for what decides a host. `name=\*`: an asterisk. `key` and `id` are the secret's members. A tag chooses only where there is a list or `*`. A name that no definition of the function's providers has is an error",
    ),
    Variable::new(
        "ADMIN_SECRETS",
        "`name=ARN`, with commas or line breaks in between",
        "",
        "which secret a definition's `admin` is: the bare credential (`{{ admin }}`), or a JSON object (`{{ admin.member }}`)",
    ),
    Variable::new(
        "PROVIDER_PATH",
        "files and directories (`*.toml`), separated by `:`",
        "`/opt/providers` (a layer) and `providers` in the package",
        "where your own provider definitions are",
    ),
    Variable::new(
        "PROVIDER_DESCRIPTION",
        "TOML",
        "",
        "the text of one provider definition",
    ),
    Variable::new(
        "PROVIDER_CA_BUNDLE",
        "a path, or the PEM itself",
        "the public root CAs",
        "trusted root certificates for providers, in place of the default",
    ),
    Variable::new(
        "AWS_ENDPOINT_URL_IAM",
        "a URL",
        "`AWS_ENDPOINT_URL`",
        "the endpoint of IAM, for the provider `aws-iam`",
    ),
];
