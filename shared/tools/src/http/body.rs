//! Bodies of answers: what is text, and how much of it is kept.

use reqwest::Response;

use crate::ToolError;

/// A body as far as it was read.
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    /// Whether there is more than was read.
    pub(crate) is_cut: bool,
}

/// Reads up to `limit` bytes and leaves the rest where it is.
pub(crate) async fn read(response: &mut Response, limit: usize) -> Result<Body, ToolError> {
    let mut bytes = Vec::new();
    loop {
        let chunk = response.chunk().await.map_err(|error| {
            let message = format!("the connection broke: {}", error.without_url());
            ToolError::retryable("http_failed", message)
        })?;
        let Some(chunk) = chunk else {
            return Ok(Body {
                bytes,
                is_cut: false,
            });
        };
        let room = limit.saturating_sub(bytes.len());
        if let Some(fits) = chunk.get(..room).filter(|_| chunk.len() > room) {
            bytes.extend_from_slice(fits);
            return Ok(Body {
                bytes,
                is_cut: true,
            });
        }
        bytes.extend_from_slice(&chunk);
    }
}

pub(crate) fn is_text(content_type: &str) -> bool {
    let kind = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    kind.is_empty()
        || kind.starts_with("text/")
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
        || matches!(
            kind.as_str(),
            "application/json"
                | "application/xml"
                | "application/javascript"
                | "application/x-ndjson"
                | "application/yaml"
        )
}

/// As much of the start as fits into `room` bytes of JSON text, where a control character takes six.
pub(crate) fn shortened(body: &str, mut room: usize) -> &str {
    for (position, letter) in body.char_indices() {
        let cost = match letter {
            '"' | '\\' | '\n' | '\r' | '\t' => 2,
            letter if letter.is_control() => 6,
            letter => letter.len_utf8(),
        };
        let Some(rest) = room.checked_sub(cost) else {
            return body.get(..position).unwrap_or_default();
        };
        room = rest;
    }
    body
}
