//! A response to a result: text only, within the caps.

use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use serde_json::{Value, json};

use crate::ToolError;

/// Bytes that are read of a body. Compressed bodies are neither asked for nor read.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Bytes of the body in the result, as JSON text; the rest is cut off and said so.
const MAX_SHOWN_BYTES: usize = 200 * 1024;

pub(super) async fn result(mut response: Response) -> Result<Value, ToolError> {
    let status = response.status();
    if status.is_server_error() || status.as_u16() == 429 {
        let after = response.headers().get(RETRY_AFTER);
        let after = after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let message = format!("the host answered {status}; trying again later may help");
        let error = ToolError::retryable("http_failed", message);
        return Err(ToolError {
            retry_after_seconds: after,
            ..error
        });
    }
    let header = |name| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let content_type = header(CONTENT_TYPE).unwrap_or_default().to_owned();
    let encoding = header(CONTENT_ENCODING).unwrap_or("identity").to_owned();
    if !encoding.eq_ignore_ascii_case("identity") {
        return Err(ToolError::terminal(
            "http_not_text",
            format!("the host sent `{encoding}`, which was not asked for"),
        ));
    }
    if !is_text(&content_type) {
        return Err(ToolError::terminal(
            "http_not_text",
            format!("the content is {content_type}; only text can be read"),
        ));
    }
    let body = String::from_utf8_lossy(&body(&mut response).await?).into_owned();
    let shown = shortened(&body);
    Ok(json!({
        "status": status.as_u16(),
        "content_type": content_type,
        "body": shown,
        "truncated": shown.len() < body.len(),
    }))
}

async fn body(response: &mut Response) -> Result<Vec<u8>, ToolError> {
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await.map_err(|error| {
            let message = format!("the connection broke: {}", error.without_url());
            ToolError::retryable("http_failed", message)
        })?;
        let Some(chunk) = chunk else { return Ok(body) };
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            let message =
                format!("the body is larger than {MAX_BODY_BYTES} bytes; ask for less of it");
            return Err(ToolError::terminal("http_too_large", message));
        }
        body.extend_from_slice(&chunk);
    }
}

fn is_text(content_type: &str) -> bool {
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

/// As much of the start as fits, counted as JSON text, where a control character takes six bytes.
fn shortened(body: &str) -> &str {
    let mut room = MAX_SHOWN_BYTES;
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
