//! The `http_get` tool: reads a public page or API with GET.
//!
//! `egress` decides which URLs are allowed; redirects are followed one by one, each under the same rules. Only text is
//! returned.

use std::sync::Arc;

use domain::Tool;
use reqwest::Response;
use serde_json::{Value, json};
use url::Url;

use crate::ToolError;
use crate::egress::response::{self, MAX_REDIRECTS};
use crate::egress::{self, HttpClient, TIMEOUT};
use crate::result::result_fields;

pub(crate) const NAME: &str = "http_get";

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
        result: result_fields(&[
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
    http: Arc<HttpClient>,
}

impl HttpGet {
    pub(crate) fn new(http: Arc<HttpClient>) -> Self {
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
            .unwrap_or_else(|_| Err(egress::timed_out()))
    }

    async fn follow(&self, text: &str) -> Result<Value, ToolError> {
        let mut url = egress::read_url(text)?;
        for _ in 0..=MAX_REDIRECTS {
            let response = self.get(&url).await?;
            let Some(next) = response::redirect(&url, &response)? else {
                return response::result(response).await;
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
            .map_err(|error| egress::refusal_or_failure(&error))
    }
}

#[cfg(test)]
mod tests;
