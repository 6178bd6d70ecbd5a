//! What a server's answers mean. All of it is untrusted: it is read, cut to size, and never followed.

use domain::JsonSchema;
use serde_json::{Value, json};

use super::line::Line;
use crate::ToolError;
use crate::http::body::shortened;

/// Bytes of a server's own words in an error, as JSON text.
const MAX_WORDS: usize = 1_000;

/// Bytes of text, and of structured content, in a result.
const MAX_TEXT_BYTES: usize = 120 * 1024;

/// Bytes of one tool's description.
const MAX_DESCRIPTION_BYTES: usize = 8 * 1024;

/// The result of a question, or the server's own error.
pub(super) fn result(line: &Line<'_>, mut message: Value) -> Result<Value, ToolError> {
    if let Some(result) = message.get_mut("result") {
        return Ok(result.take());
    }
    let error = message.get("error").cloned().unwrap_or_default();
    let said = error.get("message").and_then(Value::as_str);
    let said = shortened(said.unwrap_or("no reason given"), MAX_WORDS);
    let message = format!("the MCP server {} refuses: {said}", line.server());
    Err(ToolError::terminal("mcp_rejected", message))
}

/// The result of a call: `{"text", "structured", "omitted", "truncated"}`; what a tool calls an error is one.
pub(super) fn of_call(line: &Line<'_>, tool: &str, message: Value) -> Result<Value, ToolError> {
    let result = result(line, message)?;
    let blocks = result.get("content").and_then(Value::as_array);
    let mut texts: Vec<String> = Vec::new();
    let mut omitted: Vec<String> = Vec::new();
    for block in blocks.into_iter().flatten() {
        match text_of(block) {
            Ok(text) => texts.push(text),
            Err(kind) => omitted.push(kind),
        }
    }
    let text = texts.join("\n");
    if result.get("isError").and_then(Value::as_bool) == Some(true) {
        let message = format!(
            "{tool} of the MCP server {} failed: {}",
            line.server(),
            shortened(&text, MAX_WORDS)
        );
        return Err(ToolError::terminal("mcp_tool_failed", message));
    }
    let structured = result.get("structuredContent").cloned().unwrap_or_default();
    if structured.to_string().len() > MAX_TEXT_BYTES {
        let message = format!(
            "{tool} of the MCP server {} gives more than {MAX_TEXT_BYTES} bytes; ask for less",
            line.server()
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

/// A block of content as text, or what kind of thing it is where it has none.
fn text_of(block: &Value) -> Result<String, String> {
    let word =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let kind = word(block, "type").unwrap_or_default();
    let text = match kind.as_str() {
        "text" => word(block, "text"),
        "resource" => block
            .get("resource")
            .and_then(|resource| word(resource, "text")),
        "resource_link" => word(block, "uri"),
        _ => None,
    };
    text.ok_or_else(|| {
        let media = word(block, "mimeType").unwrap_or_default();
        shortened(format!("{kind} {media}").trim(), 100).to_owned()
    })
}

/// A listed tool as it is recorded; none for what has no name that a tool can have.
pub(super) fn tool(listed: &Value) -> Option<Value> {
    let name = listed
        .get("name")
        .and_then(Value::as_str)
        .filter(|name| is_name(name))?;
    let description = listed
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let parameters = listed.get("inputSchema").cloned().unwrap_or_default();
    let mut problem = JsonSchema::parse(&parameters)
        .err()
        .map(|problem| format!("its schema cannot be used: {problem}"));
    if description.len() > MAX_DESCRIPTION_BYTES {
        problem = Some(format!(
            "its description has more than {MAX_DESCRIPTION_BYTES} bytes"
        ));
    }
    // What cannot be used need not be kept.
    let (description, parameters) = match &problem {
        Some(_) => (shortened(description, 1_000), json!({})),
        None => (description, parameters),
    };
    Some(
        json!({"name": name, "description": description, "parameters": parameters, "problem": problem}),
    )
}

/// Letters, digits, `_`, `-` and `.`, as the protocol has it, and no more than models' providers take.
fn is_name(name: &str) -> bool {
    let known = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    (1..=64).contains(&name.len()) && name.chars().all(known)
}
