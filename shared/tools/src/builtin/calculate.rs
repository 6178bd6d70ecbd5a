//! The `calculate` tool: arithmetic as people write it, in decimals and not in binary floats.
//!
//! `0.1 + 0.2` is `0.3`. Numbers have up to 28 digits; results are rounded to 12 decimal places. Less obvious rules:
//! - `17% of 2,340` is 397.8; `%` after a number is a hundredth, between two operands the remainder.
//! - `200 + 10%` is 220 and `200 - 10%` is 180, as on a pocket calculator.
//! - `-2^2` is -4, and `2^3^2` is 2^(3^2). Exponents are whole numbers.
//! - A comma between groups of three digits is a thousands separator, but inside the parentheses of a function commas
//!   separate arguments: `max(1,234)` is the larger of 1 and 234.
//! - Functions: `sum`, `avg` (`average`, `mean`), `min`, `max`, `abs`, `round(x)`, `round(x, places)`, `sqrt`.

mod error;
mod evaluate;
mod tokens;

use domain::Tool;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::ToolError;
use crate::result::result_fields;

use evaluate::{MAX_EXPRESSION_BYTES, evaluate};

pub(crate) const NAME: &str = "calculate";

/// Decimal places of a result.
const PLACES: u32 = 12;

pub(crate) fn describe() -> Tool {
    Tool {
        name: NAME.into(),
        description: "Computes an arithmetic expression exactly: + - * / % ^, parentheses, percentages (\"17% of 2,340\"), sum, avg, min, max, abs, round, sqrt.".into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "expression": {"type": "string", "description": "Such as 12 * (3 + 4) or avg(3, 5, 9).", "maxLength": MAX_EXPRESSION_BYTES}
            },
            "required": ["expression"],
            "additionalProperties": false
        }),
        result: result_fields(&[
            ("expression", "the expression"),
            ("text", "the value with all its digits"),
            ("value", "the value as a number"),
        ]),
        version: 1,
        idempotent: true,
        writes: false,
        timeout_seconds: 5,
        max_calls_per_step: 200,
        ..Tool::default()
    }
}

/// Evaluates an expression: `{"value": number, "expression": …, "text": "…"}`.
pub(crate) fn call(arguments: &Value) -> Result<Value, ToolError> {
    let expression = arguments
        .get("expression")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let value = evaluate(expression)
        .map_err(|error| ToolError::terminal("calculation_failed", error.to_string()))?;
    let rounded = value.round_dp(PLACES).normalize();
    Ok(json!({"value": number(rounded), "expression": expression, "text": rounded.to_string()}))
}

/// Returns the nearest JSON number; `text` has all the digits.
fn number(value: Decimal) -> Value {
    let text = value.to_string();
    let whole = text.parse::<i64>().ok().map(Value::from);
    whole
        .or_else(|| text.parse::<f64>().ok().map(Value::from))
        .unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests;
