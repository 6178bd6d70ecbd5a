# One role for each function. Two permissions cannot name a single resource: log streams have names that Lambda makes
# up, so they are those of the function's own log group; X-Ray has no resources at all.
locals {
  policies = {
    for name, function in local.functions : name => concat(
      [
        {
          Sid      = "WriteOwnLogs"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${local.log_groups[name]}:log-stream:*"]
        },
        {
          Sid      = "ReadOwnSecrets"
          Effect   = "Allow"
          Action   = ["ssm:GetParameter"]
          Resource = function.secrets
        },
        {
          Sid       = "DecryptOwnSecrets"
          Effect    = "Allow"
          Action    = ["kms:Decrypt"]
          Resource  = [local.kms_key_arn]
          Condition = { StringEquals = { "kms:EncryptionContext:PARAMETER_ARN" = function.secrets } }
        },
      ],
      [for permitted in [var.tracing] : {
        Sid      = "SendTraces"
        Effect   = "Allow"
        Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        Resource = ["*"]
      } if permitted],
      [for queue in [for queued, arn in local.queue_arns : arn if queued == name] : {
        Sid      = "ReceiveOwnWakes"
        Effect   = "Allow"
        Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        Resource = [queue]
      }],
      [for gateway in [name == "gateway"] : {
        Sid      = "SendWakes"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = values(local.queue_arns)
      } if gateway],
      [for statement in [
        {
          Sid      = "RenewWorkerToken"
          Effect   = "Allow"
          Action   = ["ssm:PutParameter"]
          Resource = ["${local.parameter_arn}/worker_token"]
        },
        {
          Sid       = "EncryptWorkerToken"
          Effect    = "Allow"
          Action    = ["kms:Encrypt"]
          Resource  = [local.kms_key_arn]
          Condition = { StringEquals = { "kms:EncryptionContext:PARAMETER_ARN" = ["${local.parameter_arn}/worker_token"] } }
        },
      ] : statement if name == "rotate"],
    )
  }
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name        = each.value.full_name
  description = "Rights of the function ${each.value.full_name}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name   = "own"
  role   = aws_iam_role.function[each.key].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.policies[each.key] })
}

resource "aws_iam_role" "scheduler" {
  name        = "${var.name}-scheduler"
  description = "Invokes the functions that have a schedule"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy" "scheduler" {
  name = "invoke"
  role = aws_iam_role.scheduler.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = [for name in keys(local.schedules) : local.alias_arns[name]]
    }]
  })
}
