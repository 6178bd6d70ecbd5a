data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  tags      = merge(var.tags, { application = var.name })
  is_queued = var.transport == "queue"
  alias     = "live"

  # The functions that work on steps, with the secrets that each reads. `tests/suite/terraform.rs` compares them with the
  # code.
  worker_secrets = ["worker_token", "wake_secret", "webhook_secret"]
  model_secrets  = concat(local.worker_secrets, ["anthropic_api_key", "openai_api_key"])
  workers = {
    intake     = { secrets = local.model_secrets, memory_megabytes = 256, timeout_seconds = 300, reserved_concurrency = 64, max_wakes = 8, batch = 10 }
    planner    = { secrets = local.model_secrets, memory_megabytes = 256, timeout_seconds = 300, reserved_concurrency = 8, max_wakes = 6, batch = 10 }
    executor   = { secrets = concat(local.model_secrets, ["email_api_key"]), memory_megabytes = 512, timeout_seconds = 300, reserved_concurrency = 16, max_wakes = 14, batch = 64 }
    aggregator = { secrets = local.model_secrets, memory_megabytes = 256, timeout_seconds = 300, reserved_concurrency = 8, max_wakes = 6, batch = 10 }
    analyzer   = { secrets = local.worker_secrets, memory_megabytes = 256, timeout_seconds = 300, reserved_concurrency = 4, max_wakes = 2, batch = 10 }
    notifier   = { secrets = concat(local.worker_secrets, ["email_api_key"]), memory_megabytes = 256, timeout_seconds = 300, reserved_concurrency = 4, max_wakes = 2, batch = 10 }
  }
  helpers = {
    gateway = { secrets = ["wake_secret"], memory_megabytes = 256, timeout_seconds = 10, reserved_concurrency = 20, max_wakes = null, batch = null }
    rotate  = { secrets = ["signing_key"], memory_megabytes = 128, timeout_seconds = 30, reserved_concurrency = 1, max_wakes = null, batch = null }
  }
  defaults = merge(local.workers, { for name, helper in local.helpers : name => helper if name != "gateway" || local.is_queued })

  functions = {
    for name, usual in local.defaults : name => {
      full_name = "${var.name}-${name}"
      is_worker = contains(keys(local.workers), name)
      secrets   = [for secret in usual.secrets : "${local.parameter_arn}/${secret}"]

      memory_megabytes     = try(coalesce(var.limits[name].memory_megabytes), usual.memory_megabytes)
      timeout_seconds      = try(coalesce(var.limits[name].timeout_seconds), usual.timeout_seconds)
      reserved_concurrency = try(coalesce(var.limits[name].reserved_concurrency), usual.reserved_concurrency)
      max_wakes            = try(coalesce(var.limits[name].max_wakes), usual.max_wakes)
      batch                = try(coalesce(var.limits[name].batch), usual.batch)
    }
  }
  queued = { for name, function in local.functions : name => function if function.is_worker && local.is_queued }

  # ARNs are built from names, not read from resources, so that a plan shows every permission in full.
  parameter_arn = "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter${var.secrets_prefix}"
  alias_arns    = { for name, function in local.functions : name => "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${function.full_name}:${local.alias}" }
  log_groups    = { for name, function in local.functions : name => "/aws/lambda/${function.full_name}" }
  queue_arns    = { for name, function in local.queued : name => "arn:${local.partition}:sqs:${local.region}:${local.account}:${function.full_name}" }
}
