output "arn" {
  description = "The secret's ARN."
  value       = aws_secretsmanager_secret.this.arn
}

output "name" {
  description = "The secret's name, <context>/<environment>/<path>/<name>."
  value       = aws_secretsmanager_secret.this.name
}

output "read_secret_policy" {
  description = "A policy, as JSON, for who reads the secret."
  value       = templatefile("${path.module}/policies/read-secret.json.tftpl", local.policy_values)
}

output "admin_secret_policy" {
  description = "A policy, as JSON, for who manages the secret and repairs its rotation."
  value       = templatefile("${path.module}/policies/admin-secret.json.tftpl", local.policy_values)
}

output "read_key_policy" {
  description = "A policy, as JSON, for who reads the secret: its key. Null with the key aws/secretsmanager, which needs none."
  value       = var.kms_key_id == null ? null : templatefile("${path.module}/policies/read-secret-key.json.tftpl", local.policy_values)
}

output "admin_key_policy" {
  description = "A policy, as JSON, for who manages the secret: its key. Null with the key aws/secretsmanager, which needs none."
  value       = var.kms_key_id == null ? null : templatefile("${path.module}/policies/admin-secret-key.json.tftpl", local.policy_values)
}
