variable "name" {
  description = "Prefix of all names, and the value of the tag `application`."
  type        = string
  default     = "goalpost"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.name))
    error_message = "name must be 1 to 31 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "supabase_url" {
  description = "URL of the Supabase project."
  type        = string

  validation {
    condition     = can(regex("^https://[^/]+$", var.supabase_url))
    error_message = "supabase_url must be https://<host> without a path, as the project's settings show it."
  }
}

variable "supabase_publishable_key" {
  description = "Publishable key of the project (`sb_publishable_…`, or the legacy anon key). Not a secret."
  type        = string

  validation {
    condition     = !startswith(var.supabase_publishable_key, "sb_secret_")
    error_message = "supabase_publishable_key is a secret key; use the publishable one. The functions need no secret key."
  }
}

variable "package_folder" {
  description = "Folder of the functions' packages (`<function>.zip`), as `cargo goalpost build` writes them."
  type        = string
}

variable "architecture" {
  description = "Architecture that the packages were built for."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "secrets_extension_layer_arn" {
  description = "ARN with version of the AWS Parameters and Secrets Lambda Extension for the region and architecture (Systems Manager user guide, \"Using Parameter Store parameters in AWS Lambda functions\")."
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:lambda:[^:]+:[0-9]{12}:layer:AWS-Parameters-and-Secrets-Lambda-Extension(-Arm64)?:[0-9]+$", var.secrets_extension_layer_arn))
    error_message = "secrets_extension_layer_arn must be the ARN of a version of AWS-Parameters-and-Secrets-Lambda-Extension, or of its -Arm64 variant."
  }

  validation {
    condition     = strcontains(var.secrets_extension_layer_arn, "-Arm64:") == (var.architecture == "arm64")
    error_message = "secrets_extension_layer_arn is for another architecture: arm64 needs the layer that ends with -Arm64."
  }
}

variable "secrets_prefix" {
  description = "Where the secrets are in Parameter Store."
  type        = string
  default     = "/goalpost/production"

  validation {
    condition     = can(regex("^(/[A-Za-z0-9_.-]+)+$", var.secrets_prefix)) && !can(regex("^/(aws|ssm)", lower(var.secrets_prefix)))
    error_message = "secrets_prefix must be a path such as /goalpost/production, and must not begin with /aws or /ssm."
  }
}

variable "transport" {
  description = "Way of wakes from the database: `queue` (gateway and SQS) or `direct` (a URL for each function)."
  type        = string
  default     = "queue"

  validation {
    condition     = contains(["queue", "direct"], var.transport)
    error_message = "transport must be queue or direct."
  }
}

variable "limits" {
  description = "Limits by function, where they differ from those in locals.tf. reserved_concurrency -1 reserves none."
  type = map(object({
    memory_megabytes     = optional(number)
    timeout_seconds      = optional(number)
    reserved_concurrency = optional(number)
    max_wakes            = optional(number)
    batch                = optional(number)
  }))
  default = {}

  validation {
    condition     = alltrue([for name in keys(var.limits) : contains(["intake", "planner", "executor", "aggregator", "analyzer", "notifier", "gateway", "rotate"], name)])
    error_message = "limits has a name that is no function: intake, planner, executor, aggregator, analyzer, notifier, gateway, rotate."
  }

  validation {
    condition     = alltrue([for limit in values(var.limits) : limit.timeout_seconds == null ? true : limit.timeout_seconds >= 10 && limit.timeout_seconds <= 900])
    error_message = "timeout_seconds must be 10 to 900."
  }

  validation {
    condition     = alltrue([for limit in values(var.limits) : limit.max_wakes == null ? true : limit.max_wakes >= 2 && limit.max_wakes <= 1000])
    error_message = "max_wakes must be 2 to 1000 (limits of an event source mapping)."
  }
}

variable "versions" {
  description = "Published version that serves, by function; the newest if a function is not named. This is the rollback."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for version in values(var.versions) : can(regex("^[0-9]+$", version))])
    error_message = "versions must be numbers of published versions, such as \"12\"."
  }
}

variable "environment" {
  description = "More variables of the functions that work on steps, such as GOALPOST_MODEL (.env.sample lists them). No secrets."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setintersection(keys(var.environment), ["SUPABASE_URL", "SUPABASE_PUBLISHABLE_KEY", "GOALPOST_SECRETS_PREFIX", "GOALPOST_BATCH", "GOALPOST_ALLOWED_ORIGINS"])) == 0
    error_message = "environment sets what the module sets: use the variables supabase_url, supabase_publishable_key, secrets_prefix, limits and allowed_origins."
  }

  validation {
    condition     = alltrue([for name in keys(var.environment) : !can(regex("(_API_KEY|_TOKEN|_SECRET|_PASSWORD)$", name))])
    error_message = "environment contains a secret; store it in Parameter Store below secrets_prefix."
  }
}

variable "intake_authorization" {
  description = "`NONE`: people call intake with their Supabase token. `AWS_IAM`: callers also sign with IAM credentials."
  type        = string
  default     = "NONE"

  validation {
    condition     = contains(["NONE", "AWS_IAM"], var.intake_authorization)
    error_message = "intake_authorization must be NONE or AWS_IAM."
  }
}

variable "allowed_origins" {
  description = "Origins whose pages may call intake (`https://app.example.com`); empty for all. Intake answers CORS itself."
  type        = list(string)
  default     = []
}

variable "sweep_rate" {
  description = "Rate of the sweep from outside the database. pg_cron sweeps inside; either suffices."
  type        = string
  default     = "rate(1 minute)"
}

variable "analyzer_rate" {
  description = "Rate of the analyzer, which folds usage into statistics."
  type        = string
  default     = "rate(5 minutes)"
}

variable "log_level" {
  description = "Lowest level of the functions' own log lines."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["DEBUG", "INFO"], var.log_level)
    error_message = "log_level must be DEBUG or INFO: the alarm on the worker token's age counts a line of level INFO."
  }
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 30
}

variable "tracing" {
  description = "Sends traces to X-Ray."
  type        = bool
  default     = true
}

variable "kms_key_arn" {
  description = "Key that encrypts logs and secrets; a new one if not given. CloudWatch Logs must be allowed to use it."
  type        = string
  default     = null
}

variable "alarm_actions" {
  description = "ARNs that alarms notify, such as an SNS topic."
  type        = list(string)
  default     = []
}

variable "error_threshold" {
  description = "Errors of one function within five minutes that raise an alarm."
  type        = number
  default     = 5
}

variable "wake_age_threshold_seconds" {
  description = "Age of the oldest wake in a queue that raises an alarm."
  type        = number
  default     = 120
}

variable "monthly_budget" {
  description = "Budget of these resources in US dollars per month, and who is notified at 80 % and at the forecast of 100 %; none if not given. AWS counts a tag only once it is activated for cost allocation. What models cost is in the database (`goalpost costs`)."
  type = object({
    us_dollars      = number
    email_addresses = list(string)
  })
  default = null
}

variable "tags" {
  description = "More tags of all resources."
  type        = map(string)
  default     = {}
}
