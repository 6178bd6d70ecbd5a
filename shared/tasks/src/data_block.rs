//! Untrusted data in a prompt.

use serde_json::Value;

/// A text as it is, anything else as JSON, between tags. No tag is left in it, so nothing inside can end the block.
pub(crate) fn data(name: &str, value: &Value) -> String {
    let content = match value {
        Value::String(text) => without_tags(text),
        value => value.to_string().replace('<', "\\u003c"),
    };
    format!("<data name=\"{name}\">\n{content}\n</data>")
}

/// Escapes each `<` that may open or close a tag; one before a space or a digit compares.
fn without_tags(text: &str) -> String {
    let mut pieces = text.split('<');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let compares =
            piece.starts_with([' ', '=']) || piece.starts_with(|c: char| c.is_ascii_digit());
        plain.push_str(if compares { "<" } else { "\\u003c" });
        plain.push_str(piece);
    }
    plain
}
