//! Checks the arguments of a call against the tool's schema.

use serde_json::{Map, Value};

use super::found::Found;
use crate::json_schema::{JsonSchema, checkable};
use crate::nearest::suggestion;
use crate::plan::ProblemCode;
use crate::tool::Tool;

/// Checks the arguments; a tool without a schema takes any.
pub(super) fn check(tool: &Tool, arguments: &Value) -> Vec<Found> {
    if tool.parameters.is_null() {
        return Vec::new();
    }
    // The server checks the parts of its own schema that cannot be read here.
    let parameters = checkable(&tool.parameters);
    let Ok(schema) = JsonSchema::parse(&parameters) else {
        return Vec::new();
    };
    let Err(problem) = schema.check_with_holes(arguments) else {
        return Vec::new();
    };
    let properties = tool.parameters.get("properties").and_then(Value::as_object);
    let hints = properties
        .map(|properties| misspelt(properties, arguments))
        .unwrap_or_default();
    let message = format!(
        "the arguments of `{}` do not fit: {problem}{hints}",
        tool.name
    );
    vec![(ProblemCode::BadArguments, message)]
}

/// Returns the likely names of arguments that the tool does not have.
fn misspelt(properties: &Map<String, Value>, arguments: &Value) -> String {
    let given = arguments.as_object().into_iter().flat_map(Map::keys);
    let unknown = given.filter(|name| !properties.contains_key(*name));
    let hints = unknown.map(|name| suggestion(name, properties.keys().map(String::as_str)));
    let names: Vec<&str> = properties.keys().map(String::as_str).collect();
    format!(
        "{}; its arguments are {}",
        hints.collect::<String>(),
        names.join(", ")
    )
}
