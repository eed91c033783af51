variable "context" {
  description = "The first part of the secret's name: the application or team."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=.@-]+$", var.context))
    error_message = "context is one part of a secret's name, without slashes."
  }
}

variable "environment" {
  description = "The second part: prod, dev, and so on."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=.@-]+$", var.environment))
    error_message = "environment is one part of a secret's name, without slashes."
  }
}

variable "path" {
  description = "The parts in between, separated by slashes; may be empty."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[A-Za-z0-9/_+=.@-]*$", var.path))
    error_message = "path has characters that no secret's name has."
  }
}

variable "name" {
  description = "The last part. It does not end in a hyphen and six characters, which AWS would take for the end of an ARN."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=.@-]+$", var.name)) && !can(regex("-[A-Za-z0-9]{6}$", var.name))
    error_message = "name is one part of a secret's name, and does not end in a hyphen and six letters or digits."
  }
}

variable "description" {
  description = "What the secret is for."
  type        = string
  default     = null
}

variable "initial_value" {
  description = "The first value, in any form that the rotation function takes. Null leaves the secret empty."
  type        = string
  default     = null
  sensitive   = true
}

variable "kms_key_id" {
  description = "The ARN of a customer managed key. Null is the key aws/secretsmanager."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_id == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key_id))
    error_message = "kms_key_id is the ARN of a key, so that policies can name it."
  }
}

variable "recovery_window_in_days" {
  description = "How long a deleted secret can be restored."
  type        = number
  default     = 30
}

variable "rotation_automatically" {
  description = "Whether the secret is rotated."
  type        = bool
  default     = true
}

variable "rotation_lambda_arn" {
  description = "The rotation function: an output of the module one level up."
  type        = string
  default     = null
}

variable "rotation_days" {
  description = "The days between two rotations, if there is no rotation_schedule."
  type        = number
  default     = 30

  validation {
    condition     = var.rotation_days >= 1 && var.rotation_days <= 1000
    error_message = "rotation_days is from 1 to 1000."
  }
}

variable "rotation_schedule" {
  description = "A rate() or cron() expression in the place of rotation_days, such as cron(0 3 ? * SUN *), in UTC."
  type        = string
  default     = null
}

variable "rotation_window" {
  description = "How long the window is, such as 2h. A fleet needs one: docs/quotas.md."
  type        = string
  default     = null

  validation {
    condition     = var.rotation_window == null || can(regex("^[0-9]+h$", var.rotation_window))
    error_message = "rotation_window is a number of hours, such as 2h."
  }
}

variable "rotate_immediately" {
  description = "Whether the first rotation runs at once. If not, the function only tries that it could: testSecret alone, which changes nothing."
  type        = bool
  default     = false
}

variable "reader_principal_arns" {
  description = "Roles of other accounts that may read the secret."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.reader_principal_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/", arn))])
    error_message = "reader_principal_arns holds ARNs of roles or users; a whole account would be everybody in it."
  }
}

variable "tags" {
  description = "Tags of the secret."
  type        = map(string)
  default     = {}
}
