//! Reads a server's answers. They are untrusted: they are read, cut to size, and never followed.

use serde_json::{Map, Value, json};

use super::message::error_of;
use crate::ToolError;
use crate::egress::body::shortened;

/// Bytes of a server's own message in an error, as JSON text.
const MAX_WORDS: usize = 1_000;

/// Bytes of text, and of structured content, in a result.
const MAX_TEXT_BYTES: usize = 120 * 1024;

/// The code of an answer that does not follow the protocol.
pub(super) const MALFORMED: &str = "mcp_malformed";

pub(super) fn malformed(server: &str, what: &str) -> ToolError {
    let message = format!("the MCP server {server} does not speak the protocol: {what}");
    ToolError::terminal(MALFORMED, message)
}

/// Returns the result of a request.
///
/// # Errors
/// `mcp_rejected` with the server's own reason; `mcp_malformed` without a result that is an object.
pub(super) fn result(server: &str, mut message: Value) -> Result<Map<String, Value>, ToolError> {
    if let Some(error) = error_of(&message) {
        let reason = reason_of(error);
        let reason = shortened(&reason, MAX_WORDS);
        let message = format!("the MCP server {server} refuses: {reason}");
        return Err(ToolError::terminal("mcp_rejected", message));
    }
    match message.get_mut("result").map(Value::take) {
        Some(Value::Object(result)) => Ok(result),
        _ => Err(malformed(server, "its answer has no object as its result")),
    }
}

/// Returns the reason in a server's error, whatever its form.
fn reason_of(error: &Value) -> String {
    let words = error.get("message").and_then(Value::as_str);
    let words = words.filter(|words| !words.trim().is_empty());
    match (words, error.get("data").filter(|data| has_text(data))) {
        (Some(words), Some(data)) => format!("{words}; {}", plain(data)),
        (Some(words), None) => words.to_owned(),
        (None, _) if has_text(error) => plain(error),
        (None, _) => "no reason given".to_owned(),
    }
}

fn has_text(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns the result of a call: `{"text", "structured", "omitted", "truncated"}`.
///
/// # Errors
/// `mcp_tool_failed` with the reason where the tool reports an error, as [`result`] otherwise, and `result_too_large`.
pub(super) fn of_call(server: &str, tool: &str, message: Value) -> Result<Value, ToolError> {
    let mut result = result(server, message)?;
    let is_error = result.remove("isError").is_some_and(|flag| is_set(&flag));
    result.remove("_meta");
    let content = result.remove("content").unwrap_or_default();
    let structured = match result.remove("structuredContent") {
        Some(structured) => structured,
        // Older and nonconforming servers answer under other names.
        None if content.is_null() && !result.is_empty() => Value::Object(result),
        None => Value::Null,
    };
    let blocks = match &content {
        Value::Null => &[],
        Value::Array(blocks) => blocks.as_slice(),
        block => std::slice::from_ref(block),
    };
    let mut texts: Vec<String> = Vec::new();
    let mut omitted: Vec<String> = Vec::new();
    for block in blocks {
        match text_of(block) {
            Ok(text) => texts.push(text),
            Err(kind) => omitted.push(kind),
        }
    }
    let text = texts.join("\n");
    if is_error {
        let reasons = [Value::String(text), structured, content];
        let reason = reasons.iter().find(|reason| has_text(reason)).map(plain);
        let reason = reason.unwrap_or_else(|| "no reason given".to_owned());
        let message = format!(
            "{tool} of the MCP server {server} failed: {}",
            shortened(&reason, MAX_WORDS)
        );
        return Err(ToolError::terminal("mcp_tool_failed", message));
    }
    if structured.to_string().len() > MAX_TEXT_BYTES {
        let message = format!(
            "{tool} of the MCP server {server} gives more than {MAX_TEXT_BYTES} bytes; ask for less"
        );
        return Err(ToolError::terminal("result_too_large", message));
    }
    let shown = shortened(&text, MAX_TEXT_BYTES);
    Ok(json!({
        "text": shown,
        "structured": structured,
        "omitted": omitted,
        "truncated": shown.len() < text.len(),
    }))
}

/// Returns false for values that no server means as an error.
fn is_set(flag: &Value) -> bool {
    match flag {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !matches!(text.trim(), "" | "false" | "False" | "0"),
        flag => flag.as_f64() != Some(0.0),
    }
}

/// Returns a block of content as text.
///
/// # Errors
/// The kind of a block that has none.
fn text_of(block: &Value) -> Result<String, String> {
    let word = |value: &Value, name: &str| {
        let value = value.get(name)?;
        let is_word = value.is_string() || value.is_number() || value.is_boolean();
        is_word.then(|| plain(value))
    };
    let kind = block.get("type").and_then(Value::as_str);
    let kind = kind.unwrap_or_default();
    let text = match kind {
        "resource" => {
            let resource = block.get("resource");
            resource.and_then(|resource| word(resource, "text"))
        }
        "resource_link" => word(block, "uri"),
        "text" | "" => word(block, "text").or_else(|| block.as_str().map(str::to_owned)),
        _ => None,
    };
    text.ok_or_else(|| {
        let media = word(block, "mimeType").unwrap_or_default();
        let kind = format!("{kind} {media}");
        match kind.trim() {
            "" => "unknown".to_owned(),
            kind => shortened(kind, 100).to_owned(),
        }
    })
}
