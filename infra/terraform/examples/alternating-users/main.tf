# Alternating PostgreSQL users. The superuser's password is managed by RDS. Rotation in a window at night.

variable "database_host" {
  description = "The database's host name."
  type        = string
}

variable "admin_secret_arn" {
  description = "The admin's secret, which RDS made."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets from which the database is reached."
  type        = list(string)
}

variable "security_group_ids" {
  description = "Security groups that the database lets in."
  type        = list(string)
}

variable "kms_key_arn" {
  description = "A customer managed key for the secrets."
  type        = string
}

variable "first_password" {
  description = "The user's password as it is now."
  type        = string
  sensitive   = true
}

variable "alarm_topic_arn" {
  description = "Who is told."
  type        = string
}

module "keywheel" {
  source = "../.."

  zip_directory         = "${path.module}/../../../../target/lambda"
  functions             = ["rotate-postgres-alternating-users"]
  secret_name_prefix    = "myapp/prod/"
  kms_key_arns          = [var.kms_key_arn]
  superuser_secret_arns = [var.admin_secret_arn]
  subnet_ids            = var.subnet_ids
  security_group_ids    = var.security_group_ids
  alarm_topic_arn       = var.alarm_topic_arn
}

module "secret" {
  source = "../../modules/secret"

  context             = "myapp"
  environment         = "prod"
  path                = "connections"
  name                = "orders"
  kms_key_id          = var.kms_key_arn
  rotation_lambda_arn = module.keywheel.rotation_lambda_arn
  rotation_schedule   = "cron(0 3 ? * SUN *)"
  rotation_window     = "2h"
  initial_value = jsonencode({
    engine    = "aurora-postgresql"
    host      = var.database_host
    username  = "orders"
    password  = var.first_password
    dbname    = "orders"
    masterarn = var.admin_secret_arn
  })
}

output "read_secret_policy" {
  description = "For the application's role."
  value       = module.secret.read_secret_policy
}
