//! Tools as plans need them: a line each, `name(argument: type /* what it is */, …): what the tool does`. Agents get
//! tools from their provider as JSON Schema; a planner writes calls and never makes them.

use std::fmt::Write as _;

use domain::Tool;
use serde_json::{Map, Value, json};

/// Fields of a tool that decide how it is called and not what a call states, and those that the line begins with.
const NOT_SHOWN: [&str; 11] = [
    "name",
    "description",
    "parameters",
    "writes",
    "version",
    "idempotent",
    "timeout_seconds",
    "approval",
    "returns_untrusted",
    "control",
    "max_calls_per_step",
];

/// Keywords that a line shows, or that hardly any call comes near. A schema with others is shown as it is.
const KNOWN: [&str; 17] = [
    "type",
    "description",
    "title",
    "default",
    "enum",
    "items",
    "properties",
    "required",
    "additionalProperties",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "$schema",
];

/// Renders the tools, one line each.
pub(crate) fn of(tools: &[Tool]) -> String {
    let lines: Vec<String> = tools.iter().map(line).collect();
    lines.join("\n")
}

fn line(tool: &Tool) -> String {
    let arguments = match &tool.parameters {
        Value::Object(schema) if is_plain(schema) => fields_of(schema),
        Value::Null => String::new(),
        schema => format!("JSON Schema {schema}"),
    };
    let writes = if tool.writes { " [writes]" } else { "" };
    let mut line = format!(
        "{}({arguments}){writes}: {}",
        tool.name,
        one_line(&tool.description)
    );
    // What is known of a tool beyond that, such as the form of its result.
    if let Value::Object(fields) = json!(tool) {
        let is_shown = |name: &str, value: &Value| {
            !NOT_SHOWN.contains(&name) && !matches!(value, Value::Null) && *value != json!({})
        };
        for (name, value) in fields.iter().filter(|(name, value)| is_shown(name, value)) {
            let _ = write!(line, " {name}: {value}");
        }
    }
    line
}

fn is_plain(schema: &Map<String, Value>) -> bool {
    schema
        .keys()
        .all(|keyword| KNOWN.contains(&keyword.as_str()))
}

/// The fields of an object, those that may be left out with a question mark.
fn fields_of(schema: &Map<String, Value>) -> String {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = schema.get("properties").and_then(Value::as_object);
    let field = |(name, schema): (&String, &Value)| {
        let mark = if required.contains(&name.as_str()) {
            ""
        } else {
            "?"
        };
        format!("{name}{mark}: {}", type_of(schema))
    };
    let mut fields: Vec<(bool, String)> = properties
        .into_iter()
        .flatten()
        .map(|entry| (!required.contains(&entry.0.as_str()), field(entry)))
        .collect();
    fields.sort_by_key(|(is_optional, _)| *is_optional);
    let fields: Vec<String> = fields.into_iter().map(|(_, field)| field).collect();
    fields.join(", ")
}

/// A type with its range, default and description; the schema itself where a line cannot say it.
fn type_of(schema: &Value) -> String {
    let Value::Object(fields) = schema else {
        return schema.to_string();
    };
    if !is_plain(fields) {
        return schema.to_string();
    }
    let mut text = bare_type(fields);
    match (fields.get("minimum"), fields.get("maximum")) {
        (Some(least), Some(most)) => {
            let _ = write!(text, " {least} to {most}");
        }
        (Some(least), None) => {
            let _ = write!(text, " from {least}");
        }
        (None, Some(most)) => {
            let _ = write!(text, " to {most}");
        }
        (None, None) => {}
    }
    if let Some(default) = fields.get("default") {
        let _ = write!(text, " = {default}");
    }
    if let Some(Value::String(description)) = fields.get("description") {
        let _ = write!(text, " /* {} */", one_line(description));
    }
    text
}

fn bare_type(fields: &Map<String, Value>) -> String {
    if let Some(Value::Array(values)) = fields.get("enum") {
        let values: Vec<String> = values.iter().map(Value::to_string).collect();
        return values.join("|");
    }
    match fields.get("type") {
        Some(Value::String(name)) if name == "array" => match fields.get("items") {
            Some(items) => {
                let items = type_of(items);
                let is_short = items.bytes().all(|byte| byte.is_ascii_lowercase());
                match is_short {
                    true => format!("{items}[]"),
                    false => format!("[{items}]"),
                }
            }
            None => "array".to_owned(),
        },
        Some(Value::String(name)) if name == "object" => match fields.get("properties") {
            Some(_) => format!("{{{}}}", fields_of(fields)),
            None => match fields.get("additionalProperties") {
                Some(values @ Value::Object(_)) => format!("{{any: {}}}", type_of(values)),
                _ => "object".to_owned(),
            },
        },
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => {
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            names.join("|")
        }
        _ => "any".to_owned(),
    }
}

/// A description cannot end the comment around it, nor the line.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace("*/", "* /")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rendered(tool: &Value) -> String {
        of(&[serde_json::from_value(tool.clone()).unwrap()])
    }

    #[test]
    fn tool_is_a_line_with_its_arguments() {
        let tool = json!({
            "name": "table_write", "description": "Inserts\nrows.", "writes": true, "version": 3, "timeout_seconds": 9,
            "parameters": {"type": "object", "required": ["table", "rows"], "additionalProperties": false, "properties": {
                "mode": {"enum": ["insert", "upsert"], "default": "insert"},
                "rows": {"type": "array", "items": {"type": "object"}, "maxItems": 500},
                "limit": {"type": "integer", "minimum": 1, "maximum": 9, "description": "At */ most."},
                "options": {"type": "object", "required": ["a"], "properties": {"a": {"type": ["string", "null"]}, "b": {}}},
                "headers": {"type": "object", "additionalProperties": {"type": "string"}},
                "table": {"type": "string", "maxLength": 9}}},
        });
        assert_eq!(
            rendered(&tool),
            "table_write(rows: object[], table: string, headers?: {any: string}, limit?: integer 1 to 9 /* At * / most. */, \
             mode?: \"insert\"|\"upsert\" = \"insert\", options?: {a: string|null, b?: any}) [writes]: Inserts rows."
        );
        assert_eq!(rendered(&json!({"name": "now"})), "now(): ");
    }

    #[test]
    fn schema_beyond_a_line_is_shown_as_it_is() {
        let part = json!({"name": "x", "parameters": {"properties": {"a": {"anyOf": [{"type": "string"}]}}}});
        assert_eq!(
            rendered(&part),
            "x(a?: {\"anyOf\":[{\"type\":\"string\"}]}): "
        );
        let whole = json!({"name": "y", "parameters": {"oneOf": [{"required": ["a"]}]}});
        assert_eq!(
            rendered(&whole),
            "y(JSON Schema {\"oneOf\":[{\"required\":[\"a\"]}]}): "
        );
    }
}
