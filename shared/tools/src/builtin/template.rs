//! The `template` tool: fills in a Markdown or text template with data.
//!
//! [`domain::expression::render_report`] renders, within its bounds. A template may name the fields of `data` and, in a
//! step, those of the step's context (`steps`, `goal`, …).

use domain::{Tool, expression};
use serde_json::{Value, json};

use crate::ToolError;
use crate::result::result_fields;

pub(crate) const NAME: &str = "template";

pub(crate) fn describe() -> Tool {
    Tool {
        name: NAME.into(),
        description:
            "Fills in a minijinja template with data and gives the text, for reports and messages."
                .into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "template": {"type": "string", "description": "Markdown or text with {{ holes }} for the data."},
                "data": {"type": "object", "description": "What the template may name."}
            },
            "required": ["template"],
            "additionalProperties": false
        }),
        result: result_fields(&[("text", "the filled-in text")]),
        version: 1,
        idempotent: true,
        writes: false,
        timeout_seconds: 5,
        max_calls_per_step: 100,
        ..Tool::default()
    }
}

/// Leaves the template as it is, fills in the data and adds the context to it.
pub(crate) fn arguments(arguments: &Value, context: &Value) -> Result<Value, expression::Error> {
    let mut data = context.as_object().cloned().unwrap_or_default();
    if let Some(given) = arguments.get("data") {
        let given = expression::render(given, context)?;
        match given {
            Value::Object(fields) => data.extend(fields),
            Value::Null => {}
            _ => return Err(expression::Error::Value("data must be an object".into())),
        }
    }
    Ok(json!({"template": arguments.get("template"), "data": data}))
}

/// Renders a template: `{"text": …}`.
pub(crate) fn call(arguments: &Value) -> Result<Value, ToolError> {
    let template = arguments
        .get("template")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let nothing = json!({});
    let data = arguments.get("data").unwrap_or(&nothing);
    let text = expression::render_report(template, data)
        .map_err(|error| ToolError::terminal("template_failed", error.to_string()))?;
    Ok(json!({"text": text}))
}
