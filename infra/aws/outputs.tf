output "intake_url" {
  description = "URL at which people and applications call intake."
  value       = aws_lambda_function_url.public["intake"].function_url
}

output "endpoints" {
  description = "Where the database wakes each function: URL, steps per drain, and wakes at once. Set each with `goalpost_private.set_endpoint`."
  value = { for name, function in local.functions : name => {
    url        = aws_lambda_function_url.public[local.is_queued ? "gateway" : name].function_url
    batch_size = function.batch
    max_wakes  = function.max_wakes
  } if function.is_worker }
}

output "set_endpoints_sql" {
  description = "SQL for the database's owner that sets all endpoints."
  value = join("\n", [for name, function in local.functions :
    "select goalpost_private.set_endpoint('${name}', '${aws_lambda_function_url.public[local.is_queued ? "gateway" : name].function_url}', ${function.batch}, ${function.max_wakes});"
    if function.is_worker
  ])
}

output "secrets" {
  description = "Parameters to store as SecureString, and who reads each. `worker_token` is written by rotate."
  value = { for secret in distinct(flatten([for function in values(local.functions) : function.secrets])) :
    "${var.secrets_prefix}/${basename(secret)}" => [for name, function in local.functions : name if contains(function.secrets, secret)]
  }
}

output "kms_key_arn" {
  description = "Key with which the secrets must be stored."
  value       = local.kms_key_arn
}

output "function_names" {
  description = "Deployed name of each function."
  value       = { for name, function in local.functions : name => function.full_name }
}

output "versions" {
  description = "Version that serves, by function: what to give as `versions` to return to it."
  value       = { for name, alias in aws_lambda_alias.live : name => alias.function_version }
}

output "dead_letter_queue_url" {
  description = "Queue of messages that were given up; null with transport direct."
  value       = one(aws_sqs_queue.dead[*].url)
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = aws_cloudwatch_dashboard.overview.dashboard_name
}
