# What each function may do. Which policy belongs to which function, and when, is in policies/attached.json, so that the check of the policies reads the
# same table as this.

locals {
  attached = jsondecode(file("${path.module}/policies/attached.json"))

  reads_here = length(var.assume_roles) == 0
  present = {
    always                = true
    environment_key       = var.environment_kms_key_arn != null
    traces                = var.tracing_mode == "Active"
    on_failure            = var.on_failure_destination_arn != null
    reads_here            = local.reads_here
    assumes               = !local.reads_here
    keys                  = local.reads_here && length(var.kms_key_arns) > 0
    superuser             = local.reads_here && length(var.superuser_secret_arns) > 0
    superuser_tags        = local.reads_here && length(var.superuser_secret_arns) > 0 && var.describe_rds
    superuser_key         = local.reads_here && length(var.superuser_secret_arns) > 0 && length(var.superuser_secret_kms_key_arns) > 0
    single_superuser      = local.reads_here && var.single_user_may_use_superuser && length(var.superuser_secret_arns) > 0
    single_superuser_tags = local.reads_here && var.single_user_may_use_superuser && length(var.superuser_secret_arns) > 0 && var.describe_rds
    single_superuser_key = (
      local.reads_here && var.single_user_may_use_superuser && length(var.superuser_secret_arns) > 0 && length(var.superuser_secret_kms_key_arns) > 0
    )
    single_admin_db_user = var.single_user_may_use_superuser && length(var.admin_db_user_arns) > 0
    single_describe_rds  = var.single_user_may_use_superuser && var.describe_rds
    admin_db_user        = length(var.admin_db_user_arns) > 0
    describe_rds         = var.describe_rds
    api_key_admin        = local.reads_here && length(var.api_key_admin_secret_arns) > 0
    iam_users            = length(var.iam_user_arns) > 0
    in_vpc               = local.in_vpc
    api_key_vpc          = local.in_vpc && var.api_key_in_vpc
  }

  role_policies = merge([
    for function in keys(local.functions) : {
      for policy, condition in local.attached[function] : "${function}/${policy}" => { function = function, policy = policy }
      if local.present[condition]
    }
  ]...)
}

resource "aws_iam_role" "rotation" {
  for_each = local.functions

  name                 = "${var.name_prefix}${each.key}"
  description          = "What ${each.key} may do"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy   = file("${path.module}/policies/trust-lambda.json")
  tags                 = var.tags
}

resource "aws_iam_role_policy" "rotation" {
  for_each = local.role_policies

  name = each.value.policy
  role = aws_iam_role.rotation[each.value.function].id
  policy = templatefile("${path.module}/policies/${each.value.policy}.json.tftpl", {
    partition                     = local.partition
    region                        = local.region
    account                       = local.account
    secrets_account               = coalesce(var.secrets_account_id, local.account)
    secret_name_prefix            = var.secret_name_prefix
    function_name                 = "${var.name_prefix}${each.value.function}"
    function_arn                  = local.function_arns[each.value.function]
    kms_key_arns                  = var.kms_key_arns
    superuser_secret_arns         = var.superuser_secret_arns
    superuser_secret_kms_key_arns = var.superuser_secret_kms_key_arns
    admin_db_user_arns            = var.admin_db_user_arns
    api_key_admin_secret_arns     = var.api_key_admin_secret_arns
    iam_user_arns                 = var.iam_user_arns
    environment_kms_key_arn       = coalesce(var.environment_kms_key_arn, "none")
    on_failure_destination_arn    = coalesce(var.on_failure_destination_arn, "none")
    first_role_arn                = try(var.assume_roles[0].arn, "")
  })
}
