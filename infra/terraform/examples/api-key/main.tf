# The access keys of an IAM user, rotated every 90 days, outside of any VPC.

variable "iam_user_arn" {
  description = "The user whose access keys are rotated."
  type        = string
}

module "keywheel" {
  source = "../.."

  zip_directory      = "${path.module}/../../../../target/lambda"
  functions          = ["rotate-api-key"]
  secret_name_prefix = "myapp/prod/integration/"
  iam_user_arns      = [var.iam_user_arn]
}

module "secret" {
  source = "../../secret"

  context             = "myapp"
  environment         = "prod"
  path                = "integration"
  name                = "billing-export"
  rotation_lambda_arn = module.keywheel.rotation_lambda_arn
  rotation_days       = 90
}

output "secret_name" {
  description = "Where to store the first key, by hand: it is in no state then."
  value       = module.secret.name
}
