resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = local.log_groups[each.key]
  retention_in_days = var.log_retention_days
  kms_key_id        = local.kms_key_arn
  tags              = local.tags
}

resource "aws_lambda_function" "function" {
  for_each = local.functions

  function_name    = each.value.full_name
  role             = aws_iam_role.function[each.key].arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  filename         = "${var.package_folder}/${each.key}.zip"
  source_code_hash = try(filebase64sha256("${var.package_folder}/${each.key}.zip"), null)
  publish          = true

  memory_size                    = each.value.memory_megabytes
  timeout                        = each.value.timeout_seconds
  reserved_concurrent_executions = each.value.reserved_concurrency
  layers                         = [var.secrets_extension_layer_arn]

  environment {
    variables = merge(
      {
        GOALPOST_SECRETS_PREFIX = var.secrets_prefix
        # The worker token is renewed every 5 minutes and lives for 15: the extension may not keep it for long.
        SSM_PARAMETER_STORE_TTL = "60"
      },
      each.value.is_worker ? merge(var.environment, {
        SUPABASE_URL             = var.supabase_url
        SUPABASE_PUBLISHABLE_KEY = var.supabase_publishable_key
        GOALPOST_BATCH           = tostring(each.value.batch)
      }) : {},
      each.key == "intake" ? { GOALPOST_ALLOWED_ORIGINS = join(",", var.allowed_origins) } : {},
      each.key == "gateway" ? { GOALPOST_QUEUES = join(",", [for name, queue in aws_sqs_queue.wakes : "${name}=${queue.url}"]) } : {},
      each.key == "rotate" ? { GOALPOST_SECRETS_KEY = local.kms_key_arn } : {},
    )
  }

  logging_config {
    log_format            = "JSON"
    application_log_level = var.log_level
    system_log_level      = "WARN"
    log_group             = aws_cloudwatch_log_group.function[each.key].name
  }

  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }

  tags = local.tags

  lifecycle {
    precondition {
      condition     = fileexists("${var.package_folder}/${each.key}.zip")
      error_message = "${var.package_folder}/${each.key}.zip is missing: run `cargo goalpost build --arch ${var.architecture}` and set package_folder to its output."
    }
    precondition {
      condition     = each.value.max_wakes == null || each.value.reserved_concurrency == -1 ? true : each.value.max_wakes < each.value.reserved_concurrency
      error_message = "limits of ${each.key}: max_wakes must be below reserved_concurrency, or wakes leave no place for a schedule."
    }
  }

  depends_on = [aws_iam_role_policy.function]
}

# All callers use the alias, so that pointing it at an earlier version is the whole rollback.
resource "aws_lambda_alias" "live" {
  for_each = local.functions

  name             = local.alias
  function_name    = aws_lambda_function.function[each.key].function_name
  function_version = lookup(var.versions, each.key, aws_lambda_function.function[each.key].version)
}

# A missed tick of a sweep is followed by the next one: it is neither repeated nor kept. A renewal is repeated.
resource "aws_lambda_function_event_invoke_config" "function" {
  for_each = { for name, function in local.functions : name => function if name != "gateway" }

  function_name                = aws_lambda_function.function[each.key].function_name
  qualifier                    = aws_lambda_alias.live[each.key].name
  maximum_event_age_in_seconds = each.key == "rotate" ? 300 : 60
  maximum_retry_attempts       = each.key == "rotate" ? 2 : 0
}
