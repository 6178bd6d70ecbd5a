resource "aws_sqs_queue" "wakes" {
  for_each = local.queued

  name                    = each.value.full_name
  sqs_managed_sse_enabled = true
  # AWS recommends six times the timeout: a batch may be tried again while the function is throttled.
  visibility_timeout_seconds = 6 * each.value.timeout_seconds
  # A wake older than a few sweeps finds nothing any more.
  message_retention_seconds = max(3600, 12 * each.value.timeout_seconds)
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead[0].arn
    maxReceiveCount     = 3
  })
  tags = local.tags
}

resource "aws_sqs_queue" "dead" {
  count = local.is_queued ? 1 : 0

  name                      = "${var.name}-dead"
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600
  tags                      = local.tags
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  count = local.is_queued ? 1 : 0

  queue_url = aws_sqs_queue.dead[0].url
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = values(local.queue_arns)
  })
}

resource "aws_lambda_event_source_mapping" "wakes" {
  for_each = local.queued

  event_source_arn = aws_sqs_queue.wakes[each.key].arn
  function_name    = aws_lambda_alias.live[each.key].arn
  # The database sends as many wakes as drains are needed, so each wake is an invocation of its own.
  batch_size              = 1
  function_response_types = ["ReportBatchItemFailures"]
  scaling_config {
    maximum_concurrency = each.value.max_wakes
  }
  tags = local.tags

  depends_on = [aws_iam_role_policy.function]
}
