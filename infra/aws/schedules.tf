locals {
  # Each function sweeps and then works on its own steps, so no wake is needed for either.
  schedules = merge(
    { for name in keys(local.workers) : name => name == "analyzer" ? var.analyzer_rate : var.sweep_rate },
    # Bound to the life of the token (functions/rotate): two renewals may fail before it ends.
    { rotate = "rate(5 minutes)" },
  )
}

resource "aws_scheduler_schedule" "function" {
  for_each = local.schedules

  name                = local.functions[each.key].full_name
  description         = each.key == "rotate" ? "Renews the worker token" : "Sweeps from outside the database"
  schedule_expression = each.value

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_alias.live[each.key].arn
    role_arn = aws_iam_role.scheduler.arn

    retry_policy {
      maximum_event_age_in_seconds = 60
      maximum_retry_attempts       = each.key == "rotate" ? 2 : 0
    }
  }
}
