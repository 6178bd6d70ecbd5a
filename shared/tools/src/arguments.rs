//! Checks the arguments of a call against its tool's schema.

use domain::JsonSchema;
use serde_json::Value;

use crate::ToolError;

/// Checks arguments, which are an object.
///
/// # Errors
/// `invalid_arguments` with each problem, or `schema_unusable` with the reason.
pub(crate) fn check(tool: &str, schema: &Value, arguments: &Value) -> Result<(), ToolError> {
    let refusal = |problem: &str| {
        let message = format!("the arguments of {tool} do not fit: {problem}");
        ToolError::terminal("invalid_arguments", message)
    };
    if !arguments.is_object() {
        return Err(refusal("the arguments must be an object"));
    }
    let schema = JsonSchema::parse(schema).map_err(|problem| {
        let message = format!(
            "the schema of {tool} cannot be used: {problem}; call another tool, or have this one described with a simpler schema"
        );
        ToolError::terminal("schema_unusable", message)
    })?;
    schema.check(arguments).map_err(|problem| refusal(&problem))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_violating_schema_are_refused() {
        let schema = json!({"properties": {"n": {"type": "integer"}}});
        assert_eq!(check("t", &schema, &json!({"n": 1})), Ok(()));
        for (arguments, problem) in [
            (json!({"n": "x"}), "\"n\" must be of type integer"),
            (json!([]), "the arguments must be an object"),
        ] {
            let error = check("t", &schema, &arguments).unwrap_err();
            assert_eq!(
                (error.code.as_ref(), error.retryable),
                ("invalid_arguments", false)
            );
            assert_eq!(
                error.message,
                format!("the arguments of t do not fit: {problem}")
            );
        }
    }

    #[test]
    fn unusable_schema_refuses_every_call() {
        for schema in [json!({"$ref": "https://example.com/s.json"}), json!(true)] {
            let error = check("t", &schema, &json!({})).unwrap_err();
            assert_eq!(
                (error.code.as_ref(), error.retryable),
                ("schema_unusable", false)
            );
            assert!(
                error.message.contains("call another tool"),
                "{}",
                error.message
            );
        }
    }
}
