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
  description = "Environment variables that differ between the functions, by function and variable, such as {\"rotate-postgres-single-user\" = {PGHOST = \"db.example.com\"}}. They come last: one that is set here replaces that of the other variables of this module."
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

# --- how the functions run ---

variable "timeouts" {
  description = "The time limits of functions, in seconds, by function. Those that are not here have 30 (rotate-postgres-single-user, as AWS's hosted functions) or 60."
  type        = map(number)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.timeouts), ["rotate-postgres-single-user", "rotate-postgres-alternating-users", "rotate-api-key"])) == 0 && alltrue([for seconds in values(var.timeouts) : seconds >= 10 && seconds <= 900])
    error_message = "timeouts has 10 to 900 seconds for some of rotate-postgres-single-user, rotate-postgres-alternating-users and rotate-api-key."
  }
}

variable "memory_size" {
  description = "The memory of each function, in MB. A rotation holds 8 to 10 MiB; docs/cost.md has what more memory would buy."
  type        = number
  default     = 128

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240
    error_message = "memory_size is from 128 to 10240."
  }
}

variable "tracing_mode" {
  description = "PassThrough or Active. Active makes Lambda send a trace of each invocation to X-Ray."
  type        = string
  default     = "PassThrough"

  validation {
    condition     = contains(["PassThrough", "Active"], var.tracing_mode)
    error_message = "tracing_mode is PassThrough or Active."
  }
}

variable "environment_kms_key_arn" {
  description = "The customer managed key that encrypts the functions' environment variables. Null is Lambda's own key."
  type        = string
  default     = null
}

variable "on_failure_destination_arn" {
  description = "A queue, topic, function or event bus for asynchronous invocations that failed, if your organisation asks for one. Secrets Manager invokes synchronously and retries by itself, so it gets nothing from rotations. Its records hold events, with their RotationToken."
  type        = string
  default     = null
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

variable "default_superuser_secret_arn" {
  description = "One of superuser_secret_arns, for secrets without masterarn, such as URLs."
  type        = string
  default     = null
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

variable "admin_iam_username" {
  description = "The superuser role that logs in by rds_iam, if the secret has no masterarn. admin_db_user_arns must allow it."
  type        = string
  default     = null
}

variable "admin_iam_hosts" {
  description = "The hosts that its login token may go to, as well as default_host."
  type        = list(string)
  default     = []
}

# --- API keys ---

variable "api_key_in_vpc" {
  description = "Whether the function for API keys runs in the VPC. It then needs network access to the provider, such as a NAT gateway."
  type        = bool
  default     = false
}

variable "api_key_admin_secret_arns" {
  description = "The secrets with which providers issue keys, each of which admin_secrets must name as well."
  type        = list(string)
  default     = []
}

variable "admin_secrets" {
  description = "The admin credential of each provider definition: the ARN of a secret by the definition's name for it."
  type        = map(string)
  default     = {}
}

variable "provider_name" {
  description = "The provider of all secrets of the function. With several (a|b), a secret or its tag chooses one. Null leaves it to each secret's value."
  type        = string
  default     = null
}

variable "provider_parameters" {
  description = "Parameters of provider definitions, by name or provider.name. With a list (a|b) a secret chooses one of these. With * it chooses anything that the definition allows, except for what decides a host."
  type        = map(string)
  default     = {}
}

variable "provider_path" {
  description = "The files and directories with provider definitions of your own, separated by colons. Null is /opt/providers, where a layer's are, and providers in the package."
  type        = string
  default     = null
}

variable "provider_description" {
  description = "The text of one provider definition of your own, as TOML."
  type        = string
  default     = null
}

variable "provider_ca_bundle" {
  description = "Trusted root certificates for providers, as PEM or a path. Null uses the public root CAs."
  type        = string
  default     = null
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

variable "database_security_group_ids" {
  description = "The databases' security groups. Each then lets the functions in at database_port. Empty leaves the rules to you."
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

variable "exclude_numbers" {
  description = "Whether new passwords have no digits."
  type        = bool
  default     = false
}

variable "exclude_punctuation" {
  description = "Whether new passwords have no punctuation."
  type        = bool
  default     = false
}

variable "exclude_uppercase" {
  description = "Whether new passwords have no upper-case letters."
  type        = bool
  default     = false
}

variable "exclude_lowercase" {
  description = "Whether new passwords have no lower-case letters."
  type        = bool
  default     = false
}

variable "require_each_included_type" {
  description = "Whether a new password has at least one character of each type that is not excluded."
  type        = bool
  default     = true
}

variable "include_space" {
  description = "Whether a space may be in a new password."
  type        = bool
  default     = false
}

variable "api_key_exclude_characters" {
  description = "The characters that client secrets which rotate-api-key chooses never have. Null leaves letters, digits and -._~"
  type        = string
  default     = null
}

# --- PostgreSQL: TLS, and how a password is set ---

variable "tls_mode" {
  description = "The TLS mode of connections to databases whose secret names none: verify-full, verify-ca or disable. Null is verify-full."
  type        = string
  default     = null

  validation {
    condition     = var.tls_mode == null || contains(["verify-full", "verify-ca", "disable"], coalesce(var.tls_mode, "verify-full"))
    error_message = "tls_mode is verify-full, verify-ca or disable."
  }
}

variable "tls_server_name" {
  description = "The name in the server's certificate, if it is not the host."
  type        = string
  default     = null
}

variable "password_sent_as" {
  description = "How the new password is sent to the server: verifier; cleartext, for a password policy that must see it; md5, for clients that cannot do SCRAM. The last two need TLS."
  type        = string
  default     = "verifier"

  validation {
    condition     = contains(["verifier", "cleartext", "md5"], var.password_sent_as)
    error_message = "password_sent_as is verifier, cleartext or md5."
  }
}

variable "copies" {
  description = "What becomes of copies of the credential in the same secret, such as a URL: change (with it), report or ignore."
  type        = string
  default     = "change"

  validation {
    condition     = contains(["change", "report", "ignore"], var.copies)
    error_message = "copies is change, report or ignore."
  }
}

variable "copy_members" {
  description = "Members of the secret that are copies of its credential, whatever they are called."
  type        = list(string)
  default     = []
}

variable "base64_members" {
  description = "Members of the secret that are Base64, such as password for Aerospike's Secret Agent. They are encoded again."
  type        = list(string)
  default     = []
}

variable "awscurrent_moves" {
  description = "Single user, when AWSCURRENT moves: setSecret, before the new password is committed, or finishSecret, as in AWS's templates."
  type        = string
  default     = "setSecret"

  validation {
    condition     = contains(["setSecret", "finishSecret"], var.awscurrent_moves)
    error_message = "awscurrent_moves is setSecret or finishSecret."
  }
}

variable "test_sql" {
  description = "A statement that must succeed with the new password, in a read-only transaction."
  type        = string
  default     = null
}

variable "allow_login_without_password" {
  description = "Whether a login counts although the server asked for no password (docs/runbook/PasswordNotAsked.md)."
  type        = bool
  default     = false
}

variable "allow_local_hosts" {
  description = "Whether a secret's host may be the machine itself or a link-local address (docs/runbook/HostAddressRefused.md)."
  type        = bool
  default     = false
}

variable "root_certificates" {
  description = "Trusted root certificates of your own for the databases, as PEM. Also for regions that the RDS CA bundle inside does not cover. Null uses the RDS CA bundle and the public root CAs."
  type        = string
  default     = null
}

# --- alternating users ---

variable "owner_role" {
  description = "The NOLOGIN role that both users act as. If it is null, the clone acts as the original user."
  type        = string
  default     = null
}

variable "idle_sessions" {
  description = "What to do about open sessions of the idle user, which is about to get a new password: report, wait or refuse."
  type        = string
  default     = "report"

  validation {
    condition     = contains(["report", "wait", "refuse"], var.idle_sessions)
    error_message = "idle_sessions is report, wait or refuse."
  }
}

variable "idle_sessions_wait" {
  description = "Seconds to wait for their end; less than the function's time limit. Null means 10 for wait, 0 for refuse."
  type        = number
  default     = null
}

# --- defaults for secrets that do not say ---

variable "default_user" {
  description = "Single user, whose password a secret is that is a bare password. Such a secret also needs a host."
  type        = string
  default     = null
}

variable "tags_may_choose" {
  description = "Single user, the logins that tags of a bare password may choose, such as app@db.example.com:5432/orders."
  type        = list(string)
  default     = []
}

variable "default_host" {
  description = "The database's host, for secrets without one."
  type        = string
  default     = null
}

variable "default_port" {
  description = "Its port, for secrets without one. Null is 5432."
  type        = number
  default     = null
}

variable "default_database" {
  description = "The database to log in to, for secrets without one. Null is postgres."
  type        = string
  default     = null
}

# --- endpoints of AWS other than its own ---

variable "endpoints" {
  description = "The URLs of AWS services, by service; aws is that of every service without one of its own. Null is AWS's own."
  type        = object({ aws = optional(string), secrets_manager = optional(string), sts = optional(string), rds = optional(string), iam = optional(string) })
  default     = {}
}

variable "aws_ca_bundle" {
  description = "Trusted root certificates for these endpoints, as PEM or a path. Null uses AWS's and the system's."
  type        = string
  default     = null
}

# --- monitoring ---

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 90
}

variable "log_kms_key_arn" {
  description = "The customer managed key that encrypts the logs. Its key policy must let logs.REGION.amazonaws.com use it. Null is CloudWatch's own key."
  type        = string
  default     = null
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

variable "replica_wait" {
  description = "Seconds to wait for replicas of a secret in other regions before anything is changed, at most half of a step's time."
  type        = number
  default     = 10

  validation {
    condition     = var.replica_wait >= 0 && var.replica_wait <= 900
    error_message = "replica_wait is 0 to 900."
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
