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

variables {
  code_bucket = "code"
  code_prefix = "keywheel/0123456789abcdef"
  functions   = ["rotate-postgres-single-user", "rotate-api-key"]
  vpc_id      = "vpc-1"
  subnet_ids  = ["subnet-1", "subnet-2"]
}

run "makes_what_is_asked" {
  variables {
    database_security_group_ids    = ["sg-a", "sg-b"]
    database_port                  = 5433
    create_secretsmanager_endpoint = true
  }

  assert {
    condition = (
      aws_lambda_function.rotation["rotate-postgres-single-user"].vpc_config[0].security_group_ids == toset([aws_security_group.functions[0].id])
      && length(aws_lambda_function.rotation["rotate-api-key"].vpc_config) == 0
    )
    error_message = "The function for PostgreSQL is in the VPC, with the security group that is made. The one for API keys is not."
  }
  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.databases : [rule.security_group_id, rule.from_port, rule.referenced_security_group_id]] == [for id in ["sg-a", "sg-b"] : [id, 5433, aws_security_group.functions[0].id]]
    error_message = "Each database lets the functions in."
  }
  assert {
    condition     = aws_vpc_endpoint.secrets_manager[0].service_name == "com.amazonaws.eu-central-1.secretsmanager" && aws_vpc_endpoint.secrets_manager[0].private_dns_enabled
    error_message = "There is an endpoint of Secrets Manager."
  }
}

run "takes_security_groups_that_are_there" {
  variables {
    security_group_ids             = ["sg-own"]
    create_secretsmanager_endpoint = true
    api_key_in_vpc                 = true
  }

  assert {
    condition     = length(aws_security_group.functions) == 0 && output.security_group_id == null && aws_vpc_security_group_ingress_rule.endpoint[0].referenced_security_group_id == "sg-own"
    error_message = "No group is made, and the endpoint lets the given one in."
  }
  assert {
    condition     = alltrue([for function in aws_lambda_function.rotation : function.vpc_config[0].security_group_ids == toset(["sg-own"])])
    error_message = "Both functions have the given group."
  }
}

run "a_vpc_without_a_group_is_refused" {
  command = plan

  variables {
    vpc_id = null
  }

  expect_failures = [aws_lambda_function.rotation]
}

run "rules_without_subnets_are_refused" {
  command = plan

  variables {
    subnet_ids                  = []
    security_group_ids          = ["sg-own"]
    database_security_group_ids = ["sg-a"]
  }

  expect_failures = [aws_vpc_security_group_ingress_rule.databases]
}

run "an_endpoint_without_a_vpc_is_refused" {
  command = plan

  variables {
    vpc_id                         = null
    security_group_ids             = ["sg-own"]
    create_secretsmanager_endpoint = true
  }

  expect_failures = [aws_vpc_endpoint.secrets_manager]
}
