output "rotation_lambda_arn" {
  description = "The rotation function, where the module makes just one: what a component with rotation_lambda_arn takes."
  value       = length(local.functions) == 1 ? one(values(aws_lambda_function.rotation)).arn : null
}

output "rotation_lambda_arns" {
  description = "The rotation functions by name."
  value       = { for name, function in aws_lambda_function.rotation : name => function.arn }
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
