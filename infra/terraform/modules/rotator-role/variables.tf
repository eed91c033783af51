variable "name" {
  description = "The role's name."
  type        = string
  default     = "keywheel-rotator"
}

variable "trusted_role_arns" {
  description = "The functions' roles, or the role before this one in a chain."
  type        = list(string)

  validation {
    condition     = length(var.trusted_role_arns) > 0 && alltrue([for arn in var.trusted_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[^*]+$", arn))])
    error_message = "trusted_role_arns holds ARNs of roles, without wildcards."
  }
}

variable "external_id" {
  description = "The external ID that the caller must know. It keeps a third party from being used against you."
  type        = string
  sensitive   = true

  validation {
    condition     = length(var.external_id) >= 2 && length(var.external_id) <= 1224 && can(regex("^[A-Za-z0-9+=.@:/-]+$", var.external_id)) # a regex counts to 1000
    error_message = "external_id has 2 to 1224 letters, digits and + = . @ : / - (a comma would separate two of them)."
  }
}

variable "function_arns" {
  description = "The functions. Only secrets that name one of them are reached."
  type        = list(string)
}

variable "secret_name_prefix" {
  description = "Only secrets whose names begin so."
  type        = string
  default     = ""
}

variable "kms_key_arns" {
  description = "The customer managed keys of the secrets."
  type        = list(string)
  default     = []
}

variable "admin_secret_arns" {
  description = "The admin secrets of this account that the rotations use: of databases (masterarn), and of providers."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.admin_secret_arns : can(regex("^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[^*?]+$", arn))])
    error_message = "admin_secret_arns holds whole ARNs of secrets, without wildcards."
  }
}

variable "admin_secret_kms_key_arns" {
  description = "The customer managed keys of the admin secrets."
  type        = list(string)
  default     = []
}

variable "permissions_boundary_arn" {
  description = "A permissions boundary, where your organisation asks for one."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of the role."
  type        = map(string)
  default     = {}
}
