//! The `http_get` tool: reads a public page or API with GET.
//!
//! `http.rs` decides which URLs are allowed; redirects are followed one by one, each under the same rules. Only text is
//! returned.

pub(crate) mod read;

use std::sync::Arc;

use domain::Tool;
use reqwest::header::LOCATION;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use url::Url;

use crate::ToolError;
use crate::http::{self, Http, TIMEOUT};

pub(crate) const NAME: &str = "http_get";

/// Redirects that are followed.
pub(crate) const MAX_REDIRECTS: usize = 3;

pub(crate) fn describe() -> Tool {
    Tool {
        name: NAME.into(),
        description: "Reads a public https address with GET and gives status, content type and text. Private addresses are refused.".into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "url": {"type": "string", "description": "An https URL of a public host.", "maxLength": 2_000}
            },
            "required": ["url"],
            "additionalProperties": false
        }),
        result: crate::result_fields(&[
            ("body", "the text of the page"),
            ("content_type", "its media type"),
            ("status", "HTTP status"),
            ("truncated", "true if the text was cut"),
        ]),
        version: 1,
        idempotent: true,
        writes: false,
        timeout_seconds: 11,
        returns_untrusted: true,
        max_calls_per_step: 50,
        ..Tool::default()
    }
}

/// The tool with the parts that all calls share.
pub(crate) struct HttpGet {
    http: Arc<Http>,
}

impl HttpGet {
    pub(crate) fn new(http: Arc<Http>) -> Self {
        Self { http }
    }

    /// Reads a URL: `{"status", "content_type", "body", "truncated"}`.
    pub(crate) async fn call(&self, arguments: &Value) -> Result<Value, ToolError> {
        let text = arguments
            .get("url")
            .and_then(Value::as_str)
            .unwrap_or_default();
        tokio::time::timeout(TIMEOUT, self.follow(text))
            .await
            .unwrap_or_else(|_| Err(http::timed_out()))
    }

    async fn follow(&self, text: &str) -> Result<Value, ToolError> {
        let mut url = http::read_url(text)?;
        for _ in 0..=MAX_REDIRECTS {
            let response = self.get(&url).await?;
            let Some(next) = redirect(&url, &response)? else {
                return read::result(response).await;
            };
            url = next;
        }
        let message =
            format!("it redirects more than {MAX_REDIRECTS} times; ask for the last address");
        Err(ToolError::terminal("too_many_redirects", message))
    }

    async fn get(&self, url: &Url) -> Result<Response, ToolError> {
        let is_exempt = self.http.policy.allows(url)?;
        self.http
            .client(is_exempt)
            .get(url.clone())
            .send()
            .await
            .map_err(|error| http::refusal_or_failure(&error))
    }
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

#[cfg(test)]
mod tests;
