//! Converts a response to a result: text only, within the caps.

use reqwest::Response;
use reqwest::header::CONTENT_ENCODING;
use serde_json::{Value, json};

use crate::ToolError;
use crate::http::{body, retry_after};

/// Bytes that are read of a body. Compressed bodies are neither requested nor read.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Bytes of the body in the result, as JSON text; the rest is cut off and `truncated` set.
const MAX_SHOWN_BYTES: usize = 200 * 1024;

/// Returns `{"status", "content_type", "body", "truncated"}`; also for 4xx, whose body may explain the refusal.
pub(crate) async fn result(mut response: Response) -> Result<Value, ToolError> {
    let status = response.status();
    if status.is_server_error() || status.as_u16() == 429 {
        let message = format!("the host answered {status}; trying again later may help");
        let error = ToolError::retryable("http_failed", message);
        return Err(ToolError {
            retry_after_seconds: retry_after(response.headers()),
            ..error
        });
    }
    let header = |name| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let content_type = body::content_type(&response);
    let encoding = header(CONTENT_ENCODING).unwrap_or("identity").to_owned();
    if !encoding.eq_ignore_ascii_case("identity") {
        return Err(ToolError::terminal(
            "http_not_text",
            format!("the host sent `{encoding}`, which was not requested"),
        ));
    }
    if !body::is_text(&content_type) {
        return Err(ToolError::terminal(
            "http_not_text",
            format!("the content is {content_type}; only text can be read"),
        ));
    }
    let read = body::read(&mut response, MAX_BODY_BYTES).await?;
    if read.is_cut {
        let message = format!("the body is larger than {MAX_BODY_BYTES} bytes; ask for less of it");
        return Err(ToolError::terminal("http_too_large", message));
    }
    let text = read.text();
    let shown = body::shortened(&text, MAX_SHOWN_BYTES);
    Ok(json!({
        "status": status.as_u16(),
        "content_type": content_type,
        "body": shown,
        "truncated": shown.len() < text.len(),
    }))
}
