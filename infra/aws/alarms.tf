locals {
  # What each alarm compares. `missing` is the state without data: a renewal that did not happen leaves none.
  alarms = merge(
    { for name, function in local.functions : "${name}-errors" => {
      description = "${function.full_name} failed. Read its log: an invocation error has a code and a next action."
      namespace   = "AWS/Lambda", metric = "Errors", statistic = "Sum", period = 300, periods = 1
      comparison  = "GreaterThanOrEqualToThreshold", threshold = var.error_threshold, missing = "notBreaching"
      dimensions  = { FunctionName = function.full_name }
    } },
    { for name, function in local.functions : "${name}-throttles" => {
      description = "${function.full_name} was throttled for 15 minutes. Raise limits.${name}.reserved_concurrency, or the account's quota."
      namespace   = "AWS/Lambda", metric = "Throttles", statistic = "Sum", period = 300, periods = 3
      comparison  = "GreaterThanThreshold", threshold = 0, missing = "notBreaching"
      dimensions  = { FunctionName = function.full_name }
    } },
    { for name, function in local.queued : "${name}-oldest-wake" => {
      description = "A wake of ${name} has waited longer than ${var.wake_age_threshold_seconds} s. Raise limits.${name}.max_wakes, or read its errors."
      namespace   = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", statistic = "Maximum", period = 60, periods = 3
      comparison  = "GreaterThanThreshold", threshold = var.wake_age_threshold_seconds, missing = "notBreaching"
      dimensions  = { QueueName = function.full_name }
    } },
    { for name in local.is_queued ? ["dead-letters"] : [] : name => {
      description = "A message was given up after three deliveries. Read it in ${var.name}-dead; its work is a row, and the sweep finds it."
      namespace   = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", statistic = "Maximum", period = 300, periods = 1
      comparison  = "GreaterThanThreshold", threshold = 0, missing = "notBreaching"
      dimensions  = { QueueName = "${var.name}-dead" }
    } },
    { worker-token-age = {
      description = "The worker token was not renewed for 10 minutes and ends 5 minutes later; then no function reaches the database. Read the log of ${var.name}-rotate."
      namespace   = local.metric_namespace, metric = local.renewals, statistic = "Sum", period = 300, periods = 2
      comparison  = "LessThanThreshold", threshold = 1, missing = "breaching"
      dimensions  = {}
    } },
  )
  metric_namespace = "Goalpost/${var.name}"
  renewals         = "WorkerTokenRenewals"
}

# Counts the line that functions/rotate logs once the token is stored.
resource "aws_cloudwatch_log_metric_filter" "renewals" {
  name           = "${var.name}-worker-token-renewals"
  log_group_name = aws_cloudwatch_log_group.function["rotate"].name
  pattern        = "{ $.message = \"renewed the worker token\" }"

  metric_transformation {
    namespace = local.metric_namespace
    name      = local.renewals
    value     = "1"
  }
}

resource "aws_cloudwatch_metric_alarm" "alarm" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.periods
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
  tags                = local.tags
}

resource "aws_budgets_budget" "month" {
  count = var.monthly_budget == null ? 0 : 1

  name         = var.name
  budget_type  = "COST"
  limit_amount = tostring(var.monthly_budget.us_dollars)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  cost_filter {
    name   = "TagKeyValue"
    values = ["user:application$${var.name}"]
  }

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }
    content {
      comparison_operator        = "GREATER_THAN"
      notification_type          = notification.key
      threshold                  = notification.value
      threshold_type             = "PERCENTAGE"
      subscriber_email_addresses = var.monthly_budget.email_addresses
    }
  }
  tags = local.tags
}
