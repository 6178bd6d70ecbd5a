# Refused input: each rule of the variables, and missing packages.

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

run "url_with_a_path_is_refused" {
  command = plan
  variables {
    supabase_url = "https://abc.supabase.co/rest/v1"
  }
  expect_failures = [var.supabase_url]
}

run "url_without_tls_is_refused" {
  command = plan
  variables {
    supabase_url = "http://abc.supabase.co"
  }
  expect_failures = [var.supabase_url]
}

run "secret_key_is_refused" {
  command = plan
  variables {
    supabase_publishable_key = "sb_secret_test"
  }
  expect_failures = [var.supabase_publishable_key]
}

run "layer_of_another_architecture_is_refused" {
  command = plan
  variables {
    architecture = "x86_64"
  }
  expect_failures = [var.secrets_extension_layer_arn]
}

run "other_layer_is_refused" {
  command = plan
  variables {
    secrets_extension_layer_arn = "arn:aws:lambda:eu-central-1:123456789012:layer:Other-Arm64:1"
  }
  expect_failures = [var.secrets_extension_layer_arn]
}

run "prefix_without_slash_is_refused" {
  command = plan
  variables {
    secrets_prefix = "goalpost"
  }
  expect_failures = [var.secrets_prefix]
}

run "reserved_prefix_is_refused" {
  command = plan
  variables {
    secrets_prefix = "/aws/goalpost"
  }
  expect_failures = [var.secrets_prefix]
}

run "unknown_transport_is_refused" {
  command = plan
  variables {
    transport = "carrier-pigeon"
  }
  expect_failures = [var.transport]
}

run "limits_of_unknown_function_are_refused" {
  command = plan
  variables {
    limits = { worker = { batch = 1 } }
  }
  expect_failures = [var.limits]
}

run "timeout_beyond_lambda_is_refused" {
  command = plan
  variables {
    limits = { executor = { timeout_seconds = 901 } }
  }
  expect_failures = [var.limits]
}

run "too_few_wakes_are_refused" {
  command = plan
  variables {
    limits = { executor = { max_wakes = 1 } }
  }
  expect_failures = [var.limits]
}

run "wakes_that_fill_the_concurrency_are_refused" {
  command = plan
  variables {
    limits = { executor = { max_wakes = 16 } }
  }
  expect_failures = [aws_lambda_function.function]
}

run "version_that_is_no_number_is_refused" {
  command = plan
  variables {
    versions = { executor = "$LATEST" }
  }
  expect_failures = [var.versions]
}

run "variable_of_the_module_is_refused" {
  command = plan
  variables {
    environment = { SUPABASE_URL = "https://other.supabase.co" }
  }
  expect_failures = [var.environment]
}

run "secret_in_the_environment_is_refused" {
  command = plan
  variables {
    environment = { OPENAI_API_KEY = "sk-test" }
  }
  expect_failures = [var.environment]
}

run "level_that_hides_renewals_is_refused" {
  command = plan
  variables {
    log_level = "WARN"
  }
  expect_failures = [var.log_level]
}

run "missing_packages_are_refused" {
  command = plan
  variables {
    package_folder = "./no/such/folder"
  }
  expect_failures = [aws_lambda_function.function]
}

