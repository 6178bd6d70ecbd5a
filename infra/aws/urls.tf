locals {
  # Wakes are signed, so the URLs that receive them are open (pg_net cannot sign with IAM).
  urls = merge(
    local.is_queued ? { gateway = "NONE" } : { for name in keys(local.workers) : name => "NONE" },
    { intake = var.intake_authorization },
  )
  open_urls = [for name, authorization in local.urls : name if authorization == "NONE"]
}

resource "aws_lambda_function_url" "public" {
  for_each = local.urls

  function_name      = aws_lambda_function.function[each.key].function_name
  qualifier          = aws_lambda_alias.live[each.key].name
  authorization_type = each.value

  lifecycle {
    precondition {
      condition     = local.is_queued || var.intake_authorization == "NONE"
      error_message = "With transport direct the database sends intake's wakes to its URL, and cannot sign with IAM: use transport queue, or intake_authorization NONE."
    }
  }
}

# An open URL needs two permissions. The second one is limited to calls through the URL, or every AWS account could
# invoke the function directly, past the signature of wakes. `aws_lambda_permission` has no such condition before
# version 6.28 of the provider, so it is made through Cloud Control.
resource "aws_lambda_permission" "url" {
  for_each = toset(local.open_urls)

  statement_id           = "PublicUrl"
  action                 = "lambda:InvokeFunctionUrl"
  function_name          = aws_lambda_function.function[each.key].function_name
  qualifier              = aws_lambda_alias.live[each.key].name
  principal              = "*"
  function_url_auth_type = "NONE"
}

resource "aws_cloudcontrolapi_resource" "invoke_through_url" {
  for_each = toset(local.open_urls)

  type_name = "AWS::Lambda::Permission"
  desired_state = jsonencode({
    Action                = "lambda:InvokeFunction"
    FunctionName          = local.alias_arns[each.key]
    Principal             = "*"
    InvokedViaFunctionUrl = true
  })

  depends_on = [aws_lambda_alias.live]
}
