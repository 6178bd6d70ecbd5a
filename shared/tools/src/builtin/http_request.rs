//! The `http` tool: calls an API of a host that the workspace lists, with any of five methods.
//!
//! `egress` and the workspace's list decide which URLs are allowed, at every hop of a GET; other methods follow no
//! redirects. A call that writes carries an idempotency key, but few hosts honour one: a POST or PATCH that was sent
//! and not answered clearly has an unknown outcome, and is not repeated automatically.

use std::sync::Arc;
use std::time::Duration;

use domain::{Approval, Tool};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use url::Url;

use crate::egress::response::{self, MAX_REDIRECTS};
use crate::egress::{self, HttpClient};
use crate::result::result_fields;
use crate::{CallContext, ToolError};

pub(crate) const NAME: &str = "http";

/// From the first look-up to the last byte.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The most bytes of a request body.
const MAX_SENT_BYTES: usize = 64 * 1024;

/// Headers that a call may set. None that identifies the caller or its origin, or that instructs a proxy.
const HEADERS: &[&str] = &[
    "accept",
    "accept-language",
    "content-type",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
    "prefer",
    "range",
];

pub(crate) fn describe() -> Tool {
    Tool {
        name: NAME.into(),
        description: "Calls an API of a host that the workspace lists (GET, POST, PUT, PATCH, DELETE) and gives status, content type and text. To read public pages use http_get.".into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "method": {"type": "string", "enum": ["GET", "POST", "PUT", "PATCH", "DELETE"]},
                "url": {"type": "string", "description": "An https URL of a listed host.", "maxLength": 2_000},
                "headers": {
                    "type": "object",
                    "description": "Headers such as accept or if-match.",
                    "propertyNames": {"enum": HEADERS},
                    "additionalProperties": {"type": "string", "maxLength": 1_000}
                },
                "body": {"type": ["object", "array", "string"], "description": "What is sent: JSON, or a text as it is."}
            },
            "required": ["method", "url"],
            "additionalProperties": false
        }),
        result: result_fields(&[
            ("arguments", "what was sent, as a person may have edited it"),
            ("body", "the answer as text"),
            ("content_type", "its media type"),
            ("status", "HTTP status"),
            ("truncated", "true if the text was cut"),
            ("was_edited", "true if a person edited it"),
        ]),
        idempotent: false,
        writes: true,
        timeout_seconds: 21,
        approval: Approval::WhenTainted,
        returns_untrusted: true,
        max_calls_per_step: 20,
        ..Tool::default()
    }
}

pub(crate) struct HttpRequest {
    http: Arc<HttpClient>,
}

/// A request, the same for every hop.
struct Sent {
    method: Method,
    headers: HeaderMap,
    body: Option<String>,
}

impl HttpRequest {
    pub(crate) fn new(http: Arc<HttpClient>) -> Self {
        Self { http }
    }

    /// Calls an API: `{"status", "content_type", "body", "truncated"}`.
    pub(crate) async fn call(
        &self,
        arguments: &Value,
        context: &CallContext,
    ) -> Result<Value, ToolError> {
        let text = |name: &str| arguments.get(name).and_then(Value::as_str);
        let mut url = egress::read_url(text("url").unwrap_or_default())?;
        let sent = Sent::of(arguments, &context.idempotency_key)?;
        let hops = if sent.method == Method::GET {
            MAX_REDIRECTS
        } else {
            0
        };
        for _ in 0..=hops {
            let response = self.send(&url, &sent, context).await?;
            let Some(next) = response::redirect(&url, &response)? else {
                return sent.result(response).await;
            };
            if hops == 0 {
                let message = format!(
                    "the host answered {}; a {} follows no redirect, name the last address",
                    response.status(),
                    sent.method
                );
                return Err(ToolError::terminal("http_redirected", message));
            }
            url = next;
        }
        let message =
            format!("it redirects more than {MAX_REDIRECTS} times; ask for the last address");
        Err(ToolError::terminal("too_many_redirects", message))
    }

    async fn send(
        &self,
        url: &Url,
        sent: &Sent,
        context: &CallContext,
    ) -> Result<Response, ToolError> {
        let hosts = &context.egress_policy.http_hosts;
        let is_exempt =
            self.http
                .policy
                .allows_listed(url, hosts, "http_hosts", &context.workspace_id)?;
        let request = self
            .http
            .client(is_exempt)
            .request(sent.method.clone(), url.clone())
            .timeout(TIMEOUT)
            .headers(sent.headers.clone())
            .body(sent.body.clone().unwrap_or_default());
        request.send().await.map_err(|error| {
            let failure = egress::refusal_or_failure(&error);
            if error.is_connect() || failure.code == "address_refused" {
                return failure;
            }
            sent.unless_unknown(failure)
        })
    }
}

impl Sent {
    fn of(arguments: &Value, idempotency_key: &str) -> Result<Self, ToolError> {
        let bad = |message: &str| ToolError::terminal("invalid_arguments", message.to_owned());
        let method = match arguments.get("method").and_then(Value::as_str) {
            Some("GET") => Method::GET,
            Some("POST") => Method::POST,
            Some("PUT") => Method::PUT,
            Some("PATCH") => Method::PATCH,
            Some("DELETE") => Method::DELETE,
            _ => return Err(bad("the method is GET, POST, PUT, PATCH or DELETE")),
        };
        let (body, content_type) = match arguments.get("body") {
            None => (None, None),
            Some(_) if method == Method::GET => return Err(bad("a GET has no body; use the URL")),
            Some(Value::String(text)) => (Some(text.clone()), Some("text/plain; charset=utf-8")),
            Some(json) => (Some(json.to_string()), Some("application/json")),
        };
        if body
            .as_ref()
            .is_some_and(|body| body.len() > MAX_SENT_BYTES)
        {
            let message = format!("the body has more than {MAX_SENT_BYTES} bytes; send less");
            return Err(bad(&message));
        }
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        let given = arguments.get("headers").and_then(Value::as_object);
        for (name, value) in given.into_iter().flatten() {
            let value = HeaderValue::from_str(value.as_str().unwrap_or_default());
            let name = HEADERS.iter().find(|known| *known == name);
            let (Some(name), Ok(value)) = (name, value) else {
                return Err(bad(
                    "a header has a name that may not be set, or a value that cannot stand in one",
                ));
            };
            headers.insert(HeaderName::from_static(name), value);
        }
        if method != Method::GET {
            let key = HeaderValue::from_str(idempotency_key).ok();
            let key = key.filter(|key| !key.is_empty()).ok_or_else(|| {
                ToolError::terminal("http_without_key", "the call has no usable idempotency key")
            })?;
            headers.insert(HeaderName::from_static("idempotency-key"), key);
        }
        Ok(Self {
            method,
            headers,
            body,
        })
    }

    /// Returns true if sending it twice may act twice.
    fn acts_each_time(&self) -> bool {
        matches!(self.method, Method::POST | Method::PATCH)
    }

    /// Marks a failure after which the host may have acted as one that is not repeated.
    fn unless_unknown(&self, failure: ToolError) -> ToolError {
        if !self.acts_each_time() || !failure.retryable {
            return failure;
        }
        let message = format!(
            "{}; the host may have acted all the same, so this is not sent again by itself: look there first",
            failure.message
        );
        ToolError::terminal(crate::OUTCOME_UNKNOWN, message)
    }

    async fn result(&self, response: Response) -> Result<Value, ToolError> {
        // Too many requests: the host states that it did not act. 408 does not state it: gateways also send it for a
        // request that reached the host.
        let was_put_off = response.status().as_u16() == 429;
        response::result(response).await.map_err(|failure| {
            if was_put_off {
                failure
            } else {
                self.unless_unknown(failure)
            }
        })
    }
}

#[cfg(test)]
mod tests;
