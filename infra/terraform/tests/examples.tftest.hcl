# Runs by `terraform test`, without an AWS account: what AWS would answer is made up.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-central-1:123456789012:rule/keywheel-watch" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/made-up" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:made-up" }
  }
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:made-up-AbCdEf" }
  }
}

mock_provider "aws" {
  alias = "secrets"

  mock_data "aws_caller_identity" {
    defaults = { account_id = "222222222222" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-central-1:222222222222:rule/keywheel-watch" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::222222222222:role/made-up" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-central-1:222222222222:function:made-up" }
  }
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:eu-central-1:222222222222:secret:made-up-AbCdEf" }
  }
}

run "single_user" {
  module {
    source = "./examples/single-user"
  }

  variables {
    database_host  = "db.example.com"
    vpc_id         = "vpc-1"
    subnet_ids     = ["subnet-1", "subnet-2"]
    first_password = "first"
  }

  assert {
    condition     = output.secret_arn != null
    error_message = "The example makes a secret."
  }
}

run "alternating_users" {
  module {
    source = "./examples/alternating-users"
  }

  variables {
    database_host      = "db.example.com"
    admin_secret_arn   = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin-AbCdEf"
    subnet_ids         = ["subnet-1", "subnet-2"]
    security_group_ids = ["sg-1"]
    kms_key_arn        = "arn:aws:kms:eu-central-1:123456789012:key/11111111-1111-1111-1111-111111111111"
    first_password     = "first"
    alarm_topic_arn    = "arn:aws:sns:eu-central-1:123456789012:on-call"
  }

  assert {
    condition     = jsondecode(output.read_secret_policy).Statement[0].Resource == "arn:aws:secretsmanager:eu-central-1:123456789012:secret:made-up-AbCdEf"
    error_message = "The example has a policy for the application."
  }
}

run "api_key" {
  module {
    source = "./examples/api-key"
  }

  variables {
    iam_user_arn = "arn:aws:iam::123456789012:user/billing"
    first_value  = "first"
  }

  assert {
    condition     = output.secret_arn != null
    error_message = "The example makes a secret."
  }
}

run "a_secret_by_itself" {
  module {
    source = "./modules/secret"
  }

  variables {
    context             = "myapp"
    environment         = "prod"
    path                = "/connections/"
    name                = "orders"
    rotation_lambda_arn = "arn:aws:lambda:eu-central-1:123456789012:function:keywheel-rotate-api-key"
  }

  assert {
    condition     = output.name == "myapp/prod/connections/orders"
    error_message = "The name is put together of its parts."
  }
  assert {
    condition     = aws_secretsmanager_secret_rotation.this[0].rotate_immediately == false && aws_secretsmanager_secret_rotation.this[0].rotation_rules[0].automatically_after_days == 30
    error_message = "It begins with a test rotation."
  }
  assert {
    condition     = length(aws_secretsmanager_secret_version.first) == 0 && output.read_key_policy == null
    error_message = "Nothing is stored, and the key aws/secretsmanager needs no policy."
  }
}

run "wrong_values_of_a_secret_are_refused" {
  command = plan

  module {
    source = "./modules/secret"
  }

  variables {
    context               = "my/app"
    environment           = ""
    path                  = "a b"
    name                  = "orders-AbCdEf"
    kms_key_id            = "alias/mine"
    rotation_days         = 0
    rotation_window       = "2 hours"
    reader_principal_arns = ["arn:aws:iam::222222222222:root"]
  }

  expect_failures = [
    var.context, var.environment, var.path, var.name, var.kms_key_id, var.rotation_days, var.rotation_window, var.reader_principal_arns,
  ]
}

run "a_rotation_without_a_function_is_refused" {
  command = plan

  module {
    source = "./modules/secret"
  }

  variables {
    context     = "myapp"
    environment = "prod"
    name        = "orders"
  }

  expect_failures = [aws_secretsmanager_secret_rotation.this]
}

run "readers_of_another_account_need_a_key" {
  command = plan

  module {
    source = "./modules/secret"
  }

  variables {
    context                = "myapp"
    environment            = "prod"
    name                   = "orders"
    rotation_automatically = false
    reader_principal_arns  = ["arn:aws:iam::222222222222:role/reader"]
  }

  expect_failures = [aws_secretsmanager_secret_policy.cross_account]
}

run "wrong_values_of_a_rotator_are_refused" {
  command = plan

  module {
    source = "./modules/rotator-role"
  }

  variables {
    trusted_role_arns = ["arn:aws:iam::111111111111:role/*"]
    external_id       = "a,b"
    function_arns     = []
    admin_secret_arns = ["*"]
  }

  expect_failures = [var.trusted_role_arns, var.external_id, var.admin_secret_arns]
}

run "cross_account" {
  module {
    source = "./examples/cross-account"
  }

  providers = {
    aws         = aws
    aws.secrets = aws.secrets
  }

  variables {
    external_id        = "an-external-id"
    subnet_ids         = ["subnet-1", "subnet-2"]
    security_group_ids = ["sg-1"]
  }

  assert {
    condition     = module.secret.name == "myapp/prod/connections/orders" && module.rotator.arn == "arn:aws:iam::222222222222:role/made-up"
    error_message = "The secret and the role are in the secrets' account."
  }
}
