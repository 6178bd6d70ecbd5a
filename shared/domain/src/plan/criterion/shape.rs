//! The shape of a check that is an object (rule `bad_check`). The same schemas are in SQL
//! (`goalpost_private.criterion_check_schema`); a property test compares the two.

use serde_json::{Map, Value, json};

use crate::json_schema::JsonSchema;

/// The kinds of checks, in the order of messages.
const KINDS: [&str; 5] = ["sql", "matches", "schema", "number", "person"];

/// Returns the kind of a check and its fields, without those that are `null`, and with the short form written out.
///
/// # Errors
/// The first problem.
pub(super) fn read(
    check: &Map<String, Value>,
) -> Result<(&'static str, Map<String, Value>), String> {
    let mut given = check.iter().filter(|(_, value)| !value.is_null());
    let (Some((name, value)), None) = (given.next(), given.next()) else {
        return Err(format!("check needs exactly one of {}", KINDS.join(", ")));
    };
    let Some(kind) = KINDS.into_iter().find(|kind| *kind == name.as_str()) else {
        return Err(format!(
            "check.{name} is no kind of check; there are {}",
            KINDS.join(", ")
        ));
    };
    let fields = match (kind, value) {
        ("sql", Value::String(query)) => json!({"query": query}),
        ("person", Value::String(question)) => json!({"question": question}),
        (_, value) => value.clone(),
    };
    let fields = match fields {
        Value::Object(fields) => {
            let present = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(present.collect())
        }
        other => other,
    };
    let schema = schema_of(kind);
    let problem = |problem: String| format!("check.{kind}: {problem}");
    JsonSchema::parse(&schema)
        .and_then(|schema| schema.check(&fields))
        .map_err(problem)?;
    let Value::Object(fields) = fields else {
        return Err(problem("it must be an object".into()));
    };
    if kind == "number" {
        check_bounds(&fields).map_err(problem)?;
    }
    Ok((kind, fields))
}

/// Checks that a number is compared with one value or with bounds.
fn check_bounds(fields: &Map<String, Value>) -> Result<(), String> {
    let has = |name: &str| fields.contains_key(name);
    let has_bound = has("at_least") || has("at_most");
    if has("equals") == has_bound {
        return Err("it needs either equals, or at_least, at_most or both".into());
    }
    if has("tolerance") && !has("equals") {
        return Err("tolerance goes with equals".into());
    }
    Ok(())
}

/// Returns the schema of the fields of a kind.
fn schema_of(kind: &str) -> Value {
    let (required, properties) = match kind {
        "sql" => (
            json!(["query"]),
            json!({"query": {"type": "string", "minLength": 1, "maxLength": 20000},
                   "expect": {"type": ["string", "number", "boolean", "object"]}}),
        ),
        "matches" => (
            json!(["value", "pattern"]),
            json!({"value": {}, "pattern": {"type": "string", "minLength": 1, "maxLength": 1000}}),
        ),
        "schema" => (
            json!(["value", "schema"]),
            json!({"value": {}, "schema": {"type": "object"}}),
        ),
        "number" => (
            json!(["value"]),
            json!({"value": {"type": ["string", "number"]},
                   "equals": {"type": "number"}, "tolerance": {"type": "number", "minimum": 0},
                   "at_least": {"type": "number"}, "at_most": {"type": "number"}}),
        ),
        _ => (
            json!(["question"]),
            json!({"question": {"type": "string", "minLength": 1, "maxLength": 2000},
                   "required_role": {"enum": ["member", "approver", "admin", "owner"]}}),
        ),
    };
    json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
}
