# Runs by `terraform test`, without an AWS account: what AWS would answer is made up.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-central-1:123456789012:rule/keywheel-watch" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/made-up" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:made-up" }
  }
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:made-up-AbCdEf" }
  }
}

variables {
  code_bucket = "code"
  code_prefix = "keywheel/0123456789abcdef"
}

run "as_it_comes" {
  assert {
    condition     = keys(aws_lambda_function.rotation) == ["rotate-api-key", "rotate-postgres-alternating-users", "rotate-postgres-single-user"]
    error_message = "There are three functions."
  }
  assert {
    condition     = [for function in aws_lambda_function.rotation : function.timeout] == [60, 60, 30]
    error_message = "The time limits are those of AWS's hosted functions."
  }
  assert {
    condition     = alltrue([for function in aws_lambda_function.rotation : length(function.vpc_config) == 0]) && length(aws_vpc_endpoint.secrets_manager) == 0
    error_message = "Nothing is in a VPC."
  }
  assert {
    condition     = aws_lambda_function.rotation["rotate-api-key"].s3_key == "keywheel/0123456789abcdef/arm64/rotate-api-key.zip"
    error_message = "The code comes from the bucket."
  }
  assert {
    condition     = alltrue([for permission in aws_lambda_permission.secrets_manager : permission.source_account == "123456789012"])
    error_message = "Secrets Manager may invoke the functions for this account alone."
  }
  assert {
    condition     = output.rotation_lambda_arn == null && length(output.rotation_lambda_arns) == 3
    error_message = "With several functions there is no single ARN."
  }
  assert {
    condition     = length(output.log_group_names) == 4 && length(output.alarm_arns.failed) == 3 && length(output.alarm_arns.may_be_locked_out) == 3 && length(output.alarm_arns.watched) == 2
    error_message = "Logs and alarms are outputs."
  }
}

run "every_setting_of_single_user" {
  variables {
    functions                     = ["rotate-postgres-single-user"]
    password_length               = 40
    exclude_characters            = "#"
    exclude_numbers               = true
    exclude_punctuation           = true
    exclude_uppercase             = true
    exclude_lowercase             = true
    require_each_included_type    = false
    include_space                 = true
    endpoints                     = { aws = "https://aws", secrets_manager = "https://sm", sts = "https://sts", rds = "https://rds" }
    aws_ca_bundle                 = "/opt/aws.pem"
    runbook_url                   = "https://runbook"
    replica_wait                  = 5
    assume_roles                  = [{ arn = "arn:aws:iam::222222222222:role/first" }, { arn = "arn:aws:iam::222222222222:role/second", external_id = "id" }]
    default_host                  = "db.example.com"
    default_port                  = 5433
    default_database              = "orders"
    default_user                  = "orders"
    tls_mode                      = "verify-ca"
    tls_server_name               = "db"
    root_certificates             = "/opt/roots.pem"
    password_sent_as              = "md5"
    copies                        = "report"
    copy_members                  = ["uri", "dsn"]
    base64_members                = ["password"]
    test_sql                      = "SELECT 1"
    allow_login_without_password  = true
    allow_local_hosts             = true
    awscurrent_moves              = "finishSecret"
    tags_may_choose               = ["host"]
    single_user_may_use_superuser = true
    superuser_secret_arns         = ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin-AbCdEf"]
    default_superuser_secret_arn  = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin-AbCdEf"
    admin_iam_username            = "rotation_admin"
    admin_iam_hosts               = ["a", "b"]
    timeouts                      = { rotate-postgres-single-user = 45 }
    memory_size                   = 256
    tracing_mode                  = "Active"
    reserved_concurrency          = -1
    log_level                     = "DEBUG"
    log_retention_days            = 30
    tags                          = { team = "orders" }
  }

  assert {
    condition = aws_lambda_function.rotation["rotate-postgres-single-user"].environment[0].variables == tomap({
      PASSWORD_LENGTH              = "40"
      EXCLUDE_CHARACTERS           = "#"
      EXCLUDE_NUMBERS              = "true"
      EXCLUDE_PUNCTUATION          = "true"
      EXCLUDE_UPPERCASE            = "true"
      EXCLUDE_LOWERCASE            = "true"
      REQUIRE_EACH_INCLUDED_TYPE   = "false"
      INCLUDE_SPACE                = "true"
      AWS_ENDPOINT_URL             = "https://aws"
      SECRETS_MANAGER_ENDPOINT     = "https://sm"
      AWS_ENDPOINT_URL_STS         = "https://sts"
      AWS_ENDPOINT_URL_RDS         = "https://rds"
      AWS_CA_BUNDLE                = "/opt/aws.pem"
      RUNBOOK_URL                  = "https://runbook"
      REPLICA_WAIT                 = "5"
      ASSUME_ROLE_ARN              = "arn:aws:iam::222222222222:role/first,arn:aws:iam::222222222222:role/second"
      ASSUME_ROLE_EXTERNAL_ID      = ",id"
      PGHOST                       = "db.example.com"
      PGPORT                       = "5433"
      PGDATABASE                   = "orders"
      PGUSER                       = "orders"
      PGSSLMODE                    = "verify-ca"
      PGSSLROOTCERT                = "/opt/roots.pem"
      TLS_SERVER_NAME              = "db"
      PASSWORD_SENT_AS             = "md5"
      COPIES                       = "report"
      COPY_MEMBERS                 = "uri,dsn"
      BASE64_MEMBERS               = "password"
      TEST_SQL                     = "SELECT 1"
      ALLOW_LOGIN_WITHOUT_PASSWORD = "true"
      ALLOW_LOCAL_HOSTS            = "true"
      AWSCURRENT_MOVES             = "finishSecret"
      TAGS_MAY_CHOOSE              = "host"
      SUPERUSER_SECRETS            = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin-AbCdEf"
      SUPERUSER_SECRET             = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin-AbCdEf"
      ADMIN_IAM_USERNAME           = "rotation_admin"
      ADMIN_IAM_HOSTS              = "a,b"
    })
    error_message = "The environment has every setting."
  }
  assert {
    condition = (
      aws_lambda_function.rotation["rotate-postgres-single-user"].timeout == 45
      && aws_lambda_function.rotation["rotate-postgres-single-user"].memory_size == 256
      && aws_lambda_function.rotation["rotate-postgres-single-user"].reserved_concurrent_executions == -1
      && aws_lambda_function.rotation["rotate-postgres-single-user"].tracing_config[0].mode == "Active"
      && aws_lambda_function.rotation["rotate-postgres-single-user"].logging_config[0].application_log_level == "DEBUG"
      && aws_lambda_function.rotation["rotate-postgres-single-user"].tags["team"] == "orders"
      && aws_cloudwatch_log_group.rotation["rotate-postgres-single-user"].retention_in_days == 30
    )
    error_message = "So have the function and its log."
  }
}

run "alternating_users" {
  variables {
    functions             = ["rotate-postgres-alternating-users"]
    superuser_secret_arns = ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin-AbCdEf"]
    owner_role            = "app_owner"
    idle_sessions         = "wait"
    idle_sessions_wait    = 20
    default_host          = "db.example.com"
    environment           = { rotate-postgres-alternating-users = { PGHOST = "last.example.com" } }
  }

  assert {
    condition = { for name in ["SUPERUSER_SECRETS", "OWNER_ROLE", "IDLE_SESSIONS", "IDLE_SESSIONS_WAIT", "PGHOST"] : name => aws_lambda_function.rotation["rotate-postgres-alternating-users"].environment[0].variables[name] } == {
      SUPERUSER_SECRETS  = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin-AbCdEf"
      OWNER_ROLE         = "app_owner"
      IDLE_SESSIONS      = "wait"
      IDLE_SESSIONS_WAIT = "20"
      PGHOST             = "last.example.com"
    }
    error_message = "The environment has the settings of alternating users; what environment sets comes last."
  }
}

run "api_key" {
  variables {
    functions                  = ["rotate-api-key"]
    api_key_exclude_characters = "#"
    provider_name              = "datadog"
    provider_parameters        = { site = "datadoghq.eu", team = "orders" }
    provider_path              = "/opt/providers"
    provider_description       = "name = 'mine'"
    provider_ca_bundle         = "/opt/ca.pem"
    provider_layer_arn         = "arn:aws:lambda:eu-central-1:123456789012:layer:providers:1"
    admin_secrets              = { admin = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin-AbCdEf" }
    endpoints                  = { iam = "https://iam" }
  }

  assert {
    condition = { for name in ["EXCLUDE_CHARACTERS", "PROVIDER", "PROVIDER_PARAMETERS", "PROVIDER_PATH", "PROVIDER_DESCRIPTION", "PROVIDER_CA_BUNDLE", "ADMIN_SECRETS", "AWS_ENDPOINT_URL_IAM"] : name => aws_lambda_function.rotation["rotate-api-key"].environment[0].variables[name] } == {
      EXCLUDE_CHARACTERS   = "#"
      PROVIDER             = "datadog"
      PROVIDER_PARAMETERS  = "site=datadoghq.eu\nteam=orders"
      PROVIDER_PATH        = "/opt/providers"
      PROVIDER_DESCRIPTION = "name = 'mine'"
      PROVIDER_CA_BUNDLE   = "/opt/ca.pem"
      ADMIN_SECRETS        = "admin=arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin-AbCdEf"
      AWS_ENDPOINT_URL_IAM = "https://iam"
    }
    error_message = "The environment has the settings of API keys."
  }
  assert {
    condition     = aws_lambda_function.rotation["rotate-api-key"].layers == tolist(["arn:aws:lambda:eu-central-1:123456789012:layer:providers:1"])
    error_message = "The function has the layer."
  }
}

run "wrong_values_are_refused" {
  command = plan

  variables {
    architecture          = "sparc"
    functions             = ["rotate-mysql"]
    name_prefix           = "with a space"
    reserved_concurrency  = 0
    environment           = { rotate-mysql = {} }
    timeouts              = { rotate-api-key = 5 }
    memory_size           = 64
    tracing_mode          = "On"
    secret_name_prefix    = "myapp/*"
    kms_key_arns          = ["arn:aws:kms:eu-central-1:123456789012:alias/mine"]
    secrets_account_id    = "1"
    assume_roles          = [{ arn = "role" }]
    superuser_secret_arns = ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:*"]
    admin_db_user_arns    = ["arn:aws:rds-db:eu-central-1:123456789012:dbuser:*/admin"]
    iam_user_arns         = ["arn:aws:iam::123456789012:user/*"]
    password_length       = 0
    tls_mode              = "prefer"
    password_sent_as      = "plain"
    copies                = "keep"
    awscurrent_moves      = "never"
    idle_sessions         = "kill"
    log_level             = "ERROR"
    replica_wait          = -1
  }

  expect_failures = [
    var.architecture, var.functions, var.name_prefix, var.reserved_concurrency, var.environment, var.timeouts, var.memory_size, var.tracing_mode,
    var.secret_name_prefix, var.kms_key_arns, var.secrets_account_id, var.assume_roles, var.superuser_secret_arns, var.admin_db_user_arns,
    var.iam_user_arns, var.password_length, var.tls_mode, var.password_sent_as, var.copies, var.awscurrent_moves, var.idle_sessions, var.log_level,
    var.replica_wait,
  ]
}

run "code_from_nowhere_is_refused" {
  command = plan

  variables {
    functions   = ["rotate-api-key"]
    code_bucket = null
  }

  expect_failures = [aws_lambda_function.rotation]
}
