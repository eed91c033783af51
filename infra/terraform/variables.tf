# --- code ---

variable "zip_directory" {
  description = "The directory with the zip files of make build, target/lambda. Leave it null to take them from code_bucket."
  type        = string
  default     = null
}

variable "code_bucket" {
  description = "The S3 bucket with the zip files, in this region, if zip_directory is null."
  type        = string
  default     = null
}

variable "code_prefix" {
  description = "The folder in code_bucket, as scripts/upload printed it. It changes with the code."
  type        = string
  default     = null
}

variable "architecture" {
  description = "The architecture: arm64 or x86_64."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture is arm64 or x86_64."
  }
}

# --- which functions ---

variable "functions" {
  description = "Which functions to make."
  type        = set(string)
  default     = ["rotate-postgres-single-user", "rotate-postgres-alternating-users", "rotate-api-key"]

  validation {
    condition     = length(var.functions) > 0 && length(setsubtract(var.functions, ["rotate-postgres-single-user", "rotate-postgres-alternating-users", "rotate-api-key"])) == 0
    error_message = "functions holds some of rotate-postgres-single-user, rotate-postgres-alternating-users and rotate-api-key."
  }
}

variable "name_prefix" {
  description = "A prefix of every name. A second instance of the module in the same account and region needs another one."
  type        = string
  default     = "keywheel-"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{0,30}$", var.name_prefix))
    error_message = "name_prefix has at most 30 letters, digits, hyphens and underscores."
  }
}

variable "reserved_concurrency" {
  description = "How many rotation steps each function runs at once, so that a fleet does not flood a database. -1 reserves nothing (a new account has too few to reserve any)."
  type        = number
  default     = 10

  validation {
    condition     = var.reserved_concurrency == -1 || var.reserved_concurrency > 0
    error_message = "reserved_concurrency is -1 or at least 1: with 0 no secret could be rotated."
  }
}

variable "permissions_boundary_arn" {
  description = "A permissions boundary for the roles, if your organisation asks for one."
  type        = string
  default     = null
}

variable "environment" {
  description = "More environment variables of the functions, by function and variable, such as {\"rotate-postgres-single-user\" = {PGHOST = \"db.example.com\"}}. docs/reference/environment-variables.md lists them; docs/api-keys.md those of rotate-api-key, such as PROVIDER, PROVIDER_PARAMETERS and ADMIN_SECRETS."
  type        = map(map(string))
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.environment), ["rotate-postgres-single-user", "rotate-postgres-alternating-users", "rotate-api-key"])) == 0
    error_message = "environment is keyed by rotate-postgres-single-user, rotate-postgres-alternating-users and rotate-api-key."
  }
}

variable "tags" {
  description = "Tags of everything that can have tags."
  type        = map(string)
  default     = {}
}

# --- which secrets ---

variable "secret_name_prefix" {
  description = "Only secrets whose names begin with this, such as myapp/prod/. Empty allows every secret that names the function as its rotation function."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[A-Za-z0-9/_+=.@-]*$", var.secret_name_prefix))
    error_message = "secret_name_prefix has characters that no secret's name has; it is a prefix, without wildcards."
  }
}

variable "kms_key_arns" {
  description = "The customer managed keys of the secrets. Not needed for the key aws/secretsmanager."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.kms_key_arns : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", arn))])
    error_message = "kms_key_arns holds ARNs of keys; an alias cannot be named in a policy."
  }
}

variable "secrets_account_id" {
  description = "The account that has the secrets, if it is not this one."
  type        = string
  default     = null

  validation {
    condition     = var.secrets_account_id == null || can(regex("^[0-9]{12}$", var.secrets_account_id))
    error_message = "secrets_account_id has 12 digits."
  }
}

variable "assume_roles" {
  description = "The roles to assume, one after the other, to reach the secrets, each with its external ID or null."
  type        = list(object({ arn = string, external_id = optional(string) }))
  default     = []

  validation {
    condition     = alltrue([for role in var.assume_roles : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/", role.arn))])
    error_message = "assume_roles holds ARNs of roles."
  }
}

# --- the admin of the databases ---

variable "superuser_secret_arns" {
  description = "The superuser secrets that masterarn may name. Every secret of the function may use each of them."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.superuser_secret_arns : can(regex("^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[^*?]+$", arn))])
    error_message = "superuser_secret_arns holds whole ARNs of secrets, without wildcards: a user who can write a rotated secret can have any of these used."
  }
}

variable "superuser_secret_kms_key_arns" {
  description = "The customer managed keys of the superuser secrets."
  type        = list(string)
  default     = []
}

variable "single_user_may_use_superuser" {
  description = "Whether the single-user function may use them as well, to recover a lost password or for roles that may not change their own."
  type        = bool
  default     = false
}

variable "admin_db_user_arns" {
  description = "The superuser roles that log in by rds_iam, without a secret, as arn:aws:rds-db:REGION:ACCOUNT:dbuser:RESOURCE_ID/USER."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.admin_db_user_arns : can(regex("^arn:[a-z-]+:rds-db:[a-z0-9-]+:[0-9]{12}:dbuser:[^/*]+/[^*]+$", arn))])
    error_message = "admin_db_user_arns holds ARNs of database users, without wildcards."
  }
}

variable "describe_rds" {
  description = "Whether functions that use a superuser secret may call the RDS API. Superuser secrets made by RDS and reader endpoints need it."
  type        = bool
  default     = true
}

# --- API keys ---

variable "api_key_in_vpc" {
  description = "Whether the function for API keys runs in the VPC. It then needs network access to the provider, such as a NAT gateway."
  type        = bool
  default     = false
}

variable "api_key_admin_secret_arns" {
  description = "The secrets with which providers issue keys, each of which ADMIN_SECRETS in environment must name as well."
  type        = list(string)
  default     = []
}

variable "provider_layer_arn" {
  description = "A layer with provider definitions of your own, in its folder providers."
  type        = string
  default     = null
}

variable "iam_user_arns" {
  description = "The IAM users whose access keys are rotated."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.iam_user_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:user/[^*]+$", arn))])
    error_message = "iam_user_arns holds ARNs of users, without wildcards."
  }
}

# --- network ---

variable "vpc_id" {
  description = "The VPC, if the module makes a security group or the endpoint in it."
  type        = string
  default     = null
}

variable "subnet_ids" {
  description = "The subnets from which the databases are reached. Empty leaves the functions outside of any VPC."
  type        = list(string)
  default     = []
}

variable "security_group_ids" {
  description = "The functions' security groups. Empty, with vpc_id, makes one."
  type        = list(string)
  default     = []
}

variable "database_port" {
  description = "The database's port. The security group made here lets it out, and 443."
  type        = number
  default     = 5432
}

variable "create_secretsmanager_endpoint" {
  description = "Whether to make an interface endpoint for Secrets Manager; needs vpc_id and subnet_ids. Functions in subnets without a NAT gateway need one."
  type        = bool
  default     = false
}

# --- new passwords ---

variable "password_length" {
  description = "The length of new passwords."
  type        = number
  default     = 32

  validation {
    condition     = var.password_length >= 1 && var.password_length <= 4096
    error_message = "password_length is from 1 to 4096."
  }
}

variable "exclude_characters" {
  description = "The characters that new passwords never have."
  type        = string
  default     = ":/@\"'\\"
}

variable "api_key_exclude_characters" {
  description = "The characters that client secrets which rotate-api-key chooses never have. Null leaves letters, digits and -._~"
  type        = string
  default     = null
}

variable "root_certificates" {
  description = "Trusted root certificates of your own for the databases, as PEM. Also for regions that the RDS CA bundle inside does not cover. Null uses the RDS CA bundle and the public root CAs."
  type        = string
  default     = null
}

# --- monitoring ---

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 90
}

variable "log_level" {
  description = "The lowest level that the functions log: TRACE, DEBUG or INFO. No level logs a secret value. Levels above INFO would drop the metrics."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["TRACE", "DEBUG", "INFO"], var.log_level)
    error_message = "log_level is TRACE, DEBUG or INFO."
  }
}

variable "runbook_url" {
  description = "Where your copy of docs/runbook is, such as https://wiki.example.com/keywheel/{code}. Failed steps log the address of their code's page, and the alarms name it. Null leaves it out."
  type        = string
  default     = null
}

variable "alarm_topic_arn" {
  description = "The SNS topic that alarms notify. Null means that you see the alarms in CloudWatch only."
  type        = string
  default     = null
}

variable "stuck_after_minutes" {
  description = "A rotation is stuck if it has not ended after so many minutes. Secrets Manager's own retries take a while."
  type        = number
  default     = 120
}

variable "overdue_after_hours" {
  description = "A rotation is overdue so many hours after its time."
  type        = number
  default     = 24
}
