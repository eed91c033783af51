# In the account that has the secrets: the role that functions of another account assume to rotate them.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  values = {
    partition                 = data.aws_partition.current.partition
    region                    = data.aws_region.current.region
    account                   = data.aws_caller_identity.current.account_id
    secret_name_prefix        = var.secret_name_prefix
    function_arns             = var.function_arns
    kms_key_arns              = var.kms_key_arns
    admin_secret_arns         = var.admin_secret_arns
    admin_secret_kms_key_arns = var.admin_secret_kms_key_arns
    trusted_role_arns         = var.trusted_role_arns
    external_id               = var.external_id
  }
}

resource "aws_iam_role" "rotator" {
  name                 = var.name
  description          = "Rotates secrets for functions of another account"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy   = templatefile("${path.module}/policies/trust-with-external-id.json.tftpl", local.values)
  tags                 = var.tags
}

resource "aws_iam_role_policy" "rotate" {
  name   = "rotate"
  role   = aws_iam_role.rotator.id
  policy = templatefile("${path.module}/policies/rotate-for-others.json.tftpl", local.values)
}

resource "aws_iam_role_policy" "keys" {
  count = length(var.kms_key_arns) > 0 ? 1 : 0

  name   = "keys"
  role   = aws_iam_role.rotator.id
  policy = templatefile("${path.module}/policies/keys-for-others.json.tftpl", local.values)
}

resource "aws_iam_role_policy" "admin_secrets" {
  count = length(var.admin_secret_arns) > 0 ? 1 : 0

  name   = "admin-secrets"
  role   = aws_iam_role.rotator.id
  policy = templatefile("${path.module}/policies/admin-secrets-for-others.json.tftpl", local.values)
}

resource "aws_iam_role_policy" "admin_keys" {
  count = length(var.admin_secret_arns) > 0 && length(var.admin_secret_kms_key_arns) > 0 ? 1 : 0

  name   = "admin-keys"
  role   = aws_iam_role.rotator.id
  policy = templatefile("${path.module}/policies/admin-keys-for-others.json.tftpl", local.values)
}
