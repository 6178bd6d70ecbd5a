# The transport `queue`: what is created, and how its parts are connected.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:eu-central-1:123456789012:a-queue"
      url = "https://sqs.eu-central-1.amazonaws.com/123456789012/a-queue"
    }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/a-role" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { version = "7" }
  }
  mock_resource "aws_lambda_alias" {
    defaults = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:a-function:live" }
  }
  mock_resource "aws_lambda_function_url" {
    defaults = { function_url = "https://a-url.lambda-url.eu-central-1.on.aws/" }
  }
}

variables {
  supabase_url                = "https://abcdefghijklmnopqrst.supabase.co"
  supabase_publishable_key    = "sb_publishable_test"
  package_folder              = "./tests/packages"
  secrets_extension_layer_arn = "arn:aws:lambda:eu-central-1:123456789012:layer:AWS-Parameters-and-Secrets-Lambda-Extension-Arm64:1"
  # A key from outside is known in a plan, so that every permission can be read there.
  kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "functions" {
  assert {
    condition     = toset(keys(aws_lambda_function.function)) == toset(["intake", "planner", "executor", "aggregator", "analyzer", "notifier", "gateway", "rotate"])
    error_message = "Every function is deployed."
  }
  assert {
    condition = alltrue([for function in aws_lambda_function.function :
      function.runtime == "provided.al2023" && function.architectures[0] == "arm64" && function.publish
      && function.logging_config[0].log_format == "JSON" && function.tracing_config[0].mode == "Active"
    ])
    error_message = "Functions run on arm64 under provided.al2023, are published, log JSON and are traced."
  }
  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.function : group.retention_in_days == 30 && group.kms_key_id == var.kms_key_arn])
    error_message = "Logs are encrypted and end after 30 days."
  }
  assert {
    condition     = alltrue([for alias in aws_lambda_alias.live : alias.name == "live" && alias.function_version == "7"])
    error_message = "The alias points at the newest version."
  }
  assert {
    condition     = aws_lambda_function.function["executor"].environment[0].variables["GOALPOST_BATCH"] == "64"
    error_message = "The executor works on 64 steps at once."
  }
  assert {
    condition     = alltrue([for name in ["gateway", "rotate"] : !contains(keys(aws_lambda_function.function[name].environment[0].variables), "SUPABASE_URL")])
    error_message = "Gateway and rotate do not know the project."
  }
  assert {
    condition     = alltrue([for function in aws_lambda_function.function : tonumber(function.environment[0].variables["SSM_PARAMETER_STORE_TTL"]) <= 60])
    error_message = "The extension reads a renewed token within a minute."
  }
  assert {
    condition     = length(split(",", aws_lambda_function.function["gateway"].environment[0].variables["GOALPOST_QUEUES"])) == 6
    error_message = "The gateway has the queue of each function that works on steps."
  }
  assert {
    condition     = alltrue([for function in concat(values(aws_lambda_function.function), values(aws_lambda_event_source_mapping.wakes), values(aws_sqs_queue.wakes)) : function.tags.application == "goalpost"])
    error_message = "Resources are tagged."
  }
}

run "queues" {
  assert {
    condition     = toset(keys(aws_sqs_queue.wakes)) == toset(["intake", "planner", "executor", "aggregator", "analyzer", "notifier"])
    error_message = "Each function that works on steps has a queue."
  }
  assert {
    condition = alltrue([for name, queue in aws_sqs_queue.wakes :
      queue.visibility_timeout_seconds >= 6 * aws_lambda_function.function[name].timeout && queue.sqs_managed_sse_enabled
      && queue.message_retention_seconds > queue.visibility_timeout_seconds && jsondecode(queue.redrive_policy).maxReceiveCount == 3
    ])
    error_message = "Queues are encrypted, hide a message for six timeouts, and give it up after three deliveries."
  }
  assert {
    condition = alltrue([for name, mapping in aws_lambda_event_source_mapping.wakes :
      contains(mapping.function_response_types, "ReportBatchItemFailures") && mapping.scaling_config[0].maximum_concurrency >= 2
      && mapping.scaling_config[0].maximum_concurrency < aws_lambda_function.function[name].reserved_concurrent_executions
    ])
    error_message = "Mappings report single failures and leave concurrency for schedules."
  }
}

run "public_urls" {
  assert {
    condition     = toset(keys(aws_lambda_function_url.public)) == toset(["gateway", "intake"])
    error_message = "The gateway and intake alone have URLs."
  }
  assert {
    condition     = alltrue([for url in aws_lambda_function_url.public : url.authorization_type == "NONE" && url.qualifier == "live"])
    error_message = "The URLs belong to the alias; signatures and tokens are checked by the functions."
  }
  assert {
    condition = alltrue([for permission in aws_lambda_permission.url :
      permission.action == "lambda:InvokeFunctionUrl" && permission.function_url_auth_type == "NONE" && permission.qualifier == "live"
    ]) && length(aws_lambda_permission.url) == 2
    error_message = "Each open URL has the permission to call it."
  }
  assert {
    condition = alltrue([for name, permission in aws_cloudcontrolapi_resource.invoke_through_url :
      jsondecode(permission.desired_state) == {
        Action                = "lambda:InvokeFunction"
        FunctionName          = "arn:aws:lambda:eu-central-1:123456789012:function:goalpost-${name}:live"
        Principal             = "*"
        InvokedViaFunctionUrl = true
      }
    ]) && toset(keys(aws_cloudcontrolapi_resource.invoke_through_url)) == toset(["gateway", "intake"])
    error_message = "Each open URL may invoke its function, and nothing else without credentials may."
  }
  assert {
    condition     = alltrue([for endpoint in output.endpoints : endpoint.url == aws_lambda_function_url.public["gateway"].function_url])
    error_message = "The database sends all wakes to the gateway."
  }
  assert {
    condition     = strcontains(output.set_endpoints_sql, "select goalpost_private.set_endpoint('executor', 'https://a-url.lambda-url.eu-central-1.on.aws/', 64, 14);")
    error_message = "The SQL for the database contains each endpoint."
  }
}

run "intake_with_iam" {
  variables {
    intake_authorization = "AWS_IAM"
    allowed_origins      = ["https://app.example.com"]
  }
  assert {
    condition     = aws_lambda_function_url.public["intake"].authorization_type == "AWS_IAM" && toset(keys(aws_lambda_permission.url)) == toset(["gateway"])
    error_message = "With AWS_IAM intake is not open."
  }
  assert {
    condition     = toset(keys(aws_cloudcontrolapi_resource.invoke_through_url)) == toset(["gateway"])
    error_message = "With AWS_IAM intake has no public permission."
  }
  assert {
    condition     = aws_lambda_function.function["intake"].environment[0].variables["GOALPOST_ALLOWED_ORIGINS"] == "https://app.example.com"
    error_message = "Intake reads the allowed origins."
  }
}

run "schedules" {
  assert {
    condition     = toset(keys(aws_scheduler_schedule.function)) == toset(["intake", "planner", "executor", "aggregator", "analyzer", "notifier", "rotate"])
    error_message = "All functions but the gateway have a schedule."
  }
  assert {
    condition     = aws_scheduler_schedule.function["rotate"].schedule_expression == "rate(5 minutes)" && aws_scheduler_schedule.function["executor"].schedule_expression == "rate(1 minute)"
    error_message = "The token is renewed every five minutes, and the sweep runs every minute."
  }
  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.function : endswith(schedule.target[0].arn, ":live")])
    error_message = "Schedules invoke the alias."
  }
}

run "alarms" {
  assert {
    condition = alltrue(concat(
      [for name in keys(aws_lambda_function.function) : contains(keys(aws_cloudwatch_metric_alarm.alarm), "${name}-errors") && contains(keys(aws_cloudwatch_metric_alarm.alarm), "${name}-throttles")],
      [for name in keys(aws_sqs_queue.wakes) : contains(keys(aws_cloudwatch_metric_alarm.alarm), "${name}-oldest-wake")],
      [contains(keys(aws_cloudwatch_metric_alarm.alarm), "dead-letters")],
    ))
    error_message = "Errors and throttles of each function, the oldest wake of each queue and dead letters are alarmed."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.alarm["worker-token-age"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.alarm["worker-token-age"].period * aws_cloudwatch_metric_alarm.alarm["worker-token-age"].evaluation_periods < 900
    error_message = "A token that is not renewed is alarmed before it ends, also if nothing is logged."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.alarm["worker-token-age"].metric_name == aws_cloudwatch_log_metric_filter.renewals.metric_transformation[0].name
    error_message = "The alarm reads the metric that the log fills."
  }
  assert {
    condition     = length(aws_budgets_budget.month) == 0
    error_message = "Without a budget none is created."
  }
}

run "budget" {
  variables {
    monthly_budget = { us_dollars = 50, email_addresses = ["ops@example.com"] }
  }
  assert {
    condition     = aws_budgets_budget.month[0].limit_amount == "50" && length(aws_budgets_budget.month[0].notification) == 2
    error_message = "Spending is compared with the budget, actual and forecast."
  }
}

run "rollback" {
  variables {
    versions = { executor = "5" }
  }
  assert {
    condition     = aws_lambda_alias.live["executor"].function_version == "5" && aws_lambda_alias.live["planner"].function_version == "7"
    error_message = "A version that is named serves; the others stay."
  }
  assert {
    condition     = output.versions["executor"] == "5"
    error_message = "The output names the serving version."
  }
}

run "own_key" {
  variables {
    kms_key_arn = null
  }
  assert {
    condition     = aws_kms_key.own[0].enable_key_rotation
    error_message = "A key of its own is rotated."
  }
}
