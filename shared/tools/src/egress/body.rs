//! Bodies of answers: detection of text, and its limit.

use reqwest::Response;
use reqwest::header::CONTENT_TYPE;

use super::charset;
use crate::ToolError;

/// A body as far as it was read.
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    content_type: String,
    /// True if there is more than was read.
    pub(crate) is_cut: bool,
}

impl Body {
    /// Decodes the bytes as the host declares them.
    pub(crate) fn text(&self) -> String {
        charset::decode(&self.content_type, &self.bytes)
    }
}

/// Returns the media type that a host declares, with its parameters; empty where it declares none.
pub(crate) fn content_type(response: &Response) -> String {
    let declared = response.headers().get(CONTENT_TYPE);
    let declared = declared.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    declared.unwrap_or_default()
}

/// Reads up to `limit` bytes and leaves the rest where it is.
pub(crate) async fn read(response: &mut Response, limit: usize) -> Result<Body, ToolError> {
    let content_type = content_type(response);
    let mut bytes = Vec::new();
    loop {
        let chunk = response.chunk().await.map_err(|error| {
            let message = format!("the connection broke: {}", error.without_url());
            ToolError::retryable("http_failed", message)
        })?;
        let Some(chunk) = chunk else {
            return Ok(Body {
                bytes,
                content_type,
                is_cut: false,
            });
        };
        let room = limit.saturating_sub(bytes.len());
        if let Some(fits) = chunk.get(..room).filter(|_| chunk.len() > room) {
            bytes.extend_from_slice(fits);
            return Ok(Body {
                bytes,
                content_type,
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

/// Returns as much of the start as fits into `room` bytes of JSON text, where a control character takes six.
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
