# One PostgreSQL user, rotated every 30 days.

variable "database_host" {
  description = "The database's host name."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets from which the database is reached."
  type        = list(string)
}

variable "vpc_id" {
  description = "Their VPC."
  type        = string
}

variable "first_password" {
  description = "The user's password as it is now."
  type        = string
  sensitive   = true
}

module "keywheel" {
  source = "../.."

  zip_directory                  = "${path.module}/../../../../target/lambda"
  functions                      = ["rotate-postgres-single-user"]
  secret_name_prefix             = "myapp/prod/"
  vpc_id                         = var.vpc_id
  subnet_ids                     = var.subnet_ids
  create_secretsmanager_endpoint = true
}

module "secret" {
  source = "../../modules/secret"

  context             = "myapp"
  environment         = "prod"
  path                = "connections"
  name                = "orders"
  rotation_lambda_arn = module.keywheel.rotation_lambda_arn
  rotation_days       = 30
  initial_value = jsonencode({
    engine   = "postgres"
    host     = var.database_host
    port     = 5432
    username = "orders"
    password = var.first_password
    dbname   = "orders"
  })
}

output "secret_arn" {
  description = "The secret."
  value       = module.secret.arn
}
