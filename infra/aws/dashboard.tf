locals {
  function_metrics = { Invocations = "Sum", Errors = "Sum", Throttles = "Sum", Duration = "p95", ConcurrentExecutions = "Maximum" }
  widgets = concat(
    [for metric, statistic in local.function_metrics : {
      title   = "${metric} (${statistic})"
      metrics = [for function in values(local.functions) : ["AWS/Lambda", metric, "FunctionName", function.full_name]]
      stat    = statistic
    }],
    [for metric in local.is_queued ? ["ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"] : [] : {
      title   = "Queues: ${metric}"
      metrics = [for name in concat([for function in values(local.queued) : function.full_name], ["${var.name}-dead"]) : ["AWS/SQS", metric, "QueueName", name]]
      stat    = "Maximum"
    }],
    [{
      title   = "Renewals of the worker token"
      metrics = [[local.metric_namespace, local.renewals]]
      stat    = "Sum"
    }],
  )
}

resource "aws_cloudwatch_dashboard" "overview" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [for index, widget in local.widgets : {
      type   = "metric"
      x      = 12 * (index % 2)
      y      = 6 * floor(index / 2)
      width  = 12
      height = 6
      properties = {
        title   = widget.title
        region  = local.region
        metrics = widget.metrics
        stat    = widget.stat
        period  = 300
        view    = "timeSeries"
      }
    }]
  })
}
