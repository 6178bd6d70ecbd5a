//! The `period_report` tool: what a workspace did in its last days, as far as the asker may see it.
//!
//! Only its arguments are defined here. The database reads the report as the asker (`read_period`).

use domain::Tool;
use serde_json::{Value, json};

use crate::result::result_fields;
use crate::{CallContext, ToolError};

pub(crate) const NAME: &str = "period_report";

/// The period if none is given, in days.
const DEFAULT_DAYS: i32 = 7;

pub(crate) fn describe() -> Tool {
    Tool {
        name: NAME.into(),
        description: "Reports on the last days of the workspace: requests and goals by state, what they cost, decisions, ratings, improvements.".into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "days": {"type": "integer", "description": "Days up to now.", "minimum": 1, "maximum": 366, "default": DEFAULT_DAYS}
            },
            "required": [],
            "additionalProperties": false
        }),
        result: result_fields(&[
            ("workspace", "its name"),
            ("since", "beginning of the period"),
            ("until", "its end"),
            ("work", "requests and goals by state, kinds of goals, estimates beside costs, failures by reason"),
            ("usage", "calls, tokens, cost in micro-dollars and seconds: all, and by day, agent, model, runbook and person"),
            ("decisions", "approvals, ratings and improvements"),
            ("dearest", "the five goals with the highest cost"),
        ]),
        idempotent: true,
        timeout_seconds: 30,
        // Titles of goals and reasons of failures are texts of other people and of tools.
        returns_untrusted: true,
        max_calls_per_step: 5,
        ..Tool::default()
    }
}

pub(crate) async fn call(arguments: &Value, context: &CallContext) -> Result<Value, ToolError> {
    let Some(database) = &context.database else {
        let message = "this step cannot read the workspace; use period_report in a step of a run";
        return Err(ToolError::terminal("report_unavailable", message));
    };
    let days = arguments.get("days").and_then(Value::as_i64);
    let days = days.and_then(|days| i32::try_from(days).ok());
    database.period_report(days.unwrap_or(DEFAULT_DAYS)).await
}
