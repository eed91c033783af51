# One secret, named <context>/<environment>/<path>/<name>, with its rotation, and with the policies of those who read and manage it.

locals {
  name = join("/", compact([var.context, var.environment, trim(var.path, "/"), var.name]))
}

data "aws_partition" "current" {}
data "aws_region" "current" {}

resource "aws_secretsmanager_secret" "this" {
  name                    = local.name
  description             = var.description
  kms_key_id              = var.kms_key_id
  recovery_window_in_days = var.recovery_window_in_days
  tags                    = var.tags
}

# The first value alone: from then on the rotation writes the secret, and Terraform must not put the old one back. The value is in Terraform's state;
# leave initial_value null, and store it by hand, where that is not wanted.
resource "aws_secretsmanager_secret_version" "first" {
  count = var.initial_value == null ? 0 : 1

  secret_id     = aws_secretsmanager_secret.this.id
  secret_string = var.initial_value

  lifecycle {
    ignore_changes = [secret_string, version_stages]
  }
}

resource "aws_secretsmanager_secret_rotation" "this" {
  count = var.rotation_automatically ? 1 : 0

  secret_id           = aws_secretsmanager_secret.this.id
  rotation_lambda_arn = var.rotation_lambda_arn
  rotate_immediately  = var.rotate_immediately

  rotation_rules {
    automatically_after_days = var.rotation_schedule == null ? var.rotation_days : null
    schedule_expression      = var.rotation_schedule
    duration                 = var.rotation_window
  }

  lifecycle {
    precondition {
      condition     = var.rotation_lambda_arn != null
      error_message = "rotation_automatically needs rotation_lambda_arn, an output of the module one level up."
    }
  }

  depends_on = [aws_secretsmanager_secret_version.first]
}

# Roles of other accounts that read the secret. Its key must let them decrypt, too; the key aws/secretsmanager cannot.
resource "aws_secretsmanager_secret_policy" "cross_account" {
  count = length(var.reader_principal_arns) > 0 ? 1 : 0

  secret_arn          = aws_secretsmanager_secret.this.arn
  block_public_policy = true
  policy = templatefile("${path.module}/policies/cross-account-secret.json.tftpl", {
    reader_principal_arns = var.reader_principal_arns
  })

  lifecycle {
    precondition {
      condition     = var.kms_key_id != null
      error_message = "A secret that other accounts read needs a customer managed key: kms_key_id."
    }
  }
}

locals {
  policy_values = {
    partition           = data.aws_partition.current.partition
    region              = data.aws_region.current.region
    secret_arn          = aws_secretsmanager_secret.this.arn
    rotation_lambda_arn = coalesce(var.rotation_lambda_arn, "arn:${data.aws_partition.current.partition}:lambda:::function:none")
    kms_key_arn         = coalesce(var.kms_key_id, "none")
  }
}
