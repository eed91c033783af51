# The functions beside the databases, in one account; the secrets in another. The functions reach the secrets by a role of that account, which asks for
# an external id. docs/install/cross-account.md tells what happens, and what else there is to choose.

provider "aws" {
  region = "eu-central-1"
}

provider "aws" {
  alias  = "secrets"
  region = "eu-central-1"

  assume_role {
    role_arn = "arn:aws:iam::222222222222:role/deployer"
  }
}

variable "external_id" {
  description = "What the role of the secrets' account asks for."
  type        = string
  sensitive   = true
}

variable "subnet_ids" {
  description = "Subnets from which the databases are reached."
  type        = list(string)
}

variable "security_group_ids" {
  description = "Security groups that the databases let in."
  type        = list(string)
}

locals {
  rotator_role_arn = "arn:aws:iam::222222222222:role/keywheel-rotator"
}

module "keywheel" {
  source = "../.."

  zip_directory      = "${path.module}/../../../../target/lambda"
  functions          = ["rotate-postgres-single-user"]
  secrets_account_id = "222222222222"
  assume_roles       = [{ arn = local.rotator_role_arn, external_id = var.external_id }]
  subnet_ids         = var.subnet_ids
  security_group_ids = var.security_group_ids
}

module "rotator" {
  source = "../../modules/rotator-role"
  providers = {
    aws = aws.secrets
  }

  name               = "keywheel-rotator"
  trusted_role_arns  = values(module.keywheel.role_arns)
  external_id        = var.external_id
  function_arns      = values(module.keywheel.rotation_lambda_arns)
  secret_name_prefix = "myapp/prod/"
}

module "secret" {
  source = "../../modules/secret"
  providers = {
    aws = aws.secrets
  }

  context             = "myapp"
  environment         = "prod"
  path                = "connections"
  name                = "orders"
  rotation_lambda_arn = module.keywheel.rotation_lambda_arn

  depends_on = [module.rotator]
}
