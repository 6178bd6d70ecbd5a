//! The result of a call: the description of its fields, and its largest size.

use serde_json::{Map, Value};

use crate::ToolError;

/// The largest result of a call, as JSON text.
pub const MAX_RESULT_BYTES: usize = 256 * 1024;

/// Describes the fields of a tool's result: name and content.
pub(crate) fn result_fields(fields: &[(&str, &str)]) -> Map<String, Value> {
    let described = fields
        .iter()
        .map(|(name, holds)| ((*name).to_owned(), Value::from(*holds)));
    described.collect()
}

/// Refuses a result that is too large.
pub(crate) fn check_size(name: &str, result: &Value) -> Result<(), ToolError> {
    let bytes = result.to_string().len();
    if bytes <= MAX_RESULT_BYTES {
        return Ok(());
    }
    let message = format!(
        "the result of {name} has {bytes} bytes, more than {MAX_RESULT_BYTES}; ask for less"
    );
    Err(ToolError::terminal("result_too_large", message))
}
