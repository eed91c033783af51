# The watcher, the alarms and the dashboard: docs/see-it-run.md.

resource "aws_lambda_function" "watch" {
  function_name = "${var.name_prefix}watch"
  description   = "Finds secrets whose rotation is stuck, overdue or stopped; reads no values"
  runtime       = "python3.13"
  handler       = "watch.handler"
  architectures = [var.architecture]
  memory_size   = var.memory_size
  timeout       = 120
  role          = aws_iam_role.watch.arn
  kms_key_arn   = var.environment_kms_key_arn
  tags          = merge({ keywheel = "rotation" }, var.tags)

  filename         = local.from_s3 ? null : "${var.zip_directory}/watch.zip"
  source_code_hash = local.from_s3 ? null : filebase64sha256("${var.zip_directory}/watch.zip")
  s3_bucket        = local.from_s3 ? var.code_bucket : null
  s3_key           = local.from_s3 ? "${var.code_prefix}/watch.zip" : null

  environment {
    variables = {
      ROTATION_FUNCTION_ARNS = join(",", values(local.function_arns))
      STUCK_AFTER_MINUTES    = tostring(var.stuck_after_minutes)
      OVERDUE_AFTER_HOURS    = tostring(var.overdue_after_hours)
    }
  }

  tracing_config {
    mode = var.tracing_mode
  }

  logging_config {
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "WARN"
    log_group             = aws_cloudwatch_log_group.watch.name
  }
}

resource "aws_cloudwatch_log_group" "watch" {
  name              = "/aws/lambda/${var.name_prefix}watch"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
  tags              = var.tags
}

resource "aws_iam_role" "watch" {
  name                 = "${var.name_prefix}watch"
  description          = "What the watcher may do"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy   = file("${path.module}/policies/trust-lambda.json")
  tags                 = var.tags
}

resource "aws_iam_role_policy" "watch" {
  for_each = toset([for policy in ["watch", "environment-key", "traces"] : policy if lookup(local.present, replace(policy, "-", "_"), true)])

  name = each.key
  role = aws_iam_role.watch.id
  policy = templatefile("${path.module}/policies/${each.key}.json.tftpl", {
    partition               = local.partition
    region                  = local.region
    account                 = local.account
    function_name           = "${var.name_prefix}watch"
    function_arn            = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.name_prefix}watch"
    environment_kms_key_arn = coalesce(var.environment_kms_key_arn, "none")
  })
}

resource "aws_cloudwatch_event_rule" "watch" {
  name                = "${var.name_prefix}watch"
  description         = "Looks for secrets whose rotation is stuck or overdue"
  schedule_expression = "rate(15 minutes)"
  tags                = var.tags
}

resource "aws_cloudwatch_event_target" "watch" {
  rule = aws_cloudwatch_event_rule.watch.name
  arn  = aws_lambda_function.watch.arn
}

resource "aws_lambda_permission" "watch" {
  statement_id  = "schedule"
  function_name = aws_lambda_function.watch.function_name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.watch.arn
}

locals {
  alarm_actions = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
}

# The codes whose page in docs/runbook says that applications are refused; those of the last three, after the password was changed.
resource "aws_cloudwatch_log_metric_filter" "may_be_locked_out" {
  for_each = local.functions

  name           = "may-be-locked-out"
  log_group_name = aws_cloudwatch_log_group.rotation[each.key].name
  pattern        = "{ ($.Outcome = \"failed\") && (($.Code = \"CurrentMissing\") || ($.Code = \"CurrentRefused\") || ($.Code = \"CurrentUnproven\") || ($.Code = \"KeyLost\") || ($.Code = \"KeyNotGivenBack\") || ($.Code = \"KeyUnproven\") || ($.Code = \"LoginRefused\") || ($.Code = \"OriginalMissing\") || ($.Code = \"RoleExpired\") || ($.Code = \"RoleMayNotLogIn\") || ($.Code = \"RolePowerful\") || ($.Code = \"RoleUnknown\") || ((($.Step = \"testSecret\") || ($.Step = \"finishSecret\")) && (($.Code = \"PermissionDenied\") || ($.Code = \"RoleNotAssumed\") || ($.Code = \"TestSqlFailed\")))) }"

  metric_transformation {
    namespace  = "Keywheel"
    name       = "MayBeLockedOut"
    value      = "1"
    unit       = "Count"
    dimensions = { Function = "$.Function" }
  }
}

resource "aws_cloudwatch_metric_alarm" "may_be_locked_out" {
  for_each = local.functions

  alarm_name          = "${var.name_prefix}${each.key}-may-be-locked-out"
  alarm_description   = "A rotation step failed with a code that means that the value in AWSCURRENT may not log in. Applications may be locked out. The log has the error.code and the secret. ${var.runbook_url == null ? "docs/runbook/README.md, 'Is anybody locked out?', says how to find out" : "Its page is at ${var.runbook_url}"}"
  namespace           = "Keywheel"
  metric_name         = "MayBeLockedOut"
  dimensions          = { Function = aws_lambda_function.rotation[each.key].function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "failed" {
  for_each = local.functions

  alarm_name          = "${var.name_prefix}${each.key}-failed"
  alarm_description   = "A rotation step failed, timed out or crashed. Secrets Manager retries it. If an application may be locked out, the alarm ${var.name_prefix}${each.key}-may-be-locked-out says so, unless the step timed out or crashed. The log has the error.code. ${var.runbook_url == null ? "docs/runbook has a page for each" : "Its page is at ${var.runbook_url}"}"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.rotation[each.key].function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "watched" {
  for_each = {
    SecretsStuck = {
      name        = "secrets-stuck"
      description = "A rotation is late - AWSPENDING has been on a version of its own for a while. Whether anybody is locked out is not known from that; of a single user it may be so. The watcher's log names the secret, or the watcher is silent. docs/runbook/README.md, 'Is anybody locked out?', says how to find out"
    }
    SecretsOverdue = {
      name        = "secrets-overdue"
      description = "A rotation is late - a secret was not rotated when it was due. By itself that locks nobody out; a rotation that stopped half-way has the alarm secrets-stuck. The watcher's log names the secret, or the watcher is silent. docs/runbook/README.md, 'By symptom', has the way on"
    }
  }

  alarm_name          = "${var.name_prefix}${each.value.name}"
  alarm_description   = each.value.description
  namespace           = "Keywheel"
  metric_name         = each.key
  dimensions          = { Function = aws_lambda_function.watch.function_name }
  statistic           = "Maximum"
  period              = 1800
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "breaching" # a watcher that is silent is no good sign
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  tags                = var.tags
}

resource "aws_cloudwatch_dashboard" "rotations" {
  dashboard_name = "${var.name_prefix}rotations"
  dashboard_body = templatefile("${path.module}/dashboard.json.tftpl", { name_prefix = var.name_prefix, region = local.region })
}

resource "aws_iam_policy" "on_call" {
  name        = "${var.name_prefix}on-call"
  description = "Lets people on call find out what is wrong with a rotation. It changes nothing and reads no secret value"
  tags        = var.tags
  policy = templatefile("${path.module}/policies/on-call.json.tftpl", {
    partition          = local.partition
    region             = local.region
    secrets_account    = coalesce(var.secrets_account_id, local.account)
    secret_name_prefix = var.secret_name_prefix
    function_arns      = values(local.function_arns)
    role_arns          = concat([for role in aws_iam_role.rotation : role.arn], [aws_iam_role.watch.arn])
    log_stream_arns    = [for name in concat(keys(local.all_functions), ["watch"]) : "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/lambda/${var.name_prefix}${name}:*"]
    described_key_arns = length(var.kms_key_arns) == 0 ? ["arn:${local.partition}:kms:${local.region}:${local.account}:key/none"] : var.kms_key_arns
  })
}
