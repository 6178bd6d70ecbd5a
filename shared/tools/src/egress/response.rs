//! Reads what a host answered: a result (text only, within the caps), the target of a redirect, a requested pause.

use reqwest::header::{CONTENT_ENCODING, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::body;
use crate::ToolError;

/// Redirects that are followed.
pub(crate) const MAX_REDIRECTS: usize = 3;

/// Bytes that are read of a body. Compressed bodies are neither requested nor read.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Bytes of the body in the result, as JSON text; the rest is cut off and `truncated` set.
const MAX_SHOWN_BYTES: usize = 200 * 1024;

/// Returns true for a refusal of a call that may succeed later: 408, 429 and 5xx. The one rule of all tools; a call that
/// acts each time it is sent is repeated only after 429, which alone states that the host did not act.
pub(crate) fn is_temporary(status: StatusCode) -> bool {
    let waits = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    status.is_server_error() || waits.contains(&status)
}

/// Returns `{"status", "content_type", "body", "truncated"}`; also for a lasting refusal (4xx), whose body may explain it.
pub(crate) async fn result(mut response: Response) -> Result<Value, ToolError> {
    let status = response.status();
    if is_temporary(status) {
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

/// Returns the target of a response that is a redirect.
pub(crate) fn redirect(url: &Url, response: &Response) -> Result<Option<Url>, ToolError> {
    let redirects = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let Some(location) = response.headers().get(LOCATION).filter(|_| redirects) else {
        return Ok(None);
    };
    let next = location
        .to_str()
        .ok()
        .and_then(|location| url.join(location).ok());
    let next = next.ok_or_else(|| {
        ToolError::terminal("invalid_url", "it redirects to something that is no URL")
    })?;
    Ok(Some(next))
}

/// Returns the seconds that the host requests as a pause. A date is not read: the database's own delay holds then.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
}
