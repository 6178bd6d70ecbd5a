# Permissions: each function's role is compared as a whole, so that an additional permission fails here.

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

run "roles_hold_exactly_these_permissions" {
  assert {
    condition = { for name, policy in aws_iam_role_policy.function : name => sort(flatten([for statement in jsondecode(policy.policy).Statement : statement.Action])) } == {
      for name in keys(aws_lambda_function.function) : name => sort(concat(
        ["kms:Decrypt", "logs:CreateLogStream", "logs:PutLogEvents", "ssm:GetParameter", "xray:PutTelemetryRecords", "xray:PutTraceSegments"],
        contains(["gateway", "rotate"], name) ? [] : ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
        name == "gateway" ? ["sqs:SendMessage"] : [],
        name == "rotate" ? ["kms:Encrypt", "ssm:PutParameter"] : [],
      ))
    }
    error_message = "A function has another set of actions."
  }
  assert {
    condition = alltrue(flatten([for policy in aws_iam_role_policy.function : [for statement in jsondecode(policy.policy).Statement : [
      for action in statement.Action : !strcontains(action, "*")
    ]]]))
    error_message = "No action has a wildcard."
  }
  assert {
    condition = alltrue(flatten([for name, policy in aws_iam_role_policy.function : [for statement in jsondecode(policy.policy).Statement : [
      for resource in statement.Resource : !strcontains(resource, "*")
      || statement.Sid == "SendTraces"
      || resource == "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/goalpost-${name}:log-stream:*"
    ]]]))
    error_message = "Only traces and the streams of the own log group have a wildcard."
  }
  assert {
    condition     = alltrue([for policy in aws_iam_role_policy.function : alltrue([for statement in jsondecode(policy.policy).Statement : statement.Effect == "Allow"])])
    error_message = "Statements allow."
  }
}

run "secrets_are_read_by_those_who_need_them" {
  assert {
    condition = jsonencode({ for name, policy in aws_iam_role_policy.function : name => sort([
      for arn in flatten([for statement in jsondecode(policy.policy).Statement : statement.Resource if statement.Sid == "ReadOwnSecrets"]) :
      trimprefix(arn, "arn:aws:ssm:eu-central-1:123456789012:parameter/goalpost/production/")
      ]) }) == jsonencode({
      intake     = ["anthropic_api_key", "openai_api_key", "wake_secret", "webhook_secret", "worker_token"]
      planner    = ["anthropic_api_key", "openai_api_key", "wake_secret", "webhook_secret", "worker_token"]
      executor   = ["anthropic_api_key", "email_api_key", "openai_api_key", "wake_secret", "webhook_secret", "worker_token"]
      aggregator = ["anthropic_api_key", "openai_api_key", "wake_secret", "webhook_secret", "worker_token"]
      analyzer   = ["wake_secret", "webhook_secret", "worker_token"]
      notifier   = ["email_api_key", "wake_secret", "webhook_secret", "worker_token"]
      gateway    = ["wake_secret"]
      rotate     = ["signing_key"]
    })
    error_message = "A function reads other secrets."
  }
  assert {
    condition = alltrue([for name, policy in aws_iam_role_policy.function : alltrue([
      for statement in jsondecode(policy.policy).Statement :
      statement.Condition.StringEquals["kms:EncryptionContext:PARAMETER_ARN"] == flatten([for read in jsondecode(policy.policy).Statement : read.Resource if read.Sid == "ReadOwnSecrets"])
      && statement.Resource == [var.kms_key_arn]
      if statement.Sid == "DecryptOwnSecrets"
    ])])
    error_message = "The key decrypts the function's own secrets only."
  }
  assert {
    condition     = [for name, policy in aws_iam_role_policy.function : name if strcontains(policy.policy, "signing_key")] == ["rotate"]
    error_message = "The signing key is rotate's alone."
  }
  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.function["rotate"].policy).Statement : statement.Resource if contains(statement.Action, "ssm:PutParameter")] == [
      ["arn:aws:ssm:eu-central-1:123456789012:parameter/goalpost/production/worker_token"]
    ]
    error_message = "Rotate writes the worker token only."
  }
  assert {
    condition     = output.secrets["/goalpost/production/signing_key"] == ["rotate"] && length(output.secrets) == 7
    error_message = "The output names each secret and its readers."
  }
}

run "queues_are_used_by_those_who_need_them" {
  assert {
    condition = alltrue([for name, policy in aws_iam_role_policy.function : alltrue([
      for statement in jsondecode(policy.policy).Statement : statement.Resource == ["arn:aws:sqs:eu-central-1:123456789012:goalpost-${name}"]
      if statement.Sid == "ReceiveOwnWakes"
    ])])
    error_message = "A function receives from its own queue only."
  }
  assert {
    condition = flatten([for statement in jsondecode(aws_iam_role_policy.function["gateway"].policy).Statement : statement.Resource if statement.Sid == "SendWakes"]) == [
      for name in ["aggregator", "analyzer", "executor", "intake", "notifier", "planner"] : "arn:aws:sqs:eu-central-1:123456789012:goalpost-${name}"
    ]
    error_message = "The gateway sends to the queues of the functions only."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue_redrive_allow_policy.dead[0].redrive_allow_policy).redrivePermission == "byQueue" && length(jsondecode(aws_sqs_queue_redrive_allow_policy.dead[0].redrive_allow_policy).sourceQueueArns) == 6
    error_message = "Only these queues give messages to the dead-letter queue."
  }
}

run "roles_are_assumed_by_their_service" {
  assert {
    condition = alltrue([for role in values(aws_iam_role.function) :
      jsondecode(role.assume_role_policy).Statement == [{
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { Service = "lambda.amazonaws.com" }
        Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
      }]
    ])
    error_message = "Lambda of this account alone assumes a function's role."
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.scheduler.policy).Statement == [{
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = [for name in ["aggregator", "analyzer", "executor", "intake", "notifier", "planner", "rotate"] : "arn:aws:lambda:eu-central-1:123456789012:function:goalpost-${name}:live"]
    }]
    error_message = "Schedules invoke the aliases of functions that have one."
  }
}

run "without_tracing_no_resource_is_a_wildcard" {
  variables {
    tracing = false
  }
  assert {
    condition     = !anytrue([for policy in aws_iam_role_policy.function : strcontains(policy.policy, "\"*\"")])
    error_message = "Without tracing no permission is for all resources."
  }
}
