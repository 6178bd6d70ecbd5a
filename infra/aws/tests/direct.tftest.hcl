# The transport `direct`: a URL for each function, and neither gateway nor queues.

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
  transport                   = "direct"
  supabase_url                = "https://abcdefghijklmnopqrst.supabase.co"
  supabase_publishable_key    = "sb_publishable_test"
  package_folder              = "./tests/packages"
  secrets_extension_layer_arn = "arn:aws:lambda:eu-central-1:123456789012:layer:AWS-Parameters-and-Secrets-Lambda-Extension-Arm64:1"
  # A key from outside is known in a plan, so that every permission can be read there.
  kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "functions" {
  assert {
    condition     = toset(keys(aws_lambda_function.function)) == toset(["intake", "planner", "executor", "aggregator", "analyzer", "notifier", "rotate"])
    error_message = "Every function but the gateway is deployed."
  }
  assert {
    condition     = length(aws_sqs_queue.wakes) + length(aws_sqs_queue.dead) + length(aws_lambda_event_source_mapping.wakes) + length(aws_sqs_queue_redrive_allow_policy.dead) == 0
    error_message = "There are no queues."
  }
  assert {
    condition     = !anytrue([for policy in aws_iam_role_policy.function : strcontains(policy.policy, "sqs:")])
    error_message = "No function may use a queue."
  }
}

run "public_urls" {
  assert {
    condition     = toset(keys(aws_lambda_function_url.public)) == toset(["intake", "planner", "executor", "aggregator", "analyzer", "notifier"])
    error_message = "Each function that works on steps has a URL, and rotate has none."
  }
  assert {
    condition     = length(aws_lambda_permission.url) == 6 && length(aws_cloudcontrolapi_resource.invoke_through_url) == 6
    error_message = "Each URL has both permissions."
  }
  assert {
    condition     = alltrue([for permission in aws_cloudcontrolapi_resource.invoke_through_url : jsondecode(permission.desired_state).InvokedViaFunctionUrl])
    error_message = "Functions may be invoked through their URLs only."
  }
  assert {
    condition     = alltrue([for name, endpoint in output.endpoints : endpoint.max_wakes < aws_lambda_function.function[name].reserved_concurrent_executions])
    error_message = "Wakes leave concurrency for schedules."
  }
  assert {
    condition     = output.dead_letter_queue_url == null
    error_message = "There is no dead-letter queue."
  }
}

run "alarms" {
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.alarm) == 2 * 7 + 1
    error_message = "Errors, throttles and the age of the token are alarmed."
  }
}

run "iam_on_intake_is_refused" {
  command = plan
  variables {
    intake_authorization = "AWS_IAM"
  }
  expect_failures = [aws_lambda_function_url.public]
}
