# The access keys of an IAM user, rotated every 90 days, outside of any VPC.

variable "iam_user_arn" {
  description = "The user whose access keys are rotated."
  type        = string
}

variable "first_value" {
  description = "The key as it is now, in the form that its applications read."
  type        = string
  sensitive   = true
}

module "keywheel" {
  source = "../.."

  zip_directory      = "${path.module}/../../../../target/lambda"
  functions          = ["rotate-api-key"]
  secret_name_prefix = "myapp/prod/integration/"
  iam_user_arns      = [var.iam_user_arn]
}

module "secret" {
  source = "../../modules/secret"

  context             = "myapp"
  environment         = "prod"
  path                = "integration"
  name                = "billing-key"
  rotation_lambda_arn = module.keywheel.rotation_lambda_arn
  rotation_days       = 90
  initial_value       = var.first_value
}

output "secret_arn" {
  description = "The secret."
  value       = module.secret.arn
}
