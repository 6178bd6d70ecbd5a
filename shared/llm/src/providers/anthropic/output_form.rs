//! The form in which a server is asked for a structured answer.

use domain::{Capabilities, OutputFormat};
use serde_json::Value;

use crate::request::{OutputSchema, Request};

/// The form in which an answer is asked for: a schema with open objects is refused as a format.
pub(super) fn form(output: &OutputSchema, known: &Capabilities) -> OutputFormat {
    match known.output_format.unwrap_or_default() {
        OutputFormat::JsonSchema if !is_closed(&output.schema) => OutputFormat::JsonObject,
        format => format,
    }
}

/// The structured answer that a call is to give, if that is its form.
pub(super) fn by_tool<'a>(request: &'a Request, known: &Capabilities) -> Option<&'a OutputSchema> {
    let output = request.output.as_ref()?;
    (form(output, known) == OutputFormat::JsonObject).then_some(output)
}

/// Returns true if every object in the schema is closed.
fn is_closed(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => {
            let kind = fields.get("type");
            let is_object = match kind {
                Some(Value::String(kind)) => kind == "object",
                Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
                _ => false,
            };
            let is_shut = fields.get("additionalProperties") == Some(&Value::Bool(false));
            (!is_object || is_shut) && fields.values().all(is_closed)
        }
        Value::Array(items) => items.iter().all(is_closed),
        _ => true,
    }
}
