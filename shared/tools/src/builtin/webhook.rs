//! The `webhook` tool: sends JSON to another system by POST.
//!
//! A call has an effect outside, so the caller controls neither its destination nor its identity. It goes only to hosts
//! that the workspace's row lists, under the rules of `egress`, without any redirect. The header `idempotency-key` is
//! the same for every attempt of one call, so that a receiver that honours it acts once, however often the call
//! arrives. A workspace with a secret in Vault signs its messages (Standard Webhooks); one that requires signatures and
//! has no secret sends nothing.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use domain::{Approval, Tool};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use standardwebhooks::Webhook as Signer;
use url::Url;

use crate::egress::{self, HttpClient, TIMEOUT, body, response};
use crate::result::result_fields;
use crate::{CallContext, Sender, ToolError};

/// Identifies one call to a receiver, over all of its attempts.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The most bytes of a request body, as JSON text.
const MAX_SENT_BYTES: usize = 64 * 1024;

/// Bytes that are read of an answer; the rest is left.
const MAX_READ_BYTES: usize = 64 * 1024;

/// Bytes of the answer in the result, as JSON text.
const MAX_SHOWN_BYTES: usize = 16 * 1024;

pub(crate) fn describe() -> Tool {
    Tool {
        name: "webhook".into(),
        description: "Posts JSON to a host that the workspace lists and gives status and answer. Every try of one call carries the same idempotency key.".into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "url": {"type": "string", "description": "An https URL of a listed host.", "maxLength": 2_000},
                "body": {"type": "object", "description": "What is sent, as JSON."}
            },
            "required": ["url", "body"],
            "additionalProperties": false
        }),
        result: result_fields(&[
            ("arguments", "what was sent, as a person may have edited it"),
            ("body", "the answer as text, or null"),
            ("status", "HTTP status"),
            ("truncated", "true if the answer was cut"),
            ("was_edited", "true if a person edited it"),
        ]),
        version: 1,
        idempotent: true,
        writes: true,
        timeout_seconds: 11,
        approval: Approval::WhenTainted,
        // Only hosts that the workspace lists, and so trusts.
        returns_untrusted: false,
        max_calls_per_step: 20,
        ..Tool::default()
    }
}

pub(crate) struct Webhook {
    http: Arc<HttpClient>,
}

impl Webhook {
    pub(crate) fn new(http: Arc<HttpClient>) -> Self {
        Self { http }
    }

    /// Posts JSON: `{"status", "body", "truncated"}`; `body` is null when the answer is no text.
    pub(crate) async fn call(
        &self,
        arguments: &Value,
        context: &CallContext,
    ) -> Result<Value, ToolError> {
        tokio::time::timeout(TIMEOUT, self.post(arguments, context))
            .await
            .unwrap_or_else(|_| Err(egress::timed_out()))
    }

    async fn post(&self, arguments: &Value, context: &CallContext) -> Result<Value, ToolError> {
        let text = arguments.get("url").and_then(Value::as_str);
        let empty = json!({});
        let body = arguments.get("body").unwrap_or(&empty);
        let sender = Sender {
            workspace_id: &context.workspace_id,
            listed: &context.webhook_hosts,
            idempotency_key: &context.idempotency_key,
        };
        // Before the secret is read: a refused destination costs no call.
        let destination = self.destination(text.unwrap_or_default(), &sender)?;
        let secret = if context.egress_policy.webhooks_signed {
            Some(workspace_secret(context).await?)
        } else {
            None
        };
        self.post_to(destination, body, &sender, secret.as_ref())
            .await
    }

    /// Posts JSON to a host that the workspace lists, signed with this secret if there is one.
    pub(crate) async fn send(
        &self,
        url: &str,
        body: &Value,
        sender: &Sender<'_>,
        secret: Option<&SecretString>,
    ) -> Result<Value, ToolError> {
        let destination = self.destination(url, sender)?;
        let posted = self.post_to(destination, body, sender, secret);
        tokio::time::timeout(TIMEOUT, posted)
            .await
            .unwrap_or_else(|_| Err(egress::timed_out()))
    }

    /// Returns a URL that the sender may post to, and whether its host is one of the private ones.
    fn destination(&self, url: &str, sender: &Sender<'_>) -> Result<(Url, bool), ToolError> {
        let url = egress::read_url(url)?;
        let is_exempt = self
            .http
            .policy
            .allows_listed(&url, sender.listed, "webhook_hosts", sender.workspace_id)
            .map_err(as_refused_host)?;
        Ok((url, is_exempt))
    }

    async fn post_to(
        &self,
        (url, is_exempt): (Url, bool),
        body: &Value,
        sender: &Sender<'_>,
        secret: Option<&SecretString>,
    ) -> Result<Value, ToolError> {
        let body = body.to_string();
        if body.len() > MAX_SENT_BYTES {
            let message = format!(
                "the body has {} bytes, more than {MAX_SENT_BYTES}; send less",
                body.len()
            );
            return Err(ToolError::terminal("invalid_arguments", message));
        }
        let signature = match secret {
            Some(secret) => signature(&body, sender.idempotency_key, secret)?,
            None => HeaderMap::new(),
        };
        let response = self
            .http
            .client(is_exempt)
            .post(url)
            .headers(headers(sender.idempotency_key)?)
            .headers(signature)
            .body(body)
            .send()
            .await
            .map_err(|error| as_refused_host(egress::refusal_or_failure(&error)))?;
        result(response).await
    }
}

/// Returns the secret in Vault that signs the workspace's webhooks.
async fn workspace_secret(context: &CallContext) -> Result<SecretString, ToolError> {
    let database = context.database.as_ref().ok_or_else(|| {
        ToolError::terminal(
            "webhook_unsigned",
            "this step has no way to the secret that webhooks are signed with",
        )
    })?;
    database.webhook_secret().await?.ok_or_else(|| {
        let message = "this workspace demands signed webhooks and has no secret for it; an operator puts one into Vault as \
                       goalpost_webhook_<workspace id>: whsec_ and 24 to 64 bytes in base64";
        ToolError::terminal("webhook_unsigned", message)
    })
}

/// Builds the headers of a Standard Webhooks signature: the message's id is the key of the call, the same for every
/// attempt.
fn signature(body: &str, key: &str, secret: &SecretString) -> Result<HeaderMap, ToolError> {
    let unusable = || {
        let message = "the secret in Vault that webhooks are signed with is not whsec_ and base64; replace it";
        ToolError::terminal("webhook_unsigned", message)
    };
    let signer = Signer::new(secret.expose_secret()).map_err(|_| unusable())?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = now.map_or(0, |now| now.as_secs().cast_signed());
    let signature = signer.sign(key, seconds, body.as_bytes());
    let headers = [
        ("webhook-id", key.to_owned()),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", signature.map_err(|_| unusable())?),
    ];
    headers
        .into_iter()
        .map(|(name, value)| {
            let value = HeaderValue::from_str(&value).map_err(|_| unusable())?;
            Ok((HeaderName::from_static(name), value))
        })
        .collect()
}

/// Converts any refusal of a destination to the error `host_not_allowed`.
fn as_refused_host(error: ToolError) -> ToolError {
    match error.code.as_ref() {
        "address_refused" => ToolError::terminal("webhook_refused_host", error.message),
        _ => error,
    }
}

fn headers(idempotency_key: &str) -> Result<HeaderMap, ToolError> {
    let key = HeaderValue::from_str(idempotency_key).ok();
    // Without its key the call could act twice.
    let key = key
        .filter(|key| !key.is_empty())
        .ok_or_else(|| ToolError::terminal("webhook_without_key", "the call has no usable key"))?;
    Ok(HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (IDEMPOTENCY_KEY, key),
    ]))
}

async fn result(mut response: Response) -> Result<Value, ToolError> {
    let status = response.status();
    if !status.is_success() {
        return Err(refusal(status, response::retry_after(response.headers())));
    }
    let is_text = body::is_text(&body::content_type(&response));
    let read = body::read(&mut response, MAX_READ_BYTES).await?;
    let text = read.text();
    let shown = body::shortened(&text, MAX_SHOWN_BYTES);
    Ok(json!({
        "status": status.as_u16(),
        "body": is_text.then_some(shown),
        "truncated": read.is_cut || shown.len() < text.len(),
    }))
}

/// Returns the error of a status other than success, with whether to repeat the call.
fn refusal(status: StatusCode, retry_after_seconds: Option<u64>) -> ToolError {
    if response::is_temporary(status) {
        let message = format!("the host answered {status}; trying again later may help");
        return ToolError {
            retry_after_seconds,
            ..ToolError::retryable("webhook_failed", message)
        };
    }
    if status.is_redirection() {
        let message = format!(
            "the host answered {status}; redirects are not followed, name the last address"
        );
        return ToolError::terminal("webhook_redirected", message);
    }
    ToolError::terminal(
        "webhook_rejected",
        format!("the host answered {status}; it will not take this call"),
    )
}

#[cfg(test)]
mod tests;
