# Keywheel: functions that rotate secrets of AWS Secrets Manager, each with a role of its own that reaches only the secrets that name it.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region

  from_s3 = var.zip_directory == null
  in_vpc  = length(var.subnet_ids) > 0

  # What sets the functions apart. The time limits: the hosted functions' own; an Aurora cluster that is paused takes some 20 seconds to resume; providers
  # take seconds until a new key is known everywhere.
  all_functions = {
    rotate-postgres-single-user = {
      description = "Rotates the password of one PostgreSQL user"
      timeout     = 30
      in_vpc      = local.in_vpc
      environment = merge(local.postgres_environment, var.single_user_may_use_superuser ? local.superuser_environment : {})
    }
    rotate-postgres-alternating-users = {
      description = "Rotates alternating PostgreSQL users"
      timeout     = 60
      in_vpc      = local.in_vpc
      environment = merge(local.postgres_environment, local.superuser_environment)
    }
    rotate-api-key = {
      description = "Rotates API keys"
      timeout     = 60
      in_vpc      = local.in_vpc && var.api_key_in_vpc
      environment = merge(
        local.shared_environment,
        var.api_key_exclude_characters == null ? {} : { EXCLUDE_CHARACTERS = var.api_key_exclude_characters },
      )
    }
  }
  functions     = { for name, function in local.all_functions : name => function if contains(var.functions, name) }
  function_arns = { for name in keys(local.all_functions) : name => "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.name_prefix}${name}" }

  shared_environment = merge(
    { PASSWORD_LENGTH = tostring(var.password_length) },
    var.runbook_url == null ? {} : { RUNBOOK_URL = var.runbook_url },
    length(var.assume_roles) == 0 ? {} : {
      ASSUME_ROLE_ARN         = join(",", [for role in var.assume_roles : role.arn])
      ASSUME_ROLE_EXTERNAL_ID = join(",", [for role in var.assume_roles : coalesce(role.external_id, "")])
    },
  )
  postgres_environment = merge(
    local.shared_environment,
    { EXCLUDE_CHARACTERS = var.exclude_characters },
    var.root_certificates == null ? {} : { PGSSLROOTCERT = var.root_certificates },
  )
  superuser_environment = length(var.superuser_secret_arns) == 0 ? {} : { SUPERUSER_SECRETS = join(",", var.superuser_secret_arns) }
}

resource "aws_lambda_function" "rotation" {
  for_each = local.functions

  function_name                  = "${var.name_prefix}${each.key}"
  description                    = each.value.description
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [var.architecture]
  memory_size                    = 128 # a rotation holds 8 to 10 MiB
  timeout                        = each.value.timeout
  reserved_concurrent_executions = var.reserved_concurrency
  role                           = aws_iam_role.rotation[each.key].arn
  layers                         = each.key == "rotate-api-key" && var.provider_layer_arn != null ? [var.provider_layer_arn] : []
  tags                           = merge({ keywheel = "rotation" }, var.tags)

  filename         = local.from_s3 ? null : "${var.zip_directory}/${var.architecture}/${each.key}.zip"
  source_code_hash = local.from_s3 ? null : filebase64sha256("${var.zip_directory}/${var.architecture}/${each.key}.zip")
  s3_bucket        = local.from_s3 ? var.code_bucket : null
  s3_key           = local.from_s3 ? "${var.code_prefix}/${var.architecture}/${each.key}.zip" : null

  environment {
    variables = merge(each.value.environment, lookup(var.environment, each.key, {}))
  }

  logging_config {
    log_format            = "JSON"
    application_log_level = var.log_level
    system_log_level      = "WARN"
    log_group             = aws_cloudwatch_log_group.rotation[each.key].name
  }

  dynamic "vpc_config" {
    for_each = each.value.in_vpc ? [true] : []

    content {
      subnet_ids         = var.subnet_ids
      security_group_ids = local.makes_security_group ? [aws_security_group.functions[0].id] : var.security_group_ids
    }
  }

  lifecycle {
    precondition {
      condition     = !local.from_s3 || (var.code_bucket != null && var.code_prefix != null)
      error_message = "Either zip_directory, or code_bucket and code_prefix, say where the zip files are."
    }
    precondition {
      condition     = !each.value.in_vpc || local.makes_security_group || length(var.security_group_ids) > 0
      error_message = "Functions in a VPC need security_group_ids, or vpc_id to make one."
    }
  }

  depends_on = [aws_iam_role_policy.rotation]
}

resource "aws_cloudwatch_log_group" "rotation" {
  for_each = local.functions

  name              = "/aws/lambda/${var.name_prefix}${each.key}"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_lambda_permission" "secrets_manager" {
  for_each = local.functions

  statement_id   = "secrets-manager"
  function_name  = aws_lambda_function.rotation[each.key].function_name
  action         = "lambda:InvokeFunction"
  principal      = "secretsmanager.amazonaws.com"
  source_account = coalesce(var.secrets_account_id, local.account)
}
