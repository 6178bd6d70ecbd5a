//! Checks arguments against the part of JSON Schema that our tools use.
//!
//! Known words: `type`, `required`, `properties`, `additionalProperties: false`, `minimum`,
//! `maximum`, `maxLength`, at the top level and one level of properties. Anything else is ignored.

use serde_json::{Map, Value};

use crate::ToolError;

/// Says whether the arguments fit, naming everything that does not.
pub(crate) fn check(tool: &str, schema: &Value, arguments: &Value) -> Result<(), ToolError> {
    let Some(fields) = arguments.as_object() else {
        return Err(refusal(tool, "the arguments must be an object"));
    };
    let mut problems = Vec::new();
    for name in schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        if name.as_str().is_some_and(|name| !fields.contains_key(name)) {
            problems.push(format!("{name} is missing"));
        }
    }
    let none = Map::new();
    let properties = schema
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    for (name, value) in fields {
        match properties.get(name) {
            Some(property) => problems.extend(problem(name, property, value)),
            None if closed => problems.push(format!("\"{name}\" is not an argument")),
            None => {}
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(refusal(tool, &problems.join("; ")))
    }
}

fn refusal(tool: &str, problem: &str) -> ToolError {
    ToolError::terminal(
        "invalid_arguments",
        format!("the arguments of {tool} do not fit: {problem}"),
    )
}

fn problem(name: &str, property: &Value, value: &Value) -> Option<String> {
    let wanted = property.get("type").and_then(Value::as_str);
    if let Some(wanted) = wanted.filter(|wanted| !is_of(wanted, value)) {
        return Some(format!("\"{name}\" must be of type {wanted}"));
    }
    let number = value.as_f64();
    let bound = |word| property.get(word).and_then(Value::as_f64);
    if let (Some(number), Some(least)) = (number, bound("minimum"))
        && number < least
    {
        return Some(format!("\"{name}\" must be at least {least}"));
    }
    if let (Some(number), Some(most)) = (number, bound("maximum"))
        && number > most
    {
        return Some(format!("\"{name}\" must be at most {most}"));
    }
    let longest = property.get("maxLength").and_then(Value::as_u64)?;
    let length = value.as_str().map_or(0, str::len);
    let fits = u64::try_from(length).is_ok_and(|length| length <= longest);
    (!fits).then(|| format!("\"{name}\" must have at most {longest} bytes"))
}

fn is_of(wanted: &str, value: &Value) -> bool {
    match wanted {
        "string" => value.is_string(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]
    use super::*;
    use serde_json::json;

    #[test]
    fn every_problem_with_the_arguments_is_named_at_once() {
        let schema = json!({"type": "object", "required": ["query"], "additionalProperties": false,
            "properties": {"query": {"type": "string", "maxLength": 3}, "row_limit": {"type": "integer", "minimum": 1, "maximum": 5}}});
        let problem =
            |arguments: Value| check("t", &schema, &arguments).map_err(|error| error.message);
        assert_eq!(problem(json!({"query": "abc", "row_limit": 5})), Ok(()));
        let message = problem(json!({"row_limit": 6, "x": 1})).unwrap_err();
        for part in [
            "\"query\" is missing",
            "\"row_limit\" must be at most 5",
            "\"x\" is not an argument",
        ] {
            assert!(message.contains(part), "{message}");
        }
        for bad in [
            json!([]),
            json!({"query": 1}),
            json!({"query": "abcd"}),
            json!({"query": "a", "row_limit": 0}),
            json!({"query": "a", "row_limit": 1.5}),
            json!({"query": null}),
        ] {
            assert!(problem(bad.clone()).is_err(), "{bad}");
        }
    }
}
