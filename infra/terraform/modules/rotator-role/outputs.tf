output "arn" {
  description = "The role's ARN, for assume_roles."
  value       = aws_iam_role.rotator.arn
}
