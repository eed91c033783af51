output "rotation_lambda_arn" {
  description = "The rotation function, where the module makes just one: what a component with rotation_lambda_arn takes."
  value       = length(local.functions) == 1 ? one(values(aws_lambda_function.rotation)).arn : null

  # A secret that takes the ARN from here begins with a test rotation: only once Secrets Manager may invoke the function, and the function
  # reaches Secrets Manager and the database.
  depends_on = [
    aws_lambda_permission.secrets_manager,
    aws_iam_role_policy.rotation,
    aws_vpc_endpoint.secrets_manager,
    aws_vpc_security_group_ingress_rule.endpoint,
    aws_vpc_security_group_ingress_rule.databases,
    aws_vpc_security_group_egress_rule.databases,
    aws_vpc_security_group_egress_rule.aws,
  ]
}

output "rotation_lambda_arns" {
  description = "The rotation functions by name."
  value       = { for name, function in aws_lambda_function.rotation : name => function.arn }

  depends_on = [
    aws_lambda_permission.secrets_manager,
    aws_iam_role_policy.rotation,
    aws_vpc_endpoint.secrets_manager,
    aws_vpc_security_group_ingress_rule.endpoint,
    aws_vpc_security_group_ingress_rule.databases,
    aws_vpc_security_group_egress_rule.databases,
    aws_vpc_security_group_egress_rule.aws,
  ]
}

output "role_arns" {
  description = "Their roles, to name in policies of other accounts, of keys and of secrets."
  value       = { for name, role in aws_iam_role.rotation : name => role.arn }
}

output "security_group_id" {
  description = "The functions' security group, if the module made one; to let in at databases that are not in database_security_group_ids."
  value       = one(aws_security_group.functions[*].id)
}

output "dashboard_name" {
  description = "The dashboard."
  value       = aws_cloudwatch_dashboard.rotations.dashboard_name
}

output "on_call_policy_arn" {
  description = "A policy for people on call, which lets them find out what is wrong and change nothing."
  value       = aws_iam_policy.on_call.arn
}

output "log_group_names" {
  description = "The log groups of the functions and of the watcher, by name."
  value       = merge({ for name, group in aws_cloudwatch_log_group.rotation : name => group.name }, { watch = aws_cloudwatch_log_group.watch.name })
}

output "alarm_arns" {
  description = "The alarms: may_be_locked_out and failed by function, watched by metric."
  value = {
    may_be_locked_out = { for name, alarm in aws_cloudwatch_metric_alarm.may_be_locked_out : name => alarm.arn }
    failed            = { for name, alarm in aws_cloudwatch_metric_alarm.failed : name => alarm.arn }
    watched           = { for name, alarm in aws_cloudwatch_metric_alarm.watched : name => alarm.arn }
  }
}
