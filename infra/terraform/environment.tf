# The environment variables of the functions: docs/reference/environment-variables.md. What is null is left out.

locals {
  environment_of_all = {
    PASSWORD_LENGTH            = var.password_length
    EXCLUDE_NUMBERS            = var.exclude_numbers
    EXCLUDE_PUNCTUATION        = var.exclude_punctuation
    EXCLUDE_UPPERCASE          = var.exclude_uppercase
    EXCLUDE_LOWERCASE          = var.exclude_lowercase
    REQUIRE_EACH_INCLUDED_TYPE = var.require_each_included_type
    INCLUDE_SPACE              = var.include_space
    AWS_ENDPOINT_URL           = var.endpoints.aws
    SECRETS_MANAGER_ENDPOINT   = var.endpoints.secrets_manager
    AWS_ENDPOINT_URL_STS       = var.endpoints.sts
    AWS_CA_BUNDLE              = var.aws_ca_bundle
    RUNBOOK_URL                = var.runbook_url
    REPLICA_WAIT               = var.replica_wait
    ASSUME_ROLE_ARN            = length(var.assume_roles) == 0 ? null : join(",", [for role in var.assume_roles : role.arn])
    ASSUME_ROLE_EXTERNAL_ID    = length(var.assume_roles) == 0 ? null : join(",", [for role in var.assume_roles : role.external_id == null ? "" : role.external_id])
  }
  environment_of_postgres = {
    EXCLUDE_CHARACTERS           = var.exclude_characters
    PGHOST                       = var.default_host
    PGPORT                       = var.default_port
    PGDATABASE                   = var.default_database
    PGSSLMODE                    = var.tls_mode
    PGSSLROOTCERT                = var.root_certificates
    TLS_SERVER_NAME              = var.tls_server_name
    PASSWORD_SENT_AS             = var.password_sent_as
    COPIES                       = var.copies
    COPY_MEMBERS                 = length(var.copy_members) == 0 ? null : join(",", var.copy_members)
    BASE64_MEMBERS               = length(var.base64_members) == 0 ? null : join(",", var.base64_members)
    TEST_SQL                     = var.test_sql
    ALLOW_LOGIN_WITHOUT_PASSWORD = var.allow_login_without_password
    ALLOW_LOCAL_HOSTS            = var.allow_local_hosts
    AWS_ENDPOINT_URL_RDS         = var.endpoints.rds
  }
  environment_of_superusers = {
    SUPERUSER_SECRETS  = length(var.superuser_secret_arns) == 0 ? null : join(",", var.superuser_secret_arns)
    SUPERUSER_SECRET   = var.default_superuser_secret_arn
    ADMIN_IAM_USERNAME = var.admin_iam_username
    ADMIN_IAM_HOSTS    = length(var.admin_iam_hosts) == 0 ? null : join(",", var.admin_iam_hosts)
  }

  environment = {
    rotate-postgres-single-user = merge(
      local.environment_of_all,
      local.environment_of_postgres,
      var.single_user_may_use_superuser ? local.environment_of_superusers : null,
      {
        AWSCURRENT_MOVES = var.awscurrent_moves
        PGUSER           = var.default_user
        TAGS_MAY_CHOOSE  = length(var.tags_may_choose) == 0 ? null : join(",", var.tags_may_choose)
      },
    )
    rotate-postgres-alternating-users = merge(
      local.environment_of_all,
      local.environment_of_postgres,
      local.environment_of_superusers,
      {
        OWNER_ROLE         = var.owner_role
        IDLE_SESSIONS      = var.idle_sessions
        IDLE_SESSIONS_WAIT = var.idle_sessions_wait
      },
    )
    rotate-api-key = merge(
      local.environment_of_all,
      {
        EXCLUDE_CHARACTERS   = var.api_key_exclude_characters
        PROVIDER             = var.provider_name
        PROVIDER_PARAMETERS  = length(var.provider_parameters) == 0 ? null : join("\n", [for name, value in var.provider_parameters : "${name}=${value}"])
        PROVIDER_PATH        = var.provider_path
        PROVIDER_DESCRIPTION = var.provider_description
        PROVIDER_CA_BUNDLE   = var.provider_ca_bundle
        ADMIN_SECRETS        = length(var.admin_secrets) == 0 ? null : join(",", [for name, arn in var.admin_secrets : "${name}=${arn}"])
        AWS_ENDPOINT_URL_IAM = var.endpoints.iam
      },
    )
  }
}
