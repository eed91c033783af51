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

  # What sets the functions apart, except for their environment: environment.tf.
  all_functions = {
    rotate-postgres-single-user = {
      description = "Rotates the password of one PostgreSQL user"
      in_vpc      = local.in_vpc
    }
    rotate-postgres-alternating-users = {
      description = "Rotates alternating PostgreSQL users"
      in_vpc      = local.in_vpc
    }
    rotate-api-key = {
      description = "Rotates API keys"
      in_vpc      = local.in_vpc && var.api_key_in_vpc
    }
  }
  # Those of AWS's hosted functions; an Aurora cluster that is paused takes some 20 seconds to resume; providers take seconds until a new key is known
  # everywhere.
  timeouts = {
    rotate-postgres-single-user       = 30
    rotate-postgres-alternating-users = 60
    rotate-api-key                    = 60
  }
  functions     = { for name, function in local.all_functions : name => function if contains(var.functions, name) }
  function_arns = { for name in keys(local.all_functions) : name => "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.name_prefix}${name}" }
}

resource "aws_lambda_function" "rotation" {
  for_each = local.functions

  function_name                  = "${var.name_prefix}${each.key}"
  description                    = each.value.description
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [var.architecture]
  memory_size                    = var.memory_size
  timeout                        = lookup(var.timeouts, each.key, local.timeouts[each.key])
  reserved_concurrent_executions = var.reserved_concurrency
  role                           = aws_iam_role.rotation[each.key].arn
  kms_key_arn                    = var.environment_kms_key_arn
  layers                         = each.key == "rotate-api-key" && var.provider_layer_arn != null ? [var.provider_layer_arn] : []
  tags                           = merge({ keywheel = "rotation" }, var.tags)

  filename         = local.from_s3 ? null : "${var.zip_directory}/${var.architecture}/${each.key}.zip"
  source_code_hash = local.from_s3 ? null : filebase64sha256("${var.zip_directory}/${var.architecture}/${each.key}.zip")
  s3_bucket        = local.from_s3 ? var.code_bucket : null
  s3_key           = local.from_s3 ? "${var.code_prefix}/${var.architecture}/${each.key}.zip" : null

  environment {
    variables = merge(
      { for variable, value in local.environment[each.key] : variable => tostring(value) if value != null },
      lookup(var.environment, each.key, {}),
    )
  }

  tracing_config {
    mode = var.tracing_mode
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
  kms_key_id        = var.log_kms_key_arn
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

resource "aws_lambda_function_event_invoke_config" "rotation" {
  for_each = var.on_failure_destination_arn == null ? {} : local.functions

  function_name = aws_lambda_function.rotation[each.key].function_name

  destination_config {
    on_failure {
      destination = var.on_failure_destination_arn
    }
  }
}
